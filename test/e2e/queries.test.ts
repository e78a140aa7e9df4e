import t, { type Test } from 'tap'
import { CLIENT, KEY, REGION, type Rig, type RigOptions, startRig } from '../support/rig.ts'
import { S3Client } from '../support/s3-client.ts'
import { send } from '../support/signed-request.ts'
import type { Field } from '../support/signer.ts'

/*
 * Queries as clients send them and S3 takes them. What passes selects nothing that was not judged:
 * the query that goes upstream is the normal form of what was read.
 */

async function rigOf(t: Test, options: RigOptions = {}): Promise<Rig> {
  const rig = await startRig(options)
  t.teardown(() => rig.close())
  return rig
}

function clientOf(t: Test, rig: Rig): S3Client {
  const client = new S3Client({ host: '127.0.0.1', port: rig.port }, CLIENT, REGION)
  t.teardown(() => client.close())
  return client
}

/** The query as it reached S3. */
const lastQuery = (rig: Rig): string => rig.received.at(-1)?.rawTarget.split('?')[1] ?? ''

t.test('a presigned URL whose SignedHeaders have a raw ; (AWS SDK for .NET)', async (t) => {
  const rig = await rigOf(t)
  const client = clientOf(t, rig)
  const fields: readonly Field[] = [
    ['content-type', 'text/plain'],
    ['x-amz-meta-a', 'b'],
    ['x-amz-server-side-encryption', 'AES256'],
  ]
  const put = client.presign({ method: 'PUT', target: '/bucket/k', fields }).replaceAll('%3B', ';')
  t.match(put, 'SignedHeaders=content-type;host;x-amz-meta-a;x-amz-server-side-encryption&')
  const stored = await client.sendBare('PUT', put, fields, 'content')
  t.equal(stored.status, 200, String(stored.body))
  t.match(rig.sandbox.inspect('bucket', 'k'), { encryption: 'aws:kms', keyId: KEY })

  const meta: readonly Field[] = [['x-amz-meta-a', 'b']]
  const get = client.presign({
    method: 'GET',
    target: '/bucket/k?response-content-disposition=attachment%3Bfilename%3Dx',
    fields: meta,
  })
  const read = await client.sendBare('GET', get.replaceAll('%3B', ';'), meta)
  t.equal(read.status, 200, String(read.body))
  t.equal(read.headers.get('content-disposition'), 'attachment;filename=x')
  t.equal(lastQuery(rig), 'response-content-disposition=attachment%3Bfilename%3Dx')
})

t.test('a raw ; in a list and in a preflight', async (t) => {
  const rig = await rigOf(t)
  for (const key of ['a%3Bb', 'a%3Bc', 'b']) {
    await send(rig.port, { method: 'PUT', path: `/bucket/${key}`, body: 'x' })
  }
  const listed = await send(rig.port, { path: '/bucket?list-type=2&prefix=a;b&start-after=a;a' })
  t.equal(listed.status, 200, listed.text)
  t.match(listed.text, '<Key>a;b</Key>')
  t.notMatch(listed.text, '<Key>a;c</Key>')
  t.equal(lastQuery(rig), 'list-type=2&prefix=a%3Bb&start-after=a%3Ba')

  const preflight = await clientOf(t, rig).sendBare('OPTIONS', '/bucket/k?x=host;x-amz-meta-a', [
    ['origin', 'https://app.example'],
    ['access-control-request-method', 'PUT'],
  ])
  t.equal(preflight.headers.get('x-sealgate-reason'), undefined, String(preflight.body))
  t.equal(lastQuery(rig), '')
})

t.test('all that RFC 3986 allows raw in a query is data', async (t) => {
  const rig = await rigOf(t)
  const path = "/bucket?list-type=2&prefix=-._~!$'()*,;=:@/?"
  const listed = await send(rig.port, { path })
  t.equal(listed.status, 200, listed.text)
  t.match(listed.text, "<Prefix>-._~!$'()*,;=:@/?</Prefix>")
})

t.test('a raw ; parts no sub-resource off', async (t) => {
  const rig = await rigOf(t)
  for (const query of [
    'x=1;uploads',
    ';encryption',
    'uploads;',
    'versionId=1;acl',
    'x-id=a;tagging',
  ]) {
    for (const method of ['PUT', 'POST', 'DELETE', 'GET']) {
      rig.received.length = 0
      await send(rig.port, {
        method,
        path: `/bucket/k?${query}`,
        body: method === 'GET' ? '' : 'x',
      })
      for (const { rawTarget } of rig.received) t.notMatch(rawTarget, ';', `${method} ${query}`)
    }
  }
})

t.test('parameters that select nothing are verified and left out', async (t) => {
  const rig = await rigOf(t)
  await send(rig.port, { method: 'PUT', path: '/bucket/k', body: 'content' })
  const rows: readonly (readonly [string, string, string])[] = [
    ['GET', '/bucket/k?x-user=johndoe', ''],
    ['GET', '/bucket/k?X-User=johndoe&x-id=GetObject', 'x-id=GetObject'],
    ['HEAD', '/bucket/k?customer_id=5&v=3&utm_source=', ''],
    ['GET', '/bucket/k?Version=2006-03-01', ''],
    ['GET', '/bucket?Version=2006-03-01&prefix=k', 'prefix=k'],
    ['GET', '/bucket?list-type=2&metadata=true&allow-unordered=true', 'list-type=2'],
    ['GET', '/bucket?list-type=2&marker=a', 'list-type=2'],
    ['PUT', '/bucket/k?x-user=johndoe', ''],
    ['POST', '/bucket/k2?uploads&x-user=johndoe', 'uploads='],
    ['DELETE', '/bucket/k3?x-user=johndoe', ''],
  ]
  for (const [method, path, query] of rows) {
    const body = method === 'PUT' ? { body: 'content' } : {}
    const answer = await send(rig.port, { method, path, ...body })
    t.match(answer.status, /^20[04]$/, `${path} ${answer.text}`)
    t.equal(lastQuery(rig), query, path)
  }
  for (const [i, { ignoredParameters }] of (await rig.audit()).slice(1).entries()) {
    t.type(ignoredParameters, Array, rows[i]?.[1] ?? '')
  }
  t.match((await rig.audit())[1], { ignoredParameters: ['x-user'] })

  // Left out is not unsigned: the signature covers what was sent.
  const client = clientOf(t, rig)
  const wire = client.prepare({ method: 'GET', target: '/bucket/k?x-user=johndoe' })
  const changed = await client.sendWire({ ...wire, target: '/bucket/k?x-user=someone' })
  t.equal(changed.headers.get('x-sealgate-reason'), 'signature-mismatch')
})

t.test(
  'what signers hoist into a presigned PUT without an effect is verified and not sent on (aws-sdk 2, Bun)',
  async (t) => {
    const rig = await rigOf(t)
    const client = clientOf(t, rig)
    const queries = [
      'Content-Type=text%2Fplain&Cache-Control=no-cache&Content-MD5=mgNkuembtIDdJeHwKEyFVQ%3D%3D',
      'Content-Disposition=a&Content-Encoding=gzip&Content-Language=de&Expires=0',
      'response-content-type=text%2Fplain&response-content-disposition=inline',
    ]
    for (const query of queries) {
      const target = client.presign({ method: 'PUT', target: `/bucket/k?${query}` })
      const put = await client.sendBare('PUT', target, [], 'content')
      t.equal(put.status, 200, String(put.body))
      t.equal(lastQuery(rig), '')
      t.match(rig.sandbox.inspect('bucket', 'k'), { encryption: 'aws:kms', keyId: KEY })
      const tampered = target.replace(/Content-Type=text|response-content-type=text/, '$&x')
      if (tampered === target) continue
      const refused = await client.sendBare('PUT', tampered, [], 'content')
      t.equal(refused.headers.get('x-sealgate-reason'), 'signature-mismatch')
    }
  },
)

t.test('what is left out selects nothing upstream, however it is written', async (t) => {
  const rig = await rigOf(t)
  const client = clientOf(t, rig)
  await send(rig.port, { method: 'PUT', path: '/bucket/k', body: 'content' })
  rig.received.length = 0
  const refused: readonly (readonly [string, string, string])[] = [
    ['PUT', 'newthing', '400 unknown-parameter'],
    ['PUT', 'newthing=1', '400 unknown-parameter'],
    ['GET', 'newthing', '400 unknown-parameter'],
    ['GET', 'newthing=', '400 unknown-parameter'],
    ['GET', '%6eewthing', '400 unknown-parameter'],
    ['DELETE', 'Version=1', '400 unknown-parameter'],
    ['PUT', 'Uploads', '400 unknown-parameter'],
    ['GET', 'ACL=1', '400 unknown-parameter'],
    ['PUT', 'x-user=1&newthing', '400 unknown-parameter'],
    ['GET', 'x-user=1&x-amz-acl=private', '400 unsigned-query-parameter'],
    ['GET', 'x-user=1&X-Amz-Acl=private', '400 unsigned-query-parameter'],
    ['PUT', 'x-user=1&%65ncryption', '403 operation-closed'],
    ['GET', 'x-user=1&versionId=1&versionId=2', '400 duplicate-parameter'],
    ['GET', 'x-user=1&AWSAccessKeyId=a&Signature=b', '400 two-authentication-mechanisms'],
  ]
  for (const [method, query, expected] of refused) {
    const body = method === 'PUT' ? { body: 'x' } : {}
    const answer = await send(rig.port, { method, path: `/bucket/k?${query}`, ...body })
    t.equal(`${answer.status} ${answer.headers['x-sealgate-reason']}`, expected, query)
  }
  t.equal(rig.received.length, 0)

  // Encoded, in other case or repeated, the names of what is left out never reach S3.
  for (const query of [
    '%78-user=a',
    'x%2Duser=a&X-USER=b&x-user',
    'utm_a=1&UTM_A=2',
    'x-;acl',
    'x-%26acl',
  ]) {
    const read = await client.send({ method: 'GET', target: `/bucket/k?${query}` })
    t.equal(read.status, 200, query)
    t.equal(lastQuery(rig), '', query)
  }
})

t.test('the audit names what was left out, within bounds', async (t) => {
  const rig = await rigOf(t)
  const long = `x-${'n'.repeat(200)}`
  const query = [long, ...Array.from({ length: 40 }, (_, i) => `x-${i}=secret`)].join('&')
  await send(rig.port, { path: `/bucket?${query}` })
  const [line = {}] = await rig.audit()
  const { ignoredParameters: names } = line
  t.ok(Array.isArray(names) && names.length === 16 && names[0] === long.slice(0, 64))
  t.notMatch(JSON.stringify(line), 'secret')
})

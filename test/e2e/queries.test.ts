import t, { type Test } from 'tap'
import { S3Client } from '../contract/s3-client.ts'
import type { Field } from '../contract/signer.ts'
import { CLIENT, KEY, REGION, type Rig, type RigOptions, startRig } from './harness.ts'
import { send } from './signed-request.ts'

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

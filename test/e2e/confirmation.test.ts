import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { postForm } from '../support/form-request.ts'
import { KEY, OTHER_KEY, startRig } from '../support/rig.ts'
import { send } from '../support/signed-request.ts'

const PUT = { method: 'PUT', path: '/bucket/key', body: 'x' } as const

t.test('a copy that S3 answers 200 to and does not encrypt is a failure', async (t) => {
  const rig = await startRig({ sandbox: { quirks: { silentCopy: true } } })
  t.teardown(() => rig.close())
  await send(rig.port, PUT)
  const copy = await send(rig.port, {
    method: 'PUT',
    path: '/bucket/copy',
    headers: { 'x-amz-copy-source': '/bucket/key' },
  })
  t.equal(copy.status, 501)
  t.match(copy.text, '<Code>EncryptionNotConfirmed</Code>')
  t.equal(copy.headers['x-sealgate-reason'], 'encryption-not-confirmed')
  const lookUps = rig.received.filter(({ method }) => method === 'HEAD')
  t.equal(lookUps.length, 1, 'it was looked up once')
  const [, line] = await rig.audit()
  t.match(line, { operation: 'CopyObject', status: 501, reason: 'encryption-not-confirmed' })
  const metrics = await rig.metrics.registry.metrics()
  t.match(
    metrics,
    /sealgate_confirmations_total\{operation="CopyObject",result="(missing|mismatched)"\} 1/,
  )
  t.match(rig.log(), 'encryption-not-confirmed')
})

t.test('a silent answer is looked up, and is a success where HEAD shows the key', async (t) => {
  const rig = await startRig({
    sandbox: { quirks: { silentPut: true, silentComplete: true, silentPost: true } },
  })
  t.teardown(() => rig.close())
  const put = await send(rig.port, PUT)
  t.equal(put.status, 200)
  t.match(
    rig.received.map(({ method }) => method),
    ['PUT', 'HEAD'],
  )
  const metrics = await rig.metrics.registry.metrics()
  t.match(metrics, 'sealgate_confirmations_total{operation="PutObject",result="confirmed"} 1')

  const created = await send(rig.port, { method: 'POST', path: '/bucket/big?uploads=' })
  const uploadId = /<UploadId>([^<]+)</.exec(created.text)?.[1] ?? ''
  const part = await send(rig.port, {
    method: 'PUT',
    path: `/bucket/big?partNumber=1&uploadId=${uploadId}`,
    body: 'part',
  })
  const completed = await send(rig.port, {
    method: 'POST',
    path: `/bucket/big?uploadId=${uploadId}`,
    body: `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part></CompleteMultipartUpload>`,
  })
  t.equal(completed.status, 200, completed.text)
  t.match(completed.text, '<CompleteMultipartUploadResult')
})

t.test(
  'another key in the answer is a failure, or a report where the policy says so',
  async (t) => {
    for (const confirmation of ['fail', 'report']) {
      const rig = await startRig({
        policy: `
  confirmation: ${confirmation}
  rules:
    - name: all
      encrypt: { algorithm: aws:kms, keyId: '${KEY}' }`,
        sandbox: { quirks: { wrongKey: OTHER_KEY } },
      })
      const put = await send(rig.port, PUT)
      t.equal(put.status, confirmation === 'fail' ? 501 : 200)
      const metrics = await rig.metrics.registry.metrics()
      t.match(metrics, 'sealgate_confirmations_total{operation="PutObject",result="mismatched"} 1')
      const [line] = await rig.audit()
      t.match(line, { confirmedEncryption: { keyId: OTHER_KEY } })
      await rig.close()
    }
  },
)

t.test('an <Error> after a 200 passes as it is', async (t) => {
  const rig = await startRig({ sandbox: { quirks: { copyErrorIn200: true } } })
  t.teardown(() => rig.close())
  await send(rig.port, PUT)
  const copy = await send(rig.port, {
    method: 'PUT',
    path: '/bucket/copy',
    headers: { 'x-amz-copy-source': '/bucket/key' },
  })
  t.equal(copy.status, 200)
  t.match(copy.text, '</Error>')
})

t.test('reads of objects that are not under the policy are counted, or refused', async (t) => {
  for (const unencrypted of ['report', 'deny']) {
    const rig = await startRig({
      policy: `
  reads: { unencrypted: ${unencrypted} }
  rules:
    - name: exempt
      match: { keys: ['exempt/*'], clients: ['legacy'] }
      exempt: an old tool
    - name: all
      encrypt: { algorithm: aws:kms, keyId: '${KEY}' }`,
      clients: `
  - name: legacy
    accessKeyId: SGLEGACY0000000001
    secretAccessKey: legacy-secret-legacy-secret
    buckets: ['*']`,
    })
    const credentials = {
      accessKeyId: 'SGLEGACY0000000001',
      secretAccessKey: 'legacy-secret-legacy-secret',
    }
    const put = await send(rig.port, {
      method: 'PUT',
      path: '/bucket/exempt/a',
      body: 'x',
      credentials,
    })
    t.equal(put.headers['x-amz-server-side-encryption'], 'AES256')
    const get = await send(rig.port, { path: '/bucket/exempt/a' })
    t.equal(get.status, unencrypted === 'deny' ? 403 : 200)
    const metrics = await rig.metrics.registry.metrics()
    t.match(metrics, 'sealgate_reads_total{encryption="sse-s3"} 1')
    t.match(metrics, 'sealgate_encryption_total{operation="PutObject",action="exempt"} 1')
    t.match(metrics, 'sealgate_object_writes_total{outcome="exempt"} 1')
    const [line] = await rig.audit()
    t.match(line, { rule: 'exempt', reason: 'an old tool' })
    await rig.close()
  }
})

t.test('mode observe changes nothing, and records what would have been', async (t) => {
  const rig = await startRig({
    policy: `
  mode: observe
  reads: { unencrypted: deny }
  rules:
    - name: all
      encrypt: { algorithm: aws:kms, keyId: '${KEY}' }`,
  })
  t.teardown(() => rig.close())
  const put = await send(rig.port, PUT)
  t.equal(put.headers['x-amz-server-side-encryption'], 'AES256')
  const [line] = await rig.audit()
  t.match(line, { decision: 'observe', rule: 'all' })
  const metrics = await rig.metrics.registry.metrics()
  t.match(metrics, 'sealgate_encryption_total{operation="PutObject",action="would-add"} 1')
  const refused = await send(rig.port, { ...PUT, unsigned: { 'x-amz-acl': 'public-read' } })
  t.equal(refused.status, 403, 'authentication holds all the same')
  t.equal((await send(rig.port, { path: PUT.path })).status, 200, 'reads are not refused')
  t.match(await rig.metrics.registry.metrics(), 'sealgate_reads_total{encryption="sse-s3"} 1')
})

t.test(
  'a success whose document is an error is none for a form, whatever is confirmed',
  async (t) => {
    const s3 = createServer((request, response) => {
      request.resume()
      request.on('end', () => {
        const sse = { 'x-amz-server-side-encryption': 'aws:kms' }
        const keyed = { ...sse, 'x-amz-server-side-encryption-aws-kms-key-id': KEY }
        response.writeHead(200, request.method === 'HEAD' ? keyed : {})
        response.end('<Error><Code>InternalError</Code></Error>')
      })
    })
    await new Promise<void>((resolve) => s3.listen(0, '127.0.0.1', resolve))
    t.teardown(() => s3.close())
    const rules = `
  rules: [{ name: all, match: { buckets: ['*'] }, encrypt: { algorithm: aws:kms, keyId: '${KEY}' } }]`
    for (const [policy, status, reason] of [
      [rules, 501, 'encryption-not-confirmed'],
      [`\n  confirmation: report${rules}`, 502, 'upstream-error-document'],
      [
        `\n  rules: [{ name: x, match: { buckets: ['bucket'] }, exempt: y }]`,
        502,
        'upstream-error-document',
      ],
    ] as const) {
      const rig = await startRig({ upstreamPort: (s3.address() as AddressInfo).port, policy })
      const answer = await postForm(rig.port, { fields: [['key', 'k']] })
      t.equal(answer.status, status)
      t.equal(answer.headers.get('x-sealgate-reason'), reason)
      await rig.close()
    }
  },
)

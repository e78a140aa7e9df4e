import { createHash } from 'node:crypto'
import t from 'tap'
import { KEY, OTHER_KEY, REGION, type Rig, startRig } from '../support/rig.ts'
import { type RequestOptions, send } from '../support/signed-request.ts'

const PUT = { method: 'PUT', path: '/bucket/key', body: 'four' } as const
const COPY = {
  method: 'PUT',
  path: '/bucket/copy',
  headers: { 'x-amz-copy-source': '/bucket/key' },
} as const
const ETAG = /^[0-9a-f]{32}$/

async function lines(rig: Rig, requests: readonly RequestOptions[]) {
  for (const request of requests) await send(rig.port, request)
  return rig.audit()
}

t.test('lines are tied to the object, its size, its upload and its source', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const create = await send(rig.port, { method: 'POST', path: '/bucket/big?uploads=' })
  const uploadId = /<UploadId>([^<]+)</.exec(create.text)?.[1] ?? ''
  const upload = `uploadId=${uploadId}`
  const part = await send(rig.port, {
    ...{ method: 'PUT', path: `/bucket/big?partNumber=1&${upload}`, body: 'a part' },
  })
  const document = `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part></CompleteMultipartUpload>`
  const found = await lines(rig, [
    { method: 'POST', path: `/bucket/big?${upload}`, body: document },
    PUT,
    COPY,
    { path: '/bucket/key', headers: { range: 'bytes=1-2' } },
    { method: 'HEAD', path: '/bucket/key' },
    { path: '/bucket/none' },
    { method: 'DELETE', path: '/bucket/key' },
  ])
  const put = found[3]
  t.match(found, [
    { operation: 'CreateMultipartUpload', uploadId },
    { operation: 'UploadPart', uploadId, partNumber: '1', etag: ETAG, objectSize: 6 },
    { operation: 'CompleteMultipartUpload', uploadId, etag: /^[0-9a-f]{32}-1$/ },
    { operation: 'PutObject', etag: ETAG, objectSize: 4 },
    { operation: 'CopyObject', etag: ETAG, copySource: { bucket: 'bucket', key: 'key' } },
    { operation: 'GetObject', status: 206, etag: put?.['etag'], objectSize: 4 },
    { operation: 'HeadObject', etag: put?.['etag'], objectSize: 4 },
    { operation: 'GetObject', status: 404, errorCode: 'NoSuchKey' },
    { operation: 'DeleteObject', status: 204 },
  ])
  t.notHas(found[7], { etag: String })
  t.notHas(found[8], { etag: String })
})

const EXEMPT = `
  rules: [{ name: logs, match: { buckets: [bucket] }, exempt: of old age }]`
const OBSERVE = `
  mode: observe
  rules: [{ name: all, encrypt: { keyId: '${KEY}' } }]`

for (const [name, policy] of [
  ['exempt', EXEMPT],
  ['observed', OBSERVE],
] as const) {
  t.test(`what S3 said of an upload that is ${name} stands in its line`, async (t) => {
    const rig = await startRig({ policy })
    t.teardown(() => rig.close())
    const headers = {
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': KEY,
      'x-amz-server-side-encryption-bucket-key-enabled': 'true',
    }
    t.match(await lines(rig, [PUT, { ...PUT, headers }]), [
      { write: name, confirmedEncryption: { algorithm: 'AES256', keyId: null, bucketKey: null } },
      { write: name, confirmedEncryption: { algorithm: 'aws:kms', keyId: KEY, bucketKey: true } },
    ])
    const metrics = await rig.metrics.registry.metrics()
    t.notMatch(metrics, /sealgate_confirmations_total\{[^}]*\} [1-9]/, 'nothing was expected of it')
  })
}

t.test('a copy and a completion that fail after a 200 were never written', async (t) => {
  const rig = await startRig({ sandbox: { quirks: { copyErrorIn200: true } } })
  t.teardown(() => rig.close())
  const create = await send(rig.port, { method: 'POST', path: '/bucket/big?uploads=' })
  const uploadId = /<UploadId>([^<]+)</.exec(create.text)?.[1] ?? ''
  const complete = `/bucket/big?uploadId=${uploadId}`
  const found = await lines(rig, [
    PUT,
    COPY,
    { method: 'POST', path: complete, body: '<CompleteMultipartUpload/>' },
  ])
  const failed = {
    ...{ status: 200, decision: 'allow', reason: 'upstream-error-in-200' },
    ...{ errorCode: 'InternalError', confirmedEncryption: null },
  }
  t.match(found[2], { operation: 'CopyObject', ...failed })
  t.match(found[3], { operation: 'CompleteMultipartUpload' })
  const metrics = await rig.metrics.registry.metrics()
  t.match(metrics, 'sealgate_upstream_errors_total{kind="error-in-200"} ')
  t.notMatch(metrics, /sealgate_confirmations_total\{operation="CopyObject"[^}]*\} [1-9]/)
  t.match(metrics, 'sealgate_object_writes_total{outcome="sealed"} 1\n')
})

t.test(
  'a line says what became of an upload, and how an object that is read is encrypted',
  async (t) => {
    const policy = `
  rules:
    - { name: old, match: { buckets: [other] }, exempt: of old age }
    - { name: all, encrypt: { keyId: '${KEY}' } }
  allowOperations: [UpdateObjectEncryption]`
    const document = `<ObjectEncryption xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><SSE-KMS><KMSKeyArn>${KEY}</KMSKeyArn></SSE-KMS></ObjectEncryption>`
    const headers = { 'content-md5': createHash('md5').update(document).digest('base64') }
    const path = '/bucket/key?encryption='
    const rekey = { method: 'PUT', path, body: document, headers } as const
    const customerKey = { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' }
    for (const [quirks, requests, words] of [
      [
        {},
        [
          PUT,
          { ...PUT, path: '/other/key' },
          { ...COPY, headers: { 'x-amz-copy-source': '/bucket/none' } },
          { ...PUT, headers: customerKey },
          rekey,
          { path: '/bucket/key' },
          { path: '/other/key' },
          { method: 'DELETE', path: '/bucket/key' },
        ],
        ['sealed', 'exempt', 'failed', 'refused', 'unconfirmed', 'policy', undefined, undefined],
      ],
      [{ wrongKey: OTHER_KEY }, [PUT, { path: '/bucket/key' }], ['mismatched', 'other-key']],
      [{ silentCopy: true }, [PUT, COPY], ['sealed', 'unconfirmed']],
      [{ copyErrorIn200: true }, [PUT, COPY], ['sealed', 'failed']],
    ] as const) {
      const rig = await startRig({ policy, sandbox: { quirks } })
      const found = await lines(rig, requests)
      t.strictSame(
        found.map(({ write, read }) => write ?? read),
        words,
        JSON.stringify(found.map(({ status, reason, errorCode }) => [status, reason, errorCode])),
      )
      await rig.close()
    }
  },
)

t.test('who was refused is told by what was presented', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const headers = { 'user-agent': `aws-cli/2 ${'x'.repeat(300)}` }
  const secretAccessKey = 'another-secret-of-length'
  const [unknown, secret, region, sigV2, anonymous, served] = await lines(rig, [
    { ...PUT, headers, credentials: { accessKeyId: 'AKIDSTRANGER', secretAccessKey } },
    { ...PUT, credentials: { accessKeyId: 'SGCLIENT0000000001', secretAccessKey } },
    { ...PUT, region: `${REGION}0` },
    {
      path: '/bucket/k',
      credentials: null,
      headers: { authorization: 'AWS AKIDOLD:c2lnbmF0dXJl' },
    },
    { path: '/bucket/k', credentials: null, headers: { 'user-agent': 'curl/8' } },
    PUT,
  ])
  t.match(unknown, { accessKeyId: 'AKIDSTRANGER', errorCode: 'InvalidAccessKeyId', client: null })
  t.equal(unknown?.['userAgent'], headers['user-agent'].slice(0, 256))
  t.match(secret, { accessKeyId: 'SGCLIENT0000000001', errorCode: 'SignatureDoesNotMatch' })
  t.match(region, { accessKeyId: 'SGCLIENT0000000001', errorCode: 'AuthorizationHeaderMalformed' })
  t.match(sigV2, { accessKeyId: 'AKIDOLD', errorCode: 'InvalidRequest' })
  t.match(anonymous, { userAgent: 'curl/8', errorCode: 'AccessDenied' })
  t.notHas(anonymous, { accessKeyId: String })
  t.notHas(served, { accessKeyId: String, userAgent: String })
})

t.test('each key that DeleteObjects names has its line, tied to the request', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const remove = (body: string, path = '/bucket?delete=') => {
    const headers = { 'content-md5': createHash('md5').update(body).digest('base64') }
    return send(rig.port, { method: 'POST', path, body, headers })
  }
  const named = (key: string) => `<Object><Key>${key}</Key></Object>`
  await send(rig.port, PUT)
  const many = Array.from({ length: 1000 }, (_, i) => named(`${'k'.repeat(900)}${i}`)).join('')
  await remove(`<Delete>${named('key')}${named('a&amp;b')}</Delete>`)
  await remove(`<Delete><Quiet>true</Quiet>${many}</Delete>`)
  await remove(`<Delete>${named('x')}</Delete>`, '/none?delete=')
  await remove(`<!DOCTYPE Delete><Delete>${named('x')}</Delete>`)
  await remove(`<Delete>${named('x')}</Delete>${' '.repeat(2 * 1024 * 1024)}`)
  let lines = await rig.audit()
  while (lines.filter(({ record }) => record === undefined).length < 6) lines = await rig.audit()
  const requests = lines.filter(({ operation }) => operation === 'DeleteObjects')
  t.strictSame(
    requests.map(({ keyCount }) => keyCount),
    [2, 1000, 1, null, null],
  )
  const keysOf = (at: number) =>
    lines.filter(
      ({ record, requestId }) => record === 'key' && requestId === requests[at]?.['requestId'],
    )
  t.match(keysOf(0), [
    { key: 'key', bucket: 'bucket', client: 'app', result: 'deleted', errorCode: null },
    { key: 'a&b', result: 'deleted' },
  ])
  t.equal(keysOf(1).length, 1000)
  t.match(keysOf(1)[999], { result: 'deleted', key: /^k{900}999$/ })
  t.match(keysOf(2), [{ key: 'x', result: 'failed', errorCode: 'NoSuchBucket' }])
  t.equal(lines.filter(({ record }) => record === 'key').length, 1003)
})

import t from 'tap'
import { CLIENT, startRig } from '../support/rig.ts'
import { type RequestOptions, send, sendRaw } from '../support/signed-request.ts'

const SSE = { 'x-amz-server-side-encryption': 'aws:kms' }

interface Refusal {
  readonly name: string
  readonly request: RequestOptions
  readonly status: number
  readonly code: string
  readonly reason: string
}

const REFUSALS: readonly Refusal[] = [
  {
    name: 'GET with an encryption header',
    request: { path: '/bucket/key', headers: SSE },
    status: 400,
    code: 'BadRequest',
    reason: 'encryption-headers-on-read',
  },
  {
    name: 'a listing with an encryption header',
    request: { path: '/bucket?list-type=2', headers: SSE },
    status: 400,
    code: 'BadRequest',
    reason: 'encryption-headers-on-read',
  },
  {
    name: 'GET with only the bucket-key header',
    request: {
      path: '/bucket/key',
      headers: { 'x-amz-server-side-encryption-bucket-key-enabled': 'true' },
    },
    status: 400,
    code: 'BadRequest',
    reason: 'encryption-headers-on-read',
  },
  {
    name: 'GET with a customer key',
    request: {
      path: '/bucket/key',
      headers: { 'x-amz-server-side-encryption-customer-algorithm': 'AES256' },
    },
    status: 400,
    code: 'BadRequest',
    reason: 'encryption-headers-on-read',
  },
  {
    name: 'PutBucketEncryption',
    request: { method: 'PUT', path: '/bucket?encryption', body: '<x/>' },
    status: 403,
    code: 'AccessDenied',
    reason: 'operation-closed',
  },
  {
    name: 'UpdateObjectEncryption by an encoded selector',
    request: { method: 'PUT', path: '/bucket/key?encryptio%6E', body: '<x/>' },
    status: 403,
    code: 'AccessDenied',
    reason: 'operation-closed',
  },
  {
    name: 'a header that was added after signing',
    request: { method: 'PUT', path: '/bucket/key', body: 'x', unsigned: SSE },
    status: 403,
    code: 'AccessDenied',
    reason: 'headers-not-signed',
  },
  {
    name: 'a copy source that was added after signing',
    request: {
      method: 'PUT',
      path: '/bucket/key',
      unsigned: { 'x-amz-copy-source': '/other/secret' },
    },
    status: 403,
    code: 'AccessDenied',
    reason: 'headers-not-signed',
  },
  {
    name: 'a wrong secret',
    request: { path: '/bucket/key', credentials: { ...CLIENT, secretAccessKey: 'wrong' } },
    status: 403,
    code: 'SignatureDoesNotMatch',
    reason: 'signature-mismatch',
  },
  {
    name: 'an unknown access key',
    request: { path: '/bucket/key', credentials: { accessKeyId: 'NOBODY', secretAccessKey: 'x' } },
    status: 403,
    code: 'InvalidAccessKeyId',
    reason: 'unknown-access-key',
  },
  {
    name: 'no signature at all',
    request: { path: '/bucket/key', credentials: null },
    status: 403,
    code: 'AccessDenied',
    reason: 'anonymous',
  },
  {
    name: 'uploadId without partNumber',
    request: { method: 'PUT', path: '/bucket/key?uploadId=x', body: 'x' },
    status: 400,
    code: 'InvalidArgument',
    reason: 'partial-selectors',
  },
  {
    name: 'an unknown parameter',
    request: { method: 'PUT', path: '/bucket/key?newthing', body: 'x' },
    status: 400,
    code: 'InvalidArgument',
    reason: 'unknown-parameter',
  },
  {
    name: 'appending',
    request: {
      method: 'PUT',
      path: '/bucket/key',
      headers: { 'x-amz-write-offset-bytes': '0' },
      body: 'x',
    },
    status: 403,
    code: 'AccessDenied',
    reason: 'append-closed',
  },
  {
    name: 'a restore that writes elsewhere',
    request: {
      method: 'POST',
      path: '/bucket/key?restore',
      body: '<RestoreRequest><OutputLocation><S3/></OutputLocation></RestoreRequest>',
    },
    status: 403,
    code: 'AccessDenied',
    reason: 'operation-closed',
  },
]

t.test('every refusal is an S3 error document with code, status and reason', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  for (const { name, request, status, code, reason } of REFUSALS) {
    const answer = await send(rig.port, request)
    t.equal(answer.status, status, name)
    t.equal(answer.headers['content-type'], 'application/xml')
    t.equal(answer.headers['x-sealgate-reason'], reason, name)
    t.match(answer.text, `<Code>${code}</Code>`)
    const [, message = ''] = /<Message>([^<]+)<\/Message>/.exec(answer.text) ?? []
    t.match(message, `(Sealgate: ${answer.headers['x-sealgate-reason']}`, 'what SDKs show')
    t.match(answer.text, `<RequestId>${answer.headers['x-amz-request-id']}</RequestId>`)
  }
  t.equal(rig.received.length, 0, 'nothing of it reached S3')
  t.equal((await rig.audit()).length, REFUSALS.length, 'each has its audit line')
})

t.test('HEAD is refused without a body', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const answer = await send(rig.port, { method: 'HEAD', path: '/bucket/key', headers: SSE })
  t.match(answer, { status: 400, text: '' })
  t.equal(answer.headers['x-sealgate-reason'], 'encryption-headers-on-read')
})

t.test('hosts: exactly one, and one that is served', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const reasonOf = async (headers: Record<string, string>) =>
    (await sendRaw(rig.port, 'GET', '/bucket/key', headers)).headers['x-sealgate-reason']
  t.equal(await reasonOf({}), 'host-header')
  t.equal(await reasonOf({ host: 'evil.example' }), 'host-not-served')
  t.equal(await reasonOf({ host: 'bucket.s3.amazonaws.com' }), 'host-not-served')
})

t.test('secrets and signatures are in no answer, log, metric or audit line', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const customerKey = Buffer.alloc(32, 7).toString('base64')
  const answers = [
    await send(rig.port, { method: 'PUT', path: '/bucket/key', body: 'x' }),
    await send(rig.port, {
      method: 'PUT',
      path: '/bucket/key',
      body: 'x',
      headers: {
        'x-amz-server-side-encryption-customer-algorithm': 'AES256',
        'x-amz-server-side-encryption-customer-key': customerKey,
      },
    }),
    await send(rig.port, {
      path: '/bucket/key',
      credentials: { ...CLIENT, secretAccessKey: 'wrong' },
    }),
  ]
  const sent = rig.received.flatMap(({ rawHeaders }) => rawHeaders)
  const signatures = sent.flatMap((value) => /Signature=([0-9a-f]{64})/.exec(value)?.[1] ?? [])
  t.ok(signatures.length > 0)
  const metrics = await rig.metrics.registry.metrics()
  const seen = [
    JSON.stringify(await rig.audit()),
    rig.log(),
    metrics,
    ...answers.map((answer) => JSON.stringify(answer.headers) + answer.text),
  ].join('\n')
  for (const secret of [CLIENT.secretAccessKey, 'upstream-secret', customerKey, ...signatures]) {
    t.notOk(seen.includes(secret), 'not told')
  }
})

t.test('a presigned URL whose ? was escaped cannot be used from the audit', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const headers = { host: `127.0.0.1:${rig.port}` }
  const signed = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    'X-Amz-Credential=SGCLIENT0000000001%2F20260101%2Fus-east-1%2Fs3%2Faws4_request',
    'X-Amz-Security-Token=the-session-token',
    `X-Amz-Signature=${'0123456789abcdef'.repeat(4)}`,
  ].join('&')
  for (const path of [
    `/bucket/key%3F${signed}`,
    `/bucket/key${signed}`,
    `/bucket/key%3F${signed.replaceAll('=', '%3D').replaceAll('&', '%26')}`,
  ]) {
    t.equal((await sendRaw(rig.port, 'GET', path, headers)).status, 403)
  }
  const text = JSON.stringify(await rig.audit()) + rig.log()
  t.match(text, 'X-Amz-Signature')
  t.notMatch(text, '0123456789abcdef')
  t.notMatch(text, 'the-session-token')

  // What a client signed is written as it is.
  await send(rig.port, { method: 'PUT', path: '/bucket/X-Amz-Signature%3Dabcdef', body: 'x' })
  t.match((await rig.audit()).at(-1), { key: 'X-Amz-Signature=abcdef', status: 200 })
})

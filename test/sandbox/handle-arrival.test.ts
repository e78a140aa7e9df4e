import { createHash } from 'node:crypto'
import t from 'tap'
import { signingKey } from '../../src/sandbox/signature.ts'
import { hmac, send, sendRaw, signHead } from './send.ts'
import { ACCOUNT, BUCKET, KEY, REGION, startTestSandbox } from './start-test-sandbox.ts'

const target = `/${BUCKET}/key`
const SSE = 'x-amz-server-side-encryption'

t.test('encryption headers are refused wherever no object is made', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  await send(sandbox, { method: 'PUT', target, body: 'x' })
  const requests: readonly (readonly [string, string])[] = [
    ['GET', '/'],
    ['GET', `/${BUCKET}`],
    ['GET', target],
    ['GET', `${target}?tagging`],
    ['GET', `${target}?uploadId=a`],
    ['DELETE', target],
    ['PUT', `${target}?partNumber=1&uploadId=a`],
    ['POST', `${target}?uploadId=a`],
    ['POST', `/${BUCKET}?delete`],
    ['PUT', `/${BUCKET}?encryption`],
  ]
  for (const [method, at] of requests) {
    const answer = await send(sandbox, { method, target: at, headers: { [SSE]: 'AES256' } })
    t.match(
      answer,
      {
        status: 400,
        code: 'InvalidArgument',
        body: `<Message>${SSE} header is not supported for this operation.</Message><ArgumentName>${SSE}</ArgumentName><ArgumentValue>AES256</ArgumentValue>`,
      },
      `${method} ${at}`,
    )
  }
  const head = await send(sandbox, { method: 'HEAD', target, headers: { [SSE]: 'AES256' } })
  t.match(head, { status: 400, body: '', headers: { 'content-type': 'application/xml' } })
  const keyOnly = await send(sandbox, { target, headers: { [`${SSE}-aws-kms-key-id`]: KEY } })
  t.match(keyOnly, {
    status: 400,
    body: /requires HTTP header x-amz-server-side-encryption : aws:kms/,
  })
})

t.test('streaming payloads are for objects and parts only', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const answer = await send(sandbox, {
    method: 'POST',
    target: `/${BUCKET}?delete`,
    payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  })
  t.match(answer, { status: 400, code: 'InvalidRequest' })
})

t.test('a body has to be what was signed', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const hash = (text: string) => createHash('sha256').update(text).digest('hex')
  const put = await send(sandbox, { method: 'PUT', target, body: 'x', payload: hash('y') })
  t.match(put, {
    status: 400,
    code: 'XAmzContentSHA256Mismatch',
    body: `<ClientComputedContentSHA256>${hash('y')}</ClientComputedContentSHA256><S3ComputedContentSHA256>${hash('x')}</S3ComputedContentSHA256>`,
  })
  t.equal(
    (await send(sandbox, { target: '/', payload: hash('y') })).code,
    'XAmzContentSHA256Mismatch',
  )
  const document = { method: 'PUT', target: '/new-bucket', body: '<a/>', payload: hash('y') }
  t.equal((await send(sandbox, document)).code, 'XAmzContentSHA256Mismatch')
  t.equal(
    (await send(sandbox, { method: 'PUT', target, payload: 'UNSIGNED-PAYLOAD', body: 'x' })).status,
    200,
  )
  t.strictSame(sandbox.list('new-bucket'), [])
})

t.test('signed chunks with a signed trailer are stored, changed ones are not', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const head = signHead({
    method: 'PUT',
    target,
    payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    headers: {
      'content-encoding': 'gzip,aws-chunked',
      'x-amz-decoded-content-length': '5',
      'x-amz-trailer': 'x-amz-checksum-crc32',
    },
  })
  const key = signingKey(ACCOUNT.secretAccessKey, '20261123', REGION)
  const empty = createHash('sha256').digest('hex')
  let previous = head.signature
  const chunk = (text: string): string => {
    const hash = createHash('sha256').update(text).digest('hex')
    previous = hmac(
      key,
      `AWS4-HMAC-SHA256-PAYLOAD\n${head.amzDate}\n${head.scope}\n${previous}\n${empty}\n${hash}`,
    ).toString('hex')
    return `${text.length.toString(16)};chunk-signature=${previous}\r\n${text}${text === '' ? '' : '\r\n'}`
  }
  const chunks = chunk('hello') + chunk('')
  const trailer = 'x-amz-checksum-crc32:NhCmhg=='
  const hash = createHash('sha256').update(`${trailer}\n`).digest('hex')
  const signature = hmac(
    key,
    `AWS4-HMAC-SHA256-TRAILER\n${head.amzDate}\n${head.scope}\n${previous}\n${hash}`,
  ).toString('hex')
  const body = `${chunks}${trailer}\r\nx-amz-trailer-signature:${signature}\r\n\r\n`
  const changed = await sendRaw(
    sandbox,
    'PUT',
    target,
    head.headers,
    body.replace('hello', 'jello'),
  )
  t.match(changed, { status: 403, code: 'SignatureDoesNotMatch' })
  t.strictSame(sandbox.list(BUCKET), [])
  t.equal((await sendRaw(sandbox, 'PUT', target, head.headers, body)).status, 200)
  t.match(sandbox.inspect(BUCKET, 'key'), {
    size: 5,
    headers: { 'content-encoding': 'gzip' },
    checksum: { algorithm: 'CRC32', value: 'NhCmhg==' },
  })
})

t.test('a bucket policy stands before the operation', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const policy = {
    Statement: {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: `arn:aws:s3:::${BUCKET}/*`,
      Condition: { StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' } },
    },
  }
  const put = { method: 'PUT', target: `/${BUCKET}?policy`, body: JSON.stringify(policy) }
  t.equal((await send(sandbox, put)).status, 204)
  t.match(await send(sandbox, { method: 'PUT', target, body: 'x' }), {
    status: 403,
    code: 'AccessDenied',
  })
  const kms = { method: 'PUT', target, body: 'x', headers: { [SSE]: 'aws:kms' } }
  t.equal((await send(sandbox, kms)).status, 200)
  t.equal((await send(sandbox, { method: 'POST', target: `${target}?uploads` })).status, 403)
})

t.test('the quirk noTrailers refuses trailers as Ceph RGW does', async (t) => {
  const { sandbox } = await startTestSandbox(t, { quirks: { noTrailers: true } })
  const answer = await send(sandbox, {
    method: 'PUT',
    target,
    payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    headers: { 'x-amz-decoded-content-length': '0' },
  })
  t.match(answer, { status: 400, code: 'XAmzContentSHA256Mismatch' })
})

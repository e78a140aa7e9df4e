import { createHash } from 'node:crypto'
import t from 'tap'
import { amzDateOf, presign, send, sendRaw } from './send.ts'
import { ACCOUNT, BUCKET, KEY, NOW, startTestSandbox } from './start-test-sandbox.ts'

const target = `/${BUCKET}/key`
const HOST = ['host', 'sandbox.test']
const SSE = 'x-amz-server-side-encryption'

t.test('each way to be wrong has its code', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const right = presign({ target })
  const query = 'AuthorizationQueryParametersError'
  const cases: readonly (readonly [string, string, number, string, RegExp])[] = [
    [
      'a parameter is missing',
      right.replace(/&X-Amz-Date=[^&]*/, ''),
      400,
      query,
      /requires the X-Amz-Algorithm/,
    ],
    ['another algorithm', right.replace('HMAC-SHA256', 'HMAC'), 400, query, /only supports/],
    [
      'a credential that is none',
      right.replace(/X-Amz-Credential=[^&]*/, 'X-Amz-Credential=a'),
      400,
      query,
      /mal-formed/,
    ],
    [
      'another region',
      presign({ target, scope: '20261123/us-east-1/s3/aws4_request' }),
      400,
      query,
      /<Region>/,
    ],
    [
      'a date that is none',
      right.replace(/X-Amz-Date=[^&]*/, 'X-Amz-Date=now'),
      400,
      query,
      /ISO8601 Long Format/,
    ],
    [
      'another day',
      presign({ target, scope: '20261122/eu-central-1/s3/aws4_request' }),
      400,
      query,
      /credential date/,
    ],
    [
      'a lifetime that is no number',
      presign({ target, expires: 'x' }),
      400,
      query,
      /should be a number/,
    ],
    ['a negative lifetime', presign({ target, expires: '-1' }), 400, query, /non-negative/],
    ['more than a week', presign({ target, expires: '604801' }), 400, query, /less than a week/],
    [
      'too late',
      presign({ target, amzDate: amzDateOf(NOW - 901_000) }),
      403,
      'AccessDenied',
      /Request has expired<\/Message><X-Amz-Expires>900<.*<ServerTime>/,
    ],
    [
      'too early',
      presign({ target, amzDate: amzDateOf(NOW + 901_000) }),
      403,
      'AccessDenied',
      /not yet valid/,
    ],
    [
      'a changed lifetime',
      right.replace('Expires=900', 'Expires=901'),
      403,
      'SignatureDoesNotMatch',
      /./,
    ],
    ['an added parameter', `${right}&${SSE}=AES256`, 403, 'SignatureDoesNotMatch', /./],
    [
      'an unknown key',
      presign({ target, account: { ...ACCOUNT, accessKeyId: 'X' } }),
      403,
      'InvalidAccessKeyId',
      /./,
    ],
    [
      'host is not signed',
      right.replace('SignedHeaders=host', 'SignedHeaders=range'),
      403,
      'AccessDenied',
      /<HeadersNotSigned>host</,
    ],
  ]
  for (const [name, presigned, status, code, body] of cases) {
    t.match(await sendRaw(sandbox, 'GET', presigned, HOST), { status, code, body }, name)
  }
})

t.test('a presigned upload and a presigned download verify', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const put = await sendRaw(sandbox, 'PUT', presign({ method: 'PUT', target }), HOST, 'hello')
  t.equal(put.status, 200)
  const week = presign({ target, amzDate: amzDateOf(NOW - 604_800_000), expires: '604800' })
  t.equal((await sendRaw(sandbox, 'GET', week, HOST)).body, 'hello')
})

t.test('CVE-2026-54330: headers that are not signed are refused', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  await send(sandbox, { method: 'PUT', target: `/${BUCKET}/secret`, body: 'secret' })
  for (const [name, value] of [
    ['x-amz-copy-source', `/${BUCKET}/secret`],
    ['x-amz-acl', 'public-read'],
    [SSE, 'AES256'],
  ] as const) {
    const presigned = presign({ method: 'PUT', target })
    const answer = await sendRaw(sandbox, 'PUT', presigned, [...HOST, name, value], '')
    t.match(answer, { status: 403, body: new RegExp(`<HeadersNotSigned>${name}<`) })
  }
  const typed = presign({ method: 'PUT', target })
  const answer = await sendRaw(sandbox, 'PUT', typed, [...HOST, 'content-type', 'a/b'], 'x')
  t.equal(answer.status, 200, 'a content-type may come unsigned')
})

t.test('hoisted parameters count as headers', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const put = (extra: string, headers: readonly string[] = []) =>
    sendRaw(
      sandbox,
      'PUT',
      presign({ method: 'PUT', target: `${target}?${extra}` }),
      [...HOST, ...headers],
      'hello',
    )
  const hoisted = await put(
    `${SSE}=aws%3Akms&${SSE}-aws-kms-key-id=${encodeURIComponent(KEY)}&x-amz-meta-a=%C3%BC`,
  )
  t.match(hoisted, { status: 200, headers: { [SSE]: 'aws:kms' } })
  t.match(sandbox.inspect(BUCKET, 'key'), { keyId: KEY, metadata: { a: '\u00c3\u00bc' } })
  await put(`${SSE}=aws%3Akms&${SSE}-context=e30%3D`)
  t.equal(sandbox.inspect(BUCKET, 'key')?.context, undefined, 'a hoisted context is ignored')
  t.equal((await put('x-amz-checksum-crc32=AAAAAA%3D%3D')).status, 200, 'a hoisted checksum too')
  const get = presign({ target: `${target}?${SSE}=AES256` })
  t.match(await sendRaw(sandbox, 'GET', get, HOST), {
    status: 400,
    code: 'InvalidArgument',
    body: /not supported for this operation/,
  })
  const both = presign({
    method: 'PUT',
    target: `${target}?x-amz-meta-a=1`,
    signedHeaders: { 'x-amz-meta-a': '2' },
  })
  t.match(await sendRaw(sandbox, 'PUT', both, [...HOST, 'x-amz-meta-a', '2'], 'x'), {
    code: 'InvalidRequest',
    body: /Conflicting values provided in HTTP headers and query parameters/,
  })
})

t.test('a signed header that is missing is looked up in the query', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const presigned = presign({
    method: 'PUT',
    target: `${target}?x-amz-meta-a=1`,
    signedHeaders: { 'x-amz-meta-a': '1' },
  })
  t.equal((await sendRaw(sandbox, 'PUT', presigned, HOST, 'x')).status, 200)
})

t.test('the payload hash may be in the query or the header', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const hash = createHash('sha256').update('hello').digest('hex')
  const hashed = presign({
    method: 'PUT',
    target: `${target}?X-Amz-Content-Sha256=${hash}`,
    payload: hash,
  })
  t.equal((await sendRaw(sandbox, 'PUT', hashed, HOST, 'hello')).status, 200)
  t.equal((await sendRaw(sandbox, 'PUT', hashed, HOST, 'other')).code, 'XAmzContentSHA256Mismatch')
  const plain = presign({ method: 'PUT', target })
  const unsignedHash = [...HOST, 'x-amz-content-sha256', hash]
  t.equal((await sendRaw(sandbox, 'PUT', plain, unsignedHash, 'hello')).status, 200)
  const other = await sendRaw(sandbox, 'PUT', plain, unsignedHash, 'other')
  t.equal(other.code, 'XAmzContentSHA256Mismatch')
})

t.test(
  'CVE-2026-41145: a query signature does not open the way for streaming payloads',
  async (t) => {
    const { sandbox } = await startTestSandbox(t)
    const headers = [
      ...HOST,
      'x-amz-content-sha256',
      'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      'content-encoding',
      'aws-chunked',
    ]
    const presigned = presign({ method: 'PUT', target })
    t.match(await sendRaw(sandbox, 'PUT', presigned, headers, '0\r\n\r\n'), {
      status: 400,
      code: 'InvalidRequest',
    })
    t.strictSame(sandbox.list(BUCKET), [])
  },
)

import { createHash } from 'node:crypto'
import t from 'tap'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { amzDateOf, deriveKey, element, hmac, send, sendRaw, type TestRequest } from './send.ts'
import { ACCOUNT, BUCKET, NOW, REGION, startTestSandbox } from './start-test-sandbox.ts'

const target = `/${BUCKET}/key`
const MINUTE = 60_000

t.test('each way to be wrong has its code', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const put = { method: 'PUT', target, body: 'x' }
  const malformed = 'AuthorizationHeaderMalformed'
  const cases: readonly (readonly [string, TestRequest, number, string, RegExp])[] = [
    [
      'no blank',
      { target, authorization: 'AWS4-HMAC-SHA256' },
      400,
      'InvalidArgument',
      /one and only one/,
    ],
    ['another type', { target, authorization: 'Bearer x' }, 400, 'InvalidArgument', /Unsupported/],
    [
      'two components',
      { target, authorization: 'AWS4-HMAC-SHA256 Credential=a, Signature=b' },
      400,
      malformed,
      /three components/,
    ],
    [
      'another region',
      { target, scope: '20261123/us-east-1/s3/aws4_request' },
      400,
      malformed,
      /<Region>eu-central-1<\/Region>/,
    ],
    [
      'another service',
      { target, scope: `20261123/${REGION}/sqs/aws4_request` },
      400,
      malformed,
      /incorrect service/,
    ],
    [
      'another day',
      { target, scope: `20261122/${REGION}/s3/aws4_request` },
      400,
      malformed,
      /Invalid credential date/,
    ],
    [
      'an unknown key',
      { target, account: { ...ACCOUNT, accessKeyId: 'NOBODY' } },
      403,
      'InvalidAccessKeyId',
      /<AWSAccessKeyId>NOBODY/,
    ],
    [
      'a wrong secret',
      { target, account: { ...ACCOUNT, secretAccessKey: 'x' } },
      403,
      'SignatureDoesNotMatch',
      /<CanonicalRequest>/,
    ],
    [
      'a token nobody gave',
      { target, headers: { 'x-amz-security-token': 't' } },
      400,
      'InvalidToken',
      /Token-0/,
    ],
    [
      'no payload hash',
      { target, payload: null },
      400,
      'InvalidRequest',
      /Missing required header for this request: x-amz-content-sha256/,
    ],
    [
      'a payload value of its own',
      { target, payload: 'NONE' },
      400,
      'InvalidArgument',
      /x-amz-content-sha256 must be/,
    ],
    [
      'no date',
      { target, headers: { 'x-amz-date': 'yesterday' } },
      403,
      'AccessDenied',
      /valid Date or x-amz-date/,
    ],
    [
      'an early clock',
      { target, amzDate: amzDateOf(NOW - 15 * MINUTE - 1000) },
      403,
      'RequestTimeTooSkewed',
      /<MaxAllowedSkewMilliseconds>900000</,
    ],
    [
      'a late clock',
      { target, amzDate: amzDateOf(NOW + 15 * MINUTE + 1000) },
      403,
      'RequestTimeTooSkewed',
      /<RequestTime>/,
    ],
    [
      'a wrong secret and a wrong clock',
      { target, amzDate: '20261122T000000Z', account: { ...ACCOUNT, secretAccessKey: 'x' } },
      403,
      'SignatureDoesNotMatch',
      /./,
    ],
    [
      'an unsigned x-amz header',
      { ...put, unsigned: { 'x-amz-acl': 'private', 'x-amz-meta-a': 'b' } },
      403,
      'AccessDenied',
      /<HeadersNotSigned>x-amz-acl, x-amz-meta-a<\/HeadersNotSigned>/,
    ],
    [
      'an x-amz query parameter',
      { target: `${target}?x-amz-acl=private` },
      400,
      'InvalidRequest',
      /presigned/,
    ],
  ]
  for (const [name, request, status, code, body] of cases) {
    t.match(await send(sandbox, request), { status, code, body }, name)
  }
  t.strictSame(sandbox.list(BUCKET), [], 'nothing was stored')
})

t.test('the limits of the clock are inside', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  for (const minutes of [-15, 0, 15]) {
    const amzDate = amzDateOf(NOW + minutes * MINUTE)
    t.equal((await send(sandbox, { target: '/', amzDate })).status, 200, `${minutes} minutes`)
  }
})

t.test('a Date header stands in for x-amz-date, in the form of either', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  for (const date of [new Date(NOW).toUTCString(), '20261123T120000Z']) {
    t.equal((await getWithDate(sandbox, date)).status, 200, date)
    // The payload's hash is signed as itself; its field need not be, as at S3.
    t.equal((await getWithDate(sandbox, date, 'date;host')).status, 200, date)
  }
  t.equal((await getWithDate(sandbox, 'yesterday')).code, 'AccessDenied')
})

/** Signs GET / as Go's simples3 does: `Date`, and no x-amz-date. */
function getWithDate(
  sandbox: Sandbox,
  date: string,
  names: 'date;host' | 'date;host;x-amz-content-sha256' = 'date;host;x-amz-content-sha256',
) {
  const scope = `20261123/${REGION}/s3/aws4_request`
  const hash = createHash('sha256').digest('hex')
  const line = names === 'date;host' ? '' : `x-amz-content-sha256:${hash}\n`
  const canonical = `GET\n/\n\ndate:${date}\nhost:h\n${line}\n${names}\n${hash}`
  const text = `AWS4-HMAC-SHA256\n20261123T120000Z\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`
  const signature = hmac(deriveKey(ACCOUNT.secretAccessKey, scope), text).toString('hex')
  return sendRaw(sandbox, 'GET', '/', [
    'host',
    'h',
    'date',
    date,
    'x-amz-content-sha256',
    hash,
    'authorization',
    // No blank after the commas: both ways are accepted.
    `AWS4-HMAC-SHA256 Credential=${ACCOUNT.accessKeyId}/${scope},SignedHeaders=${names},Signature=${signature.toUpperCase()}`,
  ])
}

t.test('a session account needs its token', async (t) => {
  const account = { ...ACCOUNT, sessionToken: 'token' }
  const { sandbox } = await startTestSandbox(t, { accounts: [account] })
  const right = await send(sandbox, { target: '/', headers: { 'x-amz-security-token': 'token' } })
  t.equal(right.status, 200)
  t.equal((await send(sandbox, { target: '/' })).code, 'InvalidAccessKeyId')
  t.equal(element(right.body, 'Name'), BUCKET)
})

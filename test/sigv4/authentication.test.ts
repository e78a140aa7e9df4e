import t from 'tap'
import { parseAuthentication } from '../../src/sigv4/authentication.ts'
import { EMPTY_SHA256, outcomeOf, withHeader } from './example.ts'

const AUTHORIZATION = `AWS4-HMAC-SHA256 Credential=AKID/20130524/us-east-1/s3/aws4_request,SignedHeaders=host,Signature=${'0f'.repeat(32)}`
const HOST = ['host', 'h'] as const
const SIGNED = [...HOST, 'authorization', AUTHORIZATION, 'x-amz-content-sha256', EMPTY_SHA256]

const PRESIGNED: readonly (readonly [string, string])[] = [
  ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
  ['X-Amz-Credential', 'AKID/20130524/us-east-1/s3/aws4_request'],
  ['X-Amz-Date', '20130524T000000Z'],
  ['X-Amz-Expires', '900'],
  ['X-Amz-SignedHeaders', 'host'],
  ['X-Amz-Signature', '0f'.repeat(32)],
]

const parse = (headers: readonly string[], query: readonly (readonly [string, string])[] = []) =>
  parseAuthentication({ headers, query: query.map(([name, value]) => ({ name, value })) })

const presigned = (headers: readonly string[], ...more: readonly (readonly [string, string])[]) =>
  parse(headers, [...PRESIGNED, ...more])

const signing = (names: string): readonly (readonly [string, string])[] =>
  PRESIGNED.map(([name, value]) => [name, name === 'X-Amz-SignedHeaders' ? names : value])

t.test('a request is anonymous, signed in a header or presigned', (t) => {
  t.match(parse(HOST, [['prefix', 'a']]), {
    value: {
      kind: 'anonymous',
      hoistedHeaders: [],
      remainingQuery: [{ name: 'prefix', value: 'a' }],
    },
  })
  t.match(parse([...SIGNED, 'x-amz-security-token', 't'], [['prefix', 'a']]), {
    value: {
      kind: 'header',
      credential: { accessKeyId: 'AKID' },
      payloadHash: EMPTY_SHA256,
      sessionToken: 't',
      hoistedHeaders: [],
      remainingQuery: [{ name: 'prefix', value: 'a' }],
    },
  })
  t.match(
    presigned(HOST, ['X-Amz-Security-Token', 't'], ['X-Amz-Acl', 'private'], ['prefix', 'a']),
    {
      value: {
        kind: 'presigned',
        credential: { accessKeyId: 'AKID' },
        expiresSeconds: 900,
        payloadHash: 'UNSIGNED-PAYLOAD',
        sessionToken: 't',
        hoistedHeaders: ['x-amz-acl', 'private'],
        remainingQuery: [{ name: 'prefix', value: 'a' }],
      },
    },
  )
  t.end()
})

t.test('ambiguous, incomplete and unsupported authentication is refused', (t) => {
  const two = 'InvalidArgument: two-authentication-mechanisms'
  const express = 'InvalidRequest: s3-express-session-unsupported'
  const sigV2 = 'InvalidRequest: sigv2-unsupported'
  const missing = 'AuthorizationQueryParametersError: presigned-parameters-missing'
  const amz = 'InvalidRequest: unsigned-query-parameter'
  const token = 'InvalidToken: session-token-invalid'
  const hash = 'InvalidRequest: content-sha256-missing'
  const v2Query = [
    ['AWSAccessKeyId', 'AKID'],
    ['Expires', '1'],
    ['Signature', 's'],
  ] as const
  const cases: readonly (readonly [string, ReturnType<typeof parse>, string])[] = [
    ['presigned and header', parse(SIGNED, PRESIGNED), two],
    ['header and a part of presigned', parse(SIGNED, [['x-amz-signature', 's']]), two],
    ['header and SigV2 query', parse(SIGNED, v2Query), two],
    ['presigned and SigV2 query', parse(HOST, [...PRESIGNED, ...v2Query]), two],
    ['two Authorization headers', parse([...SIGNED, 'authorization', 'x']), two],
    ['SigV2 query', parse(HOST, v2Query), sigV2],
    ['SigV2 query, only the key', parse(HOST, [['awsaccesskeyid', 'AKID']]), sigV2],
    ['SigV2 header', parse([...HOST, 'authorization', 'AWS AKID:x']), sigV2],
    ['Express header', parse([...SIGNED, 'x-amz-s3session-token', 't']), express],
    ['Express header, anonymous', parse([...HOST, 'x-amz-s3session-token', 't']), express],
    ['Express parameter', presigned(HOST, ['X-Amz-S3session-Token', 't']), express],
    ['a part of presigned', parse(HOST, [['X-Amz-Credential', 'AKID']]), missing],
    ['only a date of presigned', parse(HOST, [['x-amz-date', '20130524T000000Z']]), missing],
    ['x-amz- parameter, header', parse(SIGNED, [['X-Amz-Acl', 'private']]), amz],
    ['x-amz- parameter, anonymous', parse(HOST, [['x-amz-acl', 'private']]), amz],
    ['token parameter, header', parse(SIGNED, [['X-Amz-Security-Token', 't']]), amz],
    ['a token and no signature', parse([...HOST, 'x-amz-security-token', 't']), token],
    [
      'two tokens',
      parse([...SIGNED, 'x-amz-security-token', 't', 'x-amz-security-token', 't']),
      token,
    ],
    ['no payload hash', parse(withHeader(SIGNED, 'x-amz-content-sha256', undefined)), hash],
    ['empty payload hash', parse(withHeader(SIGNED, 'x-amz-content-sha256', '')), hash],
    ['two payload hashes', parse([...SIGNED, 'x-amz-content-sha256', EMPTY_SHA256]), hash],
    [
      'a copy source in the query',
      presigned(HOST, ['x-amz-copy-source', 'b/k']),
      'AccessDenied: hoisted-copy-source',
    ],
    [
      'a conflict',
      presigned([...HOST, 'x-amz-acl', 'a'], ['x-amz-acl', 'b']),
      'InvalidRequest: header-query-conflict',
    ],
  ]
  for (const [name, result, expected] of cases) t.equal(outcomeOf(result), expected, name)
  t.equal(
    outcomeOf(parse([...HOST, 'authorization', 'Basic x'])),
    'InvalidArgument: authorization-type-unsupported',
  )
  t.end()
})

t.test('the payload hash of a presigned request is the signed one, or UNSIGNED-PAYLOAD', (t) => {
  const header = (value: string) => [...HOST, 'x-amz-content-sha256', value]
  const hashOf = (result: ReturnType<typeof parse>) =>
    result.ok && result.value.kind === 'presigned' ? result.value.payloadHash : outcomeOf(result)
  const inQuery = ['X-Amz-Content-Sha256', EMPTY_SHA256] as const
  t.equal(hashOf(presigned(HOST)), 'UNSIGNED-PAYLOAD')
  t.equal(hashOf(presigned(HOST, inQuery)), EMPTY_SHA256)
  t.equal(hashOf(presigned(header('ab'))), 'UNSIGNED-PAYLOAD', 'an unsigned header')
  t.equal(hashOf(presigned(header('ab'), inQuery)), EMPTY_SHA256, 'an unsigned header')

  const signed = signing('host;x-amz-content-sha256')
  t.equal(hashOf(parse(header('ab'), signed)), 'ab')
  t.equal(hashOf(parse(HOST, [...signed, inQuery])), EMPTY_SHA256)
  t.equal(hashOf(parse(header(EMPTY_SHA256), [...signed, inQuery])), EMPTY_SHA256)
  const conflict = 'InvalidRequest: header-query-conflict'
  t.equal(hashOf(parse(header('ab'), [...signed, inQuery])), conflict)
  const repeated = [...header('ab'), 'x-amz-content-sha256', 'ab']
  t.equal(hashOf(presigned(repeated)), 'InvalidRequest: content-sha256-missing')
  t.end()
})

t.test('CVE-2026-41145: a presigned request cannot switch to a streaming body unsigned', (t) => {
  const headers = [...HOST, 'x-amz-content-sha256', 'STREAMING-UNSIGNED-PAYLOAD-TRAILER']
  t.equal(outcomeOf(presigned(headers)), 'InvalidRequest: unsigned-streaming-payload')
  t.equal(outcomeOf(parse(headers, signing('host;x-amz-content-sha256'))), 'ok')
  t.end()
})

t.test('the token of a presigned request is in the query or a header', (t) => {
  const tokenOf = (result: ReturnType<typeof parse>) =>
    result.ok && result.value.kind === 'presigned' ? result.value.sessionToken : outcomeOf(result)
  const header = (...values: readonly string[]) => [
    ...HOST,
    ...values.flatMap((value) => ['x-amz-security-token', value]),
  ]
  t.equal(tokenOf(presigned(HOST)), undefined)
  t.equal(tokenOf(presigned(header('t'))), 't')
  t.equal(tokenOf(presigned(header('t'), ['X-Amz-Security-Token', 't'])), 't')
  const conflict = 'InvalidRequest: header-query-conflict'
  t.equal(tokenOf(presigned(header('t'), ['X-Amz-Security-Token', 'u'])), conflict)
  t.equal(tokenOf(presigned(header('t', 't'))), 'InvalidToken: session-token-invalid')
  t.end()
})

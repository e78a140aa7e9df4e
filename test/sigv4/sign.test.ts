import t from 'tap'
import { type HeaderList, headerValue } from '../../src/base/header-list.ts'
import { signRequest } from '../../src/sigv4/sign.ts'
import { SigningKeyCache } from '../../src/sigv4/signing-key.ts'
import {
  ACCESS_KEY_ID,
  EMPTY_SHA256,
  NOW_MS,
  outcomeOf,
  REGION,
  readFixture,
  SECRET_ACCESS_KEY,
  verifyWire,
} from './example.ts'

// Fixtures of this project, written once: their shape is known.
const docVectors = readFixture('sigv4-s3-doc-vectors.json') as Readonly<
  Record<string, { readonly signature: string }>
>

const sign = (headers: HeaderList, query = '', sessionToken?: string) =>
  signRequest({
    method: 'GET',
    path: '/',
    query,
    headers,
    payloadHash: EMPTY_SHA256,
    credentials: { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY, sessionToken },
    region: REGION,
    service: 's3',
    nowMs: NOW_MS + 999,
    keys: new SigningKeyCache(),
  })

const HOST = ['host', 'examplebucket.s3.amazonaws.com'] as const

const signedNames = (headers: HeaderList) =>
  /SignedHeaders=([^,]*)/.exec(headerValue(headers, 'authorization') ?? '')?.[1]

t.test('the requests of the S3 documentation get the published signatures', (t) => {
  const lifecycle = sign(HOST, 'lifecycle=')
  t.same(lifecycle.headers, [
    ...HOST,
    'x-amz-date',
    '20130524T000000Z',
    'x-amz-content-sha256',
    EMPTY_SHA256,
    'authorization',
    `AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=${docVectors['GET bucket lifecycle']?.signature}`,
  ])
  t.match(lifecycle.seed, {
    signature: docVectors['GET bucket lifecycle']?.signature,
    timestamp: '20130524T000000Z',
    scopeText: '20130524/us-east-1/s3/aws4_request',
  })
  t.equal(sign(HOST, 'max-keys=2&prefix=J').seed.signature, docVectors['List objects']?.signature)
  t.end()
})

t.test('what an intermediary may change is not signed, what is ours is', (t) => {
  const signed = sign([
    'user-agent',
    'x',
    'content-type',
    'text/plain',
    'range',
    'bytes=0-9',
    ...HOST,
    'x-amz-server-side-encryption',
    'aws:kms',
    'content-md5',
    '1B2M2Y8AsgTpgAmY7PhCfg==',
    'accept-encoding',
    'gzip',
    'content-length',
    '0',
    'content-encoding',
    'gzip',
    'expect',
    '100-continue',
    'x-amz-meta-a',
    '1',
    'x-amz-meta-a',
    '2',
  ])
  t.equal(
    signedNames(signed.headers),
    'content-md5;content-type;host;x-amz-content-sha256;x-amz-date;x-amz-meta-a;x-amz-server-side-encryption',
  )
  t.equal(headerValue(signed.headers, 'range'), 'bytes=0-9', 'it is sent all the same')
  const wire = { method: 'GET', target: '/', headers: signed.headers }
  t.equal(outcomeOf(verifyWire(wire)), 'ok')
  t.end()
})

t.test("a client's authentication never goes on", (t) => {
  const signed = sign(
    [
      ...HOST,
      'authorization',
      'of-the-client',
      'x-amz-date',
      'of-the-client',
      'x-amz-security-token',
      'of-the-client',
      'x-amz-content-sha256',
      'of-the-client',
    ],
    '',
    'of-the-proxy',
  )
  t.notMatch(signed.headers.join(), /of-the-client/)
  t.equal(headerValue(signed.headers, 'x-amz-security-token'), 'of-the-proxy')
  t.equal(signedNames(signed.headers), 'host;x-amz-content-sha256;x-amz-date;x-amz-security-token')
  const wire = { method: 'GET', target: '/', headers: signed.headers }
  t.equal(outcomeOf(verifyWire(wire, { sessionToken: 'of-the-proxy' })), 'ok')
  t.equal(
    headerValue(
      sign([...HOST, 'x-amz-security-token', 'of-the-client']).headers,
      'x-amz-security-token',
    ),
    undefined,
  )
  t.end()
})

t.test('the headers that are given stay as they are', (t) => {
  const headers = Object.freeze([...HOST, 'x-amz-date', 'x'])
  sign(headers)
  t.same(headers, [...HOST, 'x-amz-date', 'x'])
  t.end()
})

import t from 'tap'
import type { CorsRule } from '../../src/sandbox/cors-configuration.ts'
import { answerPreflight, isPreflight, type PreflightBucket } from '../../src/sandbox/preflight.ts'
import { parseRequest } from '../../src/sandbox/request.ts'

const SITE = 'https://app.example'
const RULE: CorsRule = {
  id: undefined,
  allowedHeaders: ['content-type'],
  allowedMethods: ['PUT'],
  allowedOrigins: [SITE],
  exposeHeaders: [],
  maxAgeSeconds: 60,
}
const NONE: PreflightBucket = {}
const SOME: PreflightBucket = { cors: [RULE] }
const ORIGIN = ['origin', SITE]
const METHOD = ['access-control-request-method', 'PUT']

const ask = (target: string, ...headers: readonly string[]) =>
  parseRequest('OPTIONS', target, ['host', 'h', ...headers])

t.test('OPTIONS on a bucket or an object is a preflight', async (t) => {
  t.ok(isPreflight(ask('/bucket')))
  t.ok(isPreflight(ask('/bucket/key?uploadId=a&X-Amz-Signature=b')))
  t.notOk(isPreflight(ask('/')))
  t.notOk(isPreflight(parseRequest('GET', '/bucket', ['host', 'h', ...ORIGIN, ...METHOD])))
})

t.test('a rule that fits answers', async (t) => {
  const names = ['access-control-request-headers', 'Content-Type']
  for (const target of ['/bucket', '/bucket/key?X-Amz-Signature=b&versionId=x']) {
    const answer = answerPreflight(ask(target, ...ORIGIN, ...METHOD, ...names), SOME)
    t.strictSame(answer, {
      status: 200,
      headers: {
        'access-control-allow-origin': SITE,
        'access-control-allow-methods': 'PUT',
        'access-control-allow-headers': 'content-type',
        'access-control-max-age': '60',
        'access-control-allow-credentials': 'true',
        vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
      },
    })
  }
})

t.test("refusals have S3's words, in S3's order", async (t) => {
  const ORIGIN_NEEDED = 'Insufficient information. Origin request header needed.'
  const OFF = 'CORSResponse: CORS is not enabled for this bucket.'
  const NO_BUCKET = 'CORSResponse: Bucket not found'
  const NOT_ALLOWED = /^CORSResponse: This CORS request is not allowed\. This is usually because/
  const extras = (method: string, type: string) => [
    ['Method', method],
    ['ResourceType', type],
  ]
  type Case = readonly [
    name: string,
    target: string,
    headers: readonly string[],
    bucket: PreflightBucket | undefined,
    code: string,
    message: string | RegExp,
    extras: readonly (readonly string[])[],
  ]
  const unknownMethod = (value: string) => `Invalid Access-Control-Request-Method: ${value}`
  const cases: readonly Case[] = [
    ['nothing', '/bucket/k', [], SOME, 'BadRequest', ORIGIN_NEEDED, []],
    ['no origin', '/bucket/k', METHOD, SOME, 'BadRequest', ORIGIN_NEEDED, []],
    ['no origin, no bucket', '/bucket/k', METHOD, undefined, 'BadRequest', ORIGIN_NEEDED, []],
    [
      'no rules',
      '/b-1/k',
      [...ORIGIN, ...METHOD],
      NONE,
      'AccessForbidden',
      OFF,
      extras('PUT', 'BUCKET'),
    ],
    [
      'no rules, no method',
      '/b-1/k',
      ORIGIN,
      NONE,
      'AccessForbidden',
      OFF,
      extras('OPTIONS', 'BUCKET'),
    ],
    [
      'no bucket',
      '/b-1/k',
      ORIGIN,
      undefined,
      'AccessForbidden',
      NO_BUCKET,
      extras('OPTIONS', 'BUCKET'),
    ],
    ['no method', '/bucket/k', ORIGIN, SOME, 'BadRequest', unknownMethod('null'), []],
    [
      'an unknown method',
      '/bucket/k',
      [...ORIGIN, 'access-control-request-method', 'PATCH'],
      SOME,
      'BadRequest',
      unknownMethod('PATCH'),
      [],
    ],
    [
      'another method',
      '/bucket/k',
      [...ORIGIN, 'access-control-request-method', 'GET'],
      SOME,
      'AccessForbidden',
      NOT_ALLOWED,
      extras('GET', 'OBJECT'),
    ],
    [
      'another origin',
      '/bucket',
      ['origin', 'https://evil.example', ...METHOD],
      SOME,
      'AccessForbidden',
      NOT_ALLOWED,
      extras('PUT', 'BUCKET'),
    ],
    [
      'another header',
      '/bucket/k',
      [...ORIGIN, ...METHOD, 'access-control-request-headers', 'content-type,x-amz-acl'],
      SOME,
      'AccessForbidden',
      NOT_ALLOWED,
      extras('PUT', 'OBJECT'),
    ],
  ]
  for (const [name, target, headers, bucket, code, message, more] of cases) {
    const wanted = { code, message, extras: more }
    t.throws(() => answerPreflight(ask(target, ...headers), bucket), wanted, name)
  }
})

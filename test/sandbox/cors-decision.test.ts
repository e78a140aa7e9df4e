import t from 'tap'
import type { CorsRule } from '../../src/sandbox/cors-configuration.ts'
import { corsHeaders, findCorsRule, readCorsQuestion } from '../../src/sandbox/cors-decision.ts'

const SITE = 'https://app.example'
const VARY = 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'

function rule(parts: Partial<CorsRule> = {}): CorsRule {
  return {
    id: undefined,
    allowedHeaders: [],
    allowedMethods: ['GET', 'PUT'],
    allowedOrigins: [SITE],
    exposeHeaders: [],
    maxAgeSeconds: undefined,
    ...parts,
  }
}

t.test('a question is read from Origin and the requested method and headers', async (t) => {
  t.equal(readCorsQuestion('GET', ['referer', SITE]), undefined)
  t.equal(readCorsQuestion('GET', ['origin', '']), undefined)
  t.strictSame(readCorsQuestion('GET', ['origin', SITE, 'x-amz-acl', 'private']), {
    origin: SITE,
    method: 'GET',
    requestedHeaders: [],
  })
  const names = ['access-control-request-headers', 'X-Amz-Date,content-type ,, etag']
  const method = ['access-control-request-method', 'PUT']
  t.strictSame(readCorsQuestion('OPTIONS', ['origin', SITE, ...names, ...method]), {
    origin: SITE,
    method: 'PUT',
    requestedHeaders: ['x-amz-date', 'content-type', 'etag'],
  })
})

/** The origins are those of Ceph's s3-tests (test_cors_origin_response), which AWS passes, too. */
t.test('origins: one star stands for anything, or nothing', async (t) => {
  const cases: readonly (readonly [pattern: string, origin: string, fits: boolean])[] = [
    ['*suffix', 'foo.suffix', true],
    ['*suffix', 'foo.suffix.get', false],
    ['start*end', 'startend', true],
    ['start*end', 'start12end', true],
    ['start*end', '0start12end', false],
    ['prefix*', 'prefix', true],
    ['prefix*', 'prefix.suffix', true],
    ['prefix*', 'bla.prefix', false],
    ['aba*aba', 'aba', false],
    ['aba*aba', 'abaaba', true],
    ['*', 'null', true],
    ['', 'http://a', false],
    ['http://*.origin.com', 'http://test.origin.com', true],
    ['http://*.origin.com', 'http://test.origin.com/', false],
    ['http://*.origin.com', 'http://.origin.com', true],
    ['http://*.origin.com', 'http://origin.com', false],
    [SITE, SITE, true],
    [SITE, 'http://app.example', false],
    [SITE, `${SITE}:443`, false],
    [SITE, 'https://APP.example', false],
    ['http://*', 'http://x:1234', true],
    ['http://a.b', 'http://axb', false],
  ]
  for (const [pattern, origin, fits] of cases) {
    const found = findCorsRule([rule({ allowedOrigins: ['other', pattern] })], {
      origin,
      method: 'GET',
      requestedHeaders: [],
    })
    t.equal(found !== undefined, fits, `${pattern} ${origin}`)
  }
})

t.test('methods as they are, names of headers in any case', async (t) => {
  const cases: readonly (readonly [allowed: string[], method: string, asked: string[], boolean])[] =
    [
      [[], 'PUT', [], true],
      [[], 'DELETE', [], false],
      [[], 'put', [], false],
      [[], 'OPTIONS', [], false],
      [[], 'GET', ['x-amz-date'], false],
      [['*'], 'GET', ['x-amz-date', 'authorization'], true],
      [['x-amz-*'], 'GET', ['x-amz-date'], true],
      [['x-amz-*'], 'GET', ['x-amz-date', 'content-type'], false],
      [['X-Amz-*', 'Content-Type'], 'GET', ['x-amz-date', 'content-type'], true],
      [['content-type'], 'GET', ['content-type-x'], false],
    ]
  for (const [allowedHeaders, method, requestedHeaders, fits] of cases) {
    const found = findCorsRule([rule({ allowedHeaders })], {
      origin: SITE,
      method,
      requestedHeaders,
    })
    t.equal(found !== undefined, fits, `${allowedHeaders} ${method} ${requestedHeaders}`)
  }
})

t.test('the first rule that allows all of it counts', async (t) => {
  const rules = [
    rule({ id: 'headers', allowedHeaders: ['a'], allowedMethods: ['GET'] }),
    rule({ id: 'put', allowedMethods: ['PUT'] }),
    rule({ id: 'any', allowedOrigins: ['*'], allowedHeaders: ['*'] }),
  ]
  const idOf = (method: string, ...requestedHeaders: string[]) =>
    findCorsRule(rules, { origin: SITE, method, requestedHeaders })?.id
  t.equal(idOf('GET'), 'headers')
  t.equal(idOf('PUT'), 'put')
  t.equal(idOf('GET', 'a', 'b'), 'any')
  t.equal(idOf('PUT', 'a'), 'any')
  t.equal(idOf('DELETE'), undefined)
})

t.test('the headers of an answer', async (t) => {
  const question = { origin: SITE, method: 'PUT', requestedHeaders: [] }
  t.strictSame(corsHeaders(rule(), question), {
    'access-control-allow-origin': SITE,
    'access-control-allow-methods': 'GET, PUT',
    'access-control-allow-credentials': 'true',
    vary: VARY,
  })
  const full = rule({
    allowedOrigins: [SITE, '*'],
    exposeHeaders: ['ETag', 'x-amz-request-id'],
    maxAgeSeconds: 0,
    allowedHeaders: ['*'],
  })
  t.strictSame(corsHeaders(full, { ...question, requestedHeaders: ['a', 'b'] }), {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'GET, PUT',
    'access-control-allow-headers': 'a, b',
    'access-control-expose-headers': 'ETag, x-amz-request-id',
    'access-control-max-age': '0',
    vary: VARY,
  })
})

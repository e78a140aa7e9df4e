import aws4 from 'aws4'
import t from 'tap'
import type { HeaderList } from '../../src/base/header-list.ts'
import type { Client } from '../../src/config/config.ts'
import { compilePattern } from '../../src/policy/pattern.ts'
import { refusedByGrants } from '../../src/request/grants.ts'
import {
  type AuthenticationContext,
  expectedRegion,
  identify,
  isAnyClientsBucket,
  isPreflight,
} from '../../src/request/identify.ts'
import { readRequest, type S3Request } from '../../src/request/read-request.ts'
import { ACCESS_CLASSES } from '../../src/s3/operation-table.ts'
import { SigningKeyCache } from '../../src/sigv4/signing-key.ts'

const EVERYTHING = { prefixes: [''], allow: ACCESS_CLASSES }
const NOW_MS = Date.UTC(2026, 0, 15, 12)
const DATE = '20260115T120000Z'
const REGION = 'eu-central-1'
/** An access point that the configuration names. */
const ALIAS = 'point-hash-s3alias'
const HOST = 's3.corp.example'
const KEYS = { accessKeyId: 'SGAPP0000000000001', secretAccessKey: 'the secret' }
const NEXT = { ...KEYS, secretAccessKey: 'the next secret' }

function clientOf(name: string, buckets: readonly string[], identity: Client['identity']): Client {
  return {
    name,
    identity,
    buckets: buckets.map(compilePattern),
    ...EVERYTHING,
    upstream: undefined,
  }
}

const APP = clientOf('app', ['app-*'], {
  kind: 'keys',
  accessKeyId: KEYS.accessKeyId,
  secretAccessKeys: [KEYS.secretAccessKey, NEXT.secretAccessKey],
  sessionToken: undefined,
})
const SIDECAR = clientOf('sidecar', ['*'], { kind: 'anonymous' })

function contextOf(change: Partial<AuthenticationContext> = {}): AuthenticationContext {
  return {
    clientsByAccessKeyId: new Map([[KEYS.accessKeyId, APP]]),
    unsignedClient: undefined,
    region: REGION,
    keys: new SigningKeyCache(),
    nowMs: NOW_MS,
    stripsEncryption: false,
    ...change,
  }
}

interface Sent {
  readonly method?: string
  readonly target?: string
  readonly keys?: { readonly accessKeyId: string; readonly secretAccessKey: string } | undefined
  readonly region?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Not signed. */
  readonly more?: HeaderList
}

/** A request signed by aws4, parsed. */
function request({
  method = 'GET',
  target = '/app-data/k',
  keys = KEYS,
  region = REGION,
  headers = {},
  more = [],
}: Sent = {}): S3Request {
  const signed = aws4.sign(
    {
      service: 's3',
      region,
      method,
      host: HOST,
      path: target,
      headers: {
        host: HOST,
        'x-amz-date': DATE,
        'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
        ...headers,
      },
    },
    keys,
  )
  const list: string[] = []
  for (const [name, value] of Object.entries(signed.headers ?? {})) {
    list.push(name.toLowerCase(), String(value))
  }
  return parse(method, target, [...list, ...more])
}

function parse(method: string, target: string, headers: HeaderList): S3Request {
  const parsed = readRequest(method, target, headers, [HOST], new Set([ALIAS]))
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}

/** The client's name, or `Code reason`. */
function verdict(parsed: S3Request, change: Partial<AuthenticationContext> = {}): string {
  const result = identify(contextOf(change), parsed)
  return result.ok ? result.value.client.name : `${result.error.code} ${result.error.reason}`
}

const UNSIGNED = parse('GET', '/app-data/k', ['host', HOST])
const SSE = 'x-amz-server-side-encryption'
const STRIP: Partial<AuthenticationContext> = { stripsEncryption: true }
const LATER: HeaderList = [SSE, 'aws:kms']
const MIXED: Partial<AuthenticationContext> = { unsignedClient: SIDECAR }
const NOBODY = { accessKeyId: 'SGNOBODY', secretAccessKey: 'x' }
const WRONG = { ...KEYS, secretAccessKey: 'wrong' }

const TABLE: readonly (readonly [string, S3Request, Partial<AuthenticationContext>, string])[] = [
  ['a good signature', request(), {}, 'app'],
  ['one by the next secret', request({ keys: NEXT }), {}, 'app'],
  ['a wrong secret', request({ keys: WRONG }), {}, 'SignatureDoesNotMatch signature-mismatch'],
  ['an unknown key', request({ keys: NOBODY }), {}, 'InvalidAccessKeyId unknown-access-key'],
  ['none', UNSIGNED, {}, 'AccessDenied anonymous'],
  ['none, where none is asked for', UNSIGNED, MIXED, 'sidecar'],
  ['an unknown key, where none is asked for', request({ keys: NOBODY }), MIXED, 'sidecar'],
  ['a good one, where none is asked for', request(), MIXED, 'app'],
  [
    'a good one over an encryption header that is taken off',
    request({ headers: { [SSE]: 'aws:kms' } }),
    STRIP,
    'app',
  ],
  ['a good one beside one that is taken off', request({ more: LATER }), STRIP, 'app'],
  [
    'a good one beside one that is not taken off',
    request({ more: LATER }),
    {},
    'AccessDenied headers-not-signed',
  ],
  [
    'a good one beside the encryption header of an upload',
    request({ method: 'PUT', more: LATER }),
    STRIP,
    'AccessDenied headers-not-signed',
  ],
  [
    'a good one beside an SSE-C header',
    request({ more: [`${SSE}-customer-algorithm`, 'AES256'] }),
    STRIP,
    'AccessDenied headers-not-signed',
  ],
  [
    'a wrong one, where none is asked for',
    request({ keys: WRONG }),
    MIXED,
    'SignatureDoesNotMatch signature-mismatch',
  ],
  [
    'another region',
    request({ region: 'us-east-1' }),
    {},
    'AuthorizationHeaderMalformed scope-region-wrong',
  ],
  [
    'another region that is accepted',
    request({ region: 'us-east-1' }),
    { otherRegions: ['us-east-1'] },
    'app',
  ],
  ['15 minutes early', request(), { nowMs: NOW_MS - 900_000 }, 'app'],
  ['15 minutes late', request(), { nowMs: NOW_MS + 900_000 }, 'app'],
  ['a second more', request(), { nowMs: NOW_MS + 901_000 }, 'RequestTimeTooSkewed clock-skew'],
  [
    'an unsigned header',
    request({ more: ['x-amz-acl', 'private'] }),
    {},
    'AccessDenied headers-not-signed',
  ],
]

for (const [name, parsed, change, expected] of TABLE) {
  t.test(`signature: ${name}`, async (t) => {
    t.equal(verdict(parsed, change), expected)
  })
}

t.test('only a verified signature is the seed of others', async (t) => {
  t.match(identify(contextOf(), request()), {
    ok: true,
    value: { verified: { timestamp: DATE } },
  })
  t.match(identify(contextOf(MIXED), UNSIGNED), { ok: true, value: { verified: undefined } })
  const unknown = identify(contextOf(MIXED), request({ keys: NOBODY }))
  t.match(unknown, { ok: true, value: { verified: undefined } })
})

t.test('the key id of a client that has no keys is unknown', async (t) => {
  const certified = clientOf('c', ['*'], { kind: 'certificate', subject: 'CN=c', san: undefined })
  const clientsByAccessKeyId = new Map([[KEYS.accessKeyId, certified]])
  t.equal(verdict(request(), { clientsByAccessKeyId }), 'InvalidAccessKeyId unknown-access-key')
})

t.test('a client may use its own buckets, also as sources of copies', async (t) => {
  const copy = (source: string) =>
    request({ method: 'PUT', headers: { 'x-amz-copy-source': source } })
  t.equal(verdict(request({ target: '/other/k' })), 'AccessDenied bucket-not-allowed')
  t.equal(verdict(request({ target: '/' })), 'app', 'the answer is filtered')
  t.equal(verdict(copy('/app-other/k')), 'app')
  t.equal(verdict(copy('/other/k')), 'AccessDenied copy-source-not-allowed')
  // That the configuration names it makes it known, and nobody's yet.
  t.equal(verdict(copy(`/${ALIAS}/k`)), 'AccessDenied copy-source-not-allowed')
  t.equal(verdict(request({ target: `/${ALIAS}/k` })), 'AccessDenied bucket-not-allowed')
  const nobody = clientOf('none', [], SIDECAR.identity)
  t.equal(refusedByGrants(nobody, UNSIGNED)?.reason, 'bucket-not-allowed')
})

t.test('a preflight is about some client’s bucket, and nobody’s request', async (t) => {
  const preflight = (bucket: string) =>
    parse('OPTIONS', `/${bucket}/k`, [
      ...['host', HOST, 'origin', 'https://a.example'],
      ...['access-control-request-method', 'PUT'],
    ])
  t.ok(isPreflight(preflight('app-data')))
  t.notOk(isPreflight(UNSIGNED))
  t.equal(verdict(preflight('app-data')), '(preflight)')
  t.equal(verdict(preflight('other')), 'AccessDenied bucket-not-allowed')
  t.equal(verdict(preflight('other'), MIXED), '(preflight)')
  t.ok(isAnyClientsBucket(contextOf({}), 'app-data'))
  t.notOk(isAnyClientsBucket(contextOf({}), 'other'))
})

t.test('the region that a signature must name', async (t) => {
  const context = contextOf({ otherRegions: ['us-east-1', 'us-west-2'] })
  t.equal(expectedRegion(context, 'us-west-2'), 'us-west-2')
  t.equal(expectedRegion(context, REGION), REGION)
  t.equal(expectedRegion(context, 'elsewhere'), REGION)
  t.equal(expectedRegion(contextOf(), 'us-east-1'), REGION)
})

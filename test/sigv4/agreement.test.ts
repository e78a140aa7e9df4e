/**
 * Two signers that are not ours, aws4 and smithy's, sign a thousand generated requests with hostile
 * keys, queries and headers; our verifier must take each, and none once one thing of it is changed.
 */

import { createHash, createHmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import aws4 from 'aws4'
import fc from 'fast-check'
import t from 'tap'
import { headerListFromRaw, headerValue } from '../../src/base/header-list.ts'
import { canonicalQuery } from '../../src/s3/query.ts'
import { parseTarget } from '../../src/s3/target.ts'
import { signRequest } from '../../src/sigv4/sign.ts'
import { SigningKeyCache } from '../../src/sigv4/signing-key.ts'
import {
  ACCESS_KEY_ID,
  NOW_MS,
  outcomeOf,
  REGION,
  SECRET_ACCESS_KEY,
  TIMESTAMP,
  verifyWire,
} from './example.ts'

/** A request as a client's program has it: texts are Unicode, nothing is encoded. */
interface Intent {
  readonly method: string
  readonly host: string
  readonly key: string
  readonly query: readonly (readonly [name: string, value: string])[]
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly payloadHash: string
  readonly sessionToken: string | undefined
}

/** What is on the wire has no control characters; both signers trim more than blanks from values. */
const isFieldText = (text: string): boolean =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what must not be there.
  !/[\x00-\x08\x0a-\x1f\x7f-\x9f]/.test(text) && !/[^\S \t]/.test(text)

const anyText = fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => !text.includes('\0'))

const hostile = fc.constantFrom(
  '.',
  '..',
  '',
  '%2F',
  '%2e%2e',
  '%',
  '%zz',
  'a+b c',
  '+',
  'ü',
  '日本',
  'e\u0301',
  '\u{1f600}',
  'a;b=c&d',
  "!'()*",
  '~-_.',
  '#frag',
  '?query',
  '\\',
  '"<>{}|^`',
  'x'.repeat(255),
)

const segment = fc.oneof(hostile, hostile, anyText)
const key = fc.array(segment, { maxLength: 5 }).map((segments) => segments.join('/'))

const queryName = fc.oneof(
  fc.constantFrom(
    'list-type',
    'prefix',
    'uploads',
    'partNumber',
    'a',
    'a-b',
    'A',
    'ä',
    'x-id',
    '10',
    '9',
  ),
  anyText.filter((text) => text !== ''),
)
/** Smithy keeps parameters in a plain object, where `__proto__` is no key. */
const isHeaderName = (name: string) =>
  !/^x-amz-|^awsaccesskeyid$|^signature$|^__proto__$/i.test(name)
const query = fc.uniqueArray(fc.tuple(queryName.filter(isHeaderName), fc.oneof(hostile, anyText)), {
  selector: ([name]) => name,
  maxLength: 6,
})

const headerName = fc.oneof(
  fc.constantFrom(
    'content-type',
    'content-md5',
    'Content-Language',
    'if-match',
    'X-AMZ-ACL',
    'x-custom',
  ),
  fc.stringMatching(/^[a-z0-9-]{1,12}$/).map((suffix) => `x-amz-meta-${suffix}`),
)
const headerText = fc.oneof(
  fc.constantFrom('', 'a', '  a  ', 'a   b', 'a\tb', '"a, b"', 'a,b', 'ü à', 'Ã ', '日本', 'a=b;c'),
  anyText.filter(isFieldText),
)
const headers = fc.uniqueArray(fc.tuple(headerName, headerText), {
  selector: ([name]) => name.toLowerCase(),
  maxLength: 6,
})

const payloadHash = fc.constantFrom(
  'UNSIGNED-PAYLOAD',
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
)

const intent: fc.Arbitrary<Intent> = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE'),
  host: fc.constantFrom('bucket.s3.amazonaws.com', '127.0.0.1:8080', 'localhost', '[::1]:9000'),
  key,
  query,
  headers,
  payloadHash,
  sessionToken: fc.constantFrom(undefined, 'FwoGZXIvYXdzEXAMPLE//token=='),
})

/** Not our encoder: the signers' targets are made with the platform's. */
const encode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )

const pathOf = ({ key: text }: Intent): string => `/${text.split('/').map(encode).join('/')}`

function targetOf(request: Intent): string {
  const pairs = request.query.map(([name, value]) => `${encode(name)}=${encode(value)}`)
  return pairs.length === 0 ? pathOf(request) : `${pathOf(request)}?${pairs.join('&')}`
}

/** Headers as octets, one latin1 character each, as node:http shows them. */
const wireHeaders = (list: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(list).flatMap(([name, value]) => [
    name,
    Buffer.from(String(value).replace(/^[ \t]+|[ \t]+$/g, ''), 'utf8').toString('latin1'),
  ])

function signWithAws4(request: Intent): string[] {
  const signed = aws4.sign(
    {
      service: 's3',
      region: REGION,
      method: request.method,
      host: request.host,
      path: targetOf(request),
      headers: {
        Host: request.host,
        ...Object.fromEntries(request.headers),
        'X-Amz-Content-Sha256': request.payloadHash,
        'X-Amz-Date': TIMESTAMP,
      },
    },
    {
      accessKeyId: ACCESS_KEY_ID,
      secretAccessKey: SECRET_ACCESS_KEY,
      ...(request.sessionToken === undefined ? {} : { sessionToken: request.sessionToken }),
    },
  )
  return wireHeaders(signed.headers ?? {})
}

class Sha256 {
  readonly #secret: string | Uint8Array | undefined
  readonly #parts: Uint8Array[] = []

  constructor(secret?: unknown) {
    if (typeof secret === 'string' || secret instanceof Uint8Array) this.#secret = secret
  }

  update(data: Uint8Array): void {
    this.#parts.push(data)
  }

  digest(): Promise<Uint8Array> {
    const hash =
      this.#secret === undefined ? createHash('sha256') : createHmac('sha256', this.#secret)
    for (const part of this.#parts) hash.update(part)
    return Promise.resolve(new Uint8Array(hash.digest()))
  }

  reset(): void {
    this.#parts.length = 0
  }
}

function smithySigner(sessionToken: string | undefined): SignatureV4 {
  return new SignatureV4({
    credentials: {
      accessKeyId: ACCESS_KEY_ID,
      secretAccessKey: SECRET_ACCESS_KEY,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
    region: REGION,
    service: 's3',
    sha256: Sha256,
    uriEscapePath: false,
  })
}

function smithyRequest(request: Intent, list: Record<string, string>) {
  return {
    method: request.method,
    protocol: 'https:',
    hostname: 'unused',
    path: pathOf(request),
    query: Object.fromEntries(request.query),
    headers: list,
  }
}

async function signWithSmithy(request: Intent): Promise<string[]> {
  const signed = await smithySigner(request.sessionToken).sign(
    smithyRequest(request, {
      host: request.host,
      ...Object.fromEntries(request.headers),
      'x-amz-content-sha256': request.payloadHash,
    }),
    { signingDate: new Date(NOW_MS) },
  )
  return wireHeaders(signed.headers)
}

t.test('aws4 signs, we verify', (t) => {
  fc.assert(
    fc.property(intent, (request) => {
      const list = signWithAws4(request)
      const wire = { method: request.method, target: targetOf(request), headers: list }
      const known = { sessionToken: request.sessionToken }
      const outcome = outcomeOf(verifyWire(wire, known))
      if (outcome !== 'ok') throw new Error(outcome)
    }),
    { numRuns: 500 },
  )
  t.pass('no counterexample')
  t.end()
})

t.test('smithy signs, we verify', async (t) => {
  await fc.assert(
    fc.asyncProperty(intent, async (request) => {
      const list = await signWithSmithy(request)
      const wire = { method: request.method, target: targetOf(request), headers: list }
      const outcome = outcomeOf(verifyWire(wire, { sessionToken: request.sessionToken }))
      if (outcome !== 'ok') throw new Error(outcome)
    }),
    { numRuns: 500 },
  )
  t.pass('no counterexample')
})

t.test('smithy presigns, we verify', async (t) => {
  await fc.assert(
    fc.asyncProperty(intent, fc.integer({ min: 1, max: 604_800 }), async (request, expiresIn) => {
      const { method, host, sessionToken } = request
      const signed = await smithySigner(sessionToken).presign(
        smithyRequest(request, {
          host,
          ...Object.fromEntries(request.headers),
          'x-amz-content-sha256': request.payloadHash,
        }),
        { signingDate: new Date(NOW_MS), expiresIn },
      )
      const pairs = Object.entries(signed.query ?? {}).map(
        ([name, value]) => `${encode(name)}=${encode(String(value))}`,
      )
      const wire = {
        method,
        target: `${pathOf(request)}?${pairs.join('&')}`,
        headers: wireHeaders(signed.headers),
      }
      const outcome = outcomeOf(
        verifyWire(wire, { sessionToken, nowMs: NOW_MS + expiresIn * 1000 }),
      )
      if (outcome !== 'ok') throw new Error(outcome)
    }),
    { numRuns: 300 },
  )
  t.pass('no counterexample')
})

t.test('what we sign has the signature of smithy for the same headers, and verifies', async (t) => {
  const keys = new SigningKeyCache()
  await fc.assert(
    fc.asyncProperty(intent, async (request) => {
      const signable = request.headers.filter(([name]) =>
        /^(x-amz-|content-(type|md5)$)/i.test(name),
      )
      const others = request.headers.filter((header) => !signable.includes(header))
      const smithy = await signWithSmithy({ ...request, headers: signable })
      const target = parseTarget(targetOf(request))
      if (!target.ok) throw new Error(target.error.message)
      const ours = signRequest({
        method: request.method,
        path: pathOf(request),
        query: canonicalQuery(target.value.query),
        headers: headerListFromRaw(
          wireHeaders({ host: request.host, ...Object.fromEntries([...signable, ...others]) }),
        ),
        payloadHash: request.payloadHash,
        credentials: {
          accessKeyId: ACCESS_KEY_ID,
          secretAccessKey: SECRET_ACCESS_KEY,
          sessionToken: request.sessionToken,
        },
        region: REGION,
        service: 's3',
        nowMs: NOW_MS,
        keys,
      })
      const authorization = headerValue(ours.headers, 'authorization')
      if (authorization !== headerValue(headerListFromRaw(smithy), 'authorization')) {
        throw new Error(`${authorization}`)
      }
      const wire = { method: request.method, target: targetOf(request), headers: ours.headers }
      const verified = verifyWire(wire, { sessionToken: request.sessionToken, keys })
      if (!verified.ok || verified.value.signature !== ours.seed.signature) {
        throw new Error(outcomeOf(verified))
      }
    }),
    { numRuns: 300 },
  )
  t.pass('no counterexample')
})

t.test('a signed request that is changed in one place is not verified', (t) => {
  fc.assert(
    fc.property(intent, fc.nat(5), (request, which) => {
      const list = signWithAws4(request)
      const changes: readonly Partial<Intent>[] = [
        { method: request.method === 'PUT' ? 'POST' : 'PUT' },
        { key: `${request.key}/` },
        { query: [...request.query, ['one-more', '']] },
        { key: `/${request.key}` },
        { query: [['another', ''], ...request.query.slice(1)] },
      ]
      const change = changes[which]
      const changed = { ...request, ...change }
      if (targetOf(changed) === targetOf(request) && changed.method === request.method) {
        list[list.indexOf('Host') + 1] = 'another.example.com'
      }
      const outcome = outcomeOf(
        verifyWire(
          { method: changed.method, target: targetOf(changed), headers: list },
          { sessionToken: request.sessionToken },
        ),
      )
      return outcome === 'SignatureDoesNotMatch: signature-mismatch'
    }),
    { numRuns: 300 },
  )
  t.pass('no counterexample')
  t.end()
})

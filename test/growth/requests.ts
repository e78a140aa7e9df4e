import { headOf } from '../support/chunked-request.ts'
import { buildForm, type Form, fieldPart, formHead } from '../support/form-request.ts'
import { CLIENT, REGION } from '../support/rig.ts'
import {
  amzDate,
  EMPTY_HASH,
  type Field,
  requestSignature,
  scopeText,
  sha256Hex,
  signedHeadersOf,
} from '../support/signer.ts'

/** A kind of request that may hold any number of something. */
export interface RequestShape {
  readonly name: string
  /** How many at most, within the limits for heads (16 KiB), forms (20 KiB) and small bodies. */
  readonly most: number
  /** Characters of one. */
  readonly length: number
  /** The octets of a request with so many, to that port. */
  readonly build: (port: number, count: number) => Buffer
}

const SIGNED: readonly RequestShape[] = [
  {
    name: 'signed headers',
    most: 96,
    length: 60,
    build: (port, n) => signed(port, { fields: metadata(n) }),
  },
  {
    name: 'fields of one signed header',
    most: 400,
    length: 16,
    build: (port, n) => signed(port, { fields: times(n, () => ['x-amz-meta-a', '']) }),
  },
  {
    name: 'headers, and of each twelve one that is signed',
    most: 90,
    length: 120,
    build: (port, n) =>
      signed(port, { fields: metadata(n), unsigned: times(12 * n, () => ['a', '']) }),
  },
  {
    name: 'fields of one signed header, and of each three one that is signed',
    most: 90,
    length: 130,
    build: (port, n) =>
      signed(port, {
        fields: [...metadata(n), ...times(3 * n, (): Field => ['x-amz-meta-0', ''])],
      }),
  },
  {
    name: 'headers that would have to be signed',
    most: 700,
    length: 20,
    build: (port, n) => signed(port, { unsigned: times(n, (i) => [`x-amz-meta-${i}`, '']) }),
  },
  {
    name: 'query parameters',
    most: 120,
    length: 8,
    build: (port, n) => signed(port, { method: 'GET', query: times(n, (i) => [`x-q${i}`, 'v']) }),
  },
  {
    name: 'empty parts of a query',
    most: 14_000,
    length: 1,
    build: (port, n) =>
      signed(port, { method: 'GET', key: '', query: [['prefix', '']], rawQuery: '&'.repeat(n) }),
  },
  {
    name: 'slashes of a key',
    most: 1000,
    length: 1,
    build: (port, n) => signed(port, { key: 'a/'.repeat(n / 2) }),
  },
  {
    name: 'escapes of a key',
    most: 1000,
    length: 3,
    build: (port, n) => signed(port, { key: '%01'.repeat(n) }),
  },
  {
    name: 'blanks of a signed value',
    most: 12_000,
    length: 1,
    build: (port, n) => signed(port, { fields: [['x-amz-meta-a', `b${' '.repeat(n)}c`]] }),
  },
  {
    name: 'headers, and of each ten one that is hoisted',
    most: 100,
    length: 90,
    build: (port, n) =>
      presigned(port, {
        query: times(n, (i) => [`x-amz-meta-${i}`, 'v']),
        unsigned: times(10 * n, () => ['a', '']),
      }),
  },
  {
    name: 'long values behind parameters without one',
    most: 120,
    length: 120,
    build: (port, n) =>
      signed(port, {
        method: 'GET',
        query: [...times(n, (i): Field => [`x-${i}`, '']), ['x', 'v'.repeat(100 * n)]],
      }),
  },
  {
    name: 'codings of Content-Encoding',
    most: 4000,
    length: 3,
    build: (port, n) => signed(port, { unsigned: [['content-encoding', 'a, '.repeat(n)]] }),
  },
  {
    name: 'names in Connection',
    most: 4000,
    length: 2,
    build: (port, n) => signed(port, { unsigned: [['connection', 'a,'.repeat(n)]] }),
  },
  {
    name: 'ranges',
    most: 3000,
    length: 4,
    build: (port, n) =>
      signed(port, { method: 'GET', unsigned: [['range', `bytes=${'0-1,'.repeat(n)}`]] }),
  },
  {
    name: 'elements of a restore',
    most: 15_000,
    length: 4,
    build: (port, n) =>
      signed(port, {
        method: 'POST',
        query: [['restore', '']],
        body: `<a>${'<b/>'.repeat(n)}</a>`,
      }),
  },
  {
    name: 'keys to delete',
    most: 1000,
    length: 60,
    build: (port, n) => {
      const keys = times(n, (i) => `<Object><Key>key-${i}</Key></Object>`).join('')
      const query: Field[] = [['delete', '']]
      return signed(port, { method: 'POST', key: '', query, body: `<Delete>${keys}</Delete>` })
    },
  },
]

const FORMS: readonly RequestShape[] = [
  {
    name: 'fields of a form',
    most: 90,
    length: 150,
    build: (port, n) => form(port, { fields: [['key', 'k'], ...metadata(n)] }),
  },
  {
    name: 'ignored fields of a form',
    most: 180,
    length: 80,
    build: (port, n) =>
      form(port, {
        fields: [['key', 'k']],
        before: times(n, (i) => fieldPart(`x-ignore-${i}`, '')),
      }),
  },
  {
    name: 'conditions of a policy',
    most: 180,
    length: 60,
    build: (port, n) =>
      form(port, {
        fields: [['key', 'k']],
        conditions: [{ key: 'k' }, ...times(n, () => ['starts-with', '$key', ''])],
      }),
  },
  {
    name: 'conditions on a Content-Type, and of each forty an item of its list',
    most: 180,
    length: 120,
    build: (port, n) =>
      form(port, {
        fields: [
          ['key', 'k'],
          ['Content-Type', 'a,'.repeat(20 * n)],
        ],
        conditions: [{ key: 'k' }, ...times(n, () => ['starts-with', '$Content-Type', ''])],
      }),
  },
  {
    name: 'variables in a key (attack 9)',
    most: 1000,
    length: 11,
    build: (port, n) =>
      form(port, {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's variable has this very form.
        fields: [['key', '${filename}'.repeat(n)]],
        disposition: `form-data; name="file"; filename="${'x'.repeat(2 * n)}"`,
      }),
  },
  {
    name: 'parameters of a part',
    most: 2500,
    length: 4,
    build: (port, n) =>
      form(port, {
        fields: [['key', 'k']],
        disposition: `form-data; name="file"${times(n, (i) => `;a${i}=b`).join('')}`,
      }),
  },
  {
    name: 'fields behind the file',
    most: 200,
    length: 80,
    build: (port, n) =>
      form(port, {
        fields: [['key', 'k']],
        after: times(n, (i) => fieldPart(`submit-${i}`, '')),
      }),
  },
  {
    name: 'near boundaries in a file',
    most: 10_000,
    length: 4,
    build: (port, n) =>
      form(port, { fields: [['key', 'k']], boundary: 'b', file: '\r\n--'.repeat(n) }),
  },
]

/** To a listener that asks for no signature, so that no list of signed headers bounds the rest. */
export const ANONYMOUS_SHAPES: readonly RequestShape[] = [
  {
    name: 'metadata of a client that does not sign',
    most: 280,
    length: 22,
    build: (port, n) =>
      unsigned(port, '/bucket/k', [['content-length', '0'], ...metadata(n)], 'PUT'),
  },
  {
    name: 'one piece of metadata many times',
    most: 400,
    length: 18,
    build: (port, n) =>
      unsigned(
        port,
        '/bucket/k',
        [['content-length', '0'], ...times(n, (): Field => ['x-amz-meta-a', ''])],
        'PUT',
      ),
  },
]

/** Of nobody: refused, and no cheaper for it. */
const UNKNOWN: readonly RequestShape[] = [
  {
    name: 'headers of nobody',
    most: 2400,
    length: 6,
    build: (port, n) =>
      unsigned(
        port,
        '/bucket/k',
        times(n, () => ['a', '']),
      ),
  },
  {
    name: 'parameters of nobody',
    most: 120,
    length: 6,
    build: (port, n) => unsigned(port, `/bucket/k?${times(n, (i) => `q${i}=v`).join('&')}`, []),
  },
  {
    name: 'an Authorization of nobody',
    most: 12_000,
    length: 1,
    build: (port, n) =>
      unsigned(port, '/bucket/k', [['authorization', `AWS4-HMAC-SHA256 ${','.repeat(n)}`]]),
  },
]

export const REQUEST_SHAPES: readonly RequestShape[] = [...SIGNED, ...FORMS, ...UNKNOWN]

interface SignedRequest {
  readonly method?: string
  /** As it stands in the target. */
  readonly key?: string
  readonly query?: readonly Field[]
  /** Behind the query. */
  readonly rawQuery?: string
  readonly fields?: readonly Field[]
  readonly unsigned?: readonly Field[]
  readonly body?: string
}

function signed(port: number, request: SignedRequest): Buffer {
  const { method = 'PUT', key = 'k', query = [], body = '' } = request
  const target = targetOf(key, query)
  const payloadHash = sha256Hex(body)
  const fields: Field[] = [
    ['host', `127.0.0.1:${port}`],
    ['x-amz-date', amzDate(Date.now())],
    ['x-amz-content-sha256', payloadHash],
    ...(request.fields ?? []),
  ]
  const scope = { keys: CLIENT, region: REGION, date: fields[1]?.[1] ?? '' }
  const signature = requestSignature({ method, target, fields, payloadHash }, scope)
  const authorization = `AWS4-HMAC-SHA256 Credential=${CLIENT.accessKeyId}/${scopeText(scope)}, SignedHeaders=${signedHeadersOf(fields)}, Signature=${signature}`
  const all: Field[] = [
    ...fields,
    ['authorization', authorization],
    ['content-length', String(body.length)],
    ...(request.unsigned ?? []),
  ]
  return Buffer.from(`${headOf(method, `${target}${request.rawQuery ?? ''}`, all)}${body}`)
}

function presigned(port: number, request: SignedRequest): Buffer {
  const host: Field = ['host', `127.0.0.1:${port}`]
  const scope = { keys: CLIENT, region: REGION, date: amzDate(Date.now()) }
  const target = targetOf('k', [
    ...(request.query ?? []),
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
    ['X-Amz-Credential', encodeURIComponent(`${CLIENT.accessKeyId}/${scopeText(scope)}`)],
    ['X-Amz-Date', scope.date],
    ['X-Amz-Expires', '600'],
    ['X-Amz-SignedHeaders', 'host'],
  ])
  const signable = { method: 'PUT', target, fields: [host], payloadHash: 'UNSIGNED-PAYLOAD' }
  const whole = `${target}&X-Amz-Signature=${requestSignature(signable, scope)}`
  const length: Field = ['content-length', '0']
  return Buffer.from(headOf('PUT', whole, [host, length, ...(request.unsigned ?? [])]))
}

function unsigned(port: number, target: string, fields: readonly Field[], method = 'GET'): Buffer {
  const host: Field = ['host', `127.0.0.1:${port}`]
  const hash: Field = ['x-amz-content-sha256', EMPTY_HASH]
  return Buffer.from(headOf(method, target, [host, hash, ...fields]))
}

function form(port: number, content: Form): Buffer {
  const body = buildForm(content)
  return Buffer.concat([Buffer.from(formHead(port, content, body.length)), body])
}

function targetOf(key: string, query: readonly Field[]): string {
  const path = key === '' ? '/bucket' : `/bucket/${key}`
  const text = query.map(([name, value]) => `${name}=${value}`).join('&')
  return text === '' ? path : `${path}?${text}`
}

function metadata(count: number): readonly Field[] {
  return times(count, (i) => [`x-amz-meta-${i}`, 'v'])
}

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i))
}

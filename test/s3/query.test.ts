import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  canonicalQuery,
  parseQuery,
  QUERY_PARAMETERS_MAX,
  type QueryParameter,
} from '../../src/s3/query.ts'

function parsed(raw: string): readonly QueryParameter[] {
  const result = parseQuery(raw)
  if (!result.ok) throw new Error(`refused: ${raw}: ${result.error.reason}`)
  return result.value
}

function reasonOf(raw: string): string {
  const result = parseQuery(raw)
  return result.ok ? 'accepted' : `${result.error.code} ${result.error.reason}`
}

/** In an order of its own, to compare lists whatever their order is. */
function sorted(parameters: readonly QueryParameter[]): readonly string[] {
  return parameters.map(({ name, value }) => JSON.stringify([name, value])).sort()
}

const parameter = fc.record({
  name: fc.string({ unit: 'binary', minLength: 1 }).filter((s) => !s.includes('\0')),
  value: fc.string({ unit: 'binary' }).filter((s) => !s.includes('\0')),
})

t.test('parameters are read in wire order, duplicates kept', async (t) => {
  const rows: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    ['', []],
    ['acl', [['acl', '']]],
    ['acl=', [['acl', '']]],
    [
      'list-type=2&prefix=a%2Fb',
      [
        ['list-type', '2'],
        ['prefix', 'a/b'],
      ],
    ],
    ['prefix=a+b%2Bc', [['prefix', 'a b+c']]],
    ['prefix=a=b', [['prefix', 'a=b']]],
    [
      'a=1&a=2',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    [
      '&a&&b&',
      [
        ['a', ''],
        ['b', ''],
      ],
    ],
    ['?', [['?', '']]],
    ['upload%73', [['uploads', '']]],
    ['x=1%3Buploads', [['x', '1;uploads']]],
    ['prefix=\xc3\xbc', [['prefix', 'ü']]],
    ['x=1;uploads', [['x', '1;uploads']]],
    [';', [[';', '']]],
    [
      ';uploads&uploads;=;&a;b',
      [
        [';uploads', ''],
        ['uploads;', ';'],
        ['a;b', ''],
      ],
    ],
  ]
  for (const [raw, expected] of rows) {
    t.strictSame(
      parsed(raw),
      expected.map(([name, value]) => ({ name, value })),
      raw,
    )
  }
})

/** What RFC 3986 allows raw in a query: `pchar`, `/` and `?`. */
const RFC_3986_QUERY =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/?"

t.test('every character that RFC 3986 allows raw in a query is taken, as data', async (t) => {
  for (const character of RFC_3986_QUERY) {
    if (character === '&' || character === '+') continue
    const value = [{ name: 'prefix', value: `a${character}b` }]
    t.strictSame(parsed(`prefix=a${character}b`), value, character)
    t.strictSame(parsed(canonicalQuery(value)), value, character)
    if (character === '=') continue
    t.strictSame(parsed(`a${character}b=c`), [{ name: `a${character}b`, value: 'c' }], character)
  }
})

t.test('no raw character but & and = is left in what goes upstream', async () => {
  const raw = fc.string({ unit: fc.constantFrom(...RFC_3986_QUERY), maxLength: 60 })
  fc.assert(
    fc.property(raw, (text) => {
      const result = parseQuery(text)
      if (result.ok) assert.match(canonicalQuery(result.value), /^[A-Za-z0-9\-._~%&=]*$/)
    }),
  )
})

t.test('a raw # is refused, and so is what cannot be decoded', async (t) => {
  for (const raw of ['a#b', '#']) {
    t.equal(reasonOf(raw), 'InvalidURI query-syntax', raw)
  }
  for (const raw of ['=', '=x', 'a&=b']) t.equal(reasonOf(raw), 'InvalidURI query-syntax', raw)
  for (const raw of ['%', 'a=%zz', '%ff=', 'a=%00', '%00', 'a=\xfc']) {
    t.equal(reasonOf(raw), 'InvalidURI query-encoding', raw)
  }
})

t.test('the limit on parameters holds at the limit and one above', async (t) => {
  const query = (count: number) => Array.from({ length: count }, (_, i) => `p${i}`).join('&')
  t.equal(parsed(query(QUERY_PARAMETERS_MAX)).length, QUERY_PARAMETERS_MAX)
  t.equal(reasonOf(query(QUERY_PARAMETERS_MAX + 1)), 'InvalidURI query-too-long')
})

t.test('the canonical query is sorted by encoded name, then value', async (t) => {
  const rows = [
    [
      'prefix=somePrefix&marker=someMarker&max-keys=20',
      'marker=someMarker&max-keys=20&prefix=somePrefix',
    ],
    ['', ''],
    ['acl', 'acl='],
    ['prefix=a+b%3bc', 'prefix=a%20b%3Bc'],
    ['prefix=a;uploads', 'prefix=a%3Buploads'],
    ['b=2&b=1&a', 'a=&b=1&b=2'],
    ['a-b=1&a=1', 'a=1&a-b=1'],
    ['b&A&a&B', 'A=&B=&a=&b='],
    ['%7E=1&a=%20', 'a=%20&~=1'],
    ['%C3%BC&z', '%C3%BC=&z='],
  ] as const
  for (const [raw, expected] of rows) t.equal(canonicalQuery(parsed(raw)), expected, raw)
})

t.test('the canonical query is parsed to what it was made of', async () => {
  fc.assert(
    fc.property(fc.array(parameter, { maxLength: 10 }), (parameters) => {
      const plain = parameters.map(({ name, value }) => ({ name, value }))
      assert.deepEqual(sorted(parsed(canonicalQuery(plain))), sorted(plain))
      assert.equal(canonicalQuery(parsed(canonicalQuery(plain))), canonicalQuery(plain))
      assert.equal(canonicalQuery([...plain].reverse()), canonicalQuery(plain))
    }),
  )
})

t.test('no octets make the parser throw', async () => {
  const octets = fc.string({
    unit: fc.oneof(
      fc.constantFrom('&', '=', '%', '+', ';', '%3D', '%26'),
      fc.integer({ min: 0, max: 255 }).map((octet) => String.fromCharCode(octet)),
    ),
  })
  fc.assert(
    fc.property(octets, (raw) => {
      const result = parseQuery(raw)
      if (!result.ok) return
      assert.deepEqual(sorted(parsed(canonicalQuery(result.value))), sorted(result.value))
    }),
    { numRuns: 300 },
  )
})

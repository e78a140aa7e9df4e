import t from 'tap'
import { partHoistedQuery } from '../../src/sigv4/hoisted-headers.ts'
import { outcomeOf } from './example.ts'

const part = (
  query: readonly (readonly [string, string])[],
  headers: readonly string[] = ['host', 'h'],
  signedHeaders: readonly string[] = ['host'],
) =>
  partHoistedQuery(
    query.map(([name, value]) => ({ name, value })),
    headers,
    signedHeaders,
  )

t.test('a query is parted', (t) => {
  t.same(
    part([
      ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
      ['x-id', 'PutObject'],
      ['X-Amz-Meta-A', 'ü'],
      ['X-AMZ-CONTENT-SHA256', 'UNSIGNED-PAYLOAD'],
      ['x-amz-server-side-encryption', 'AES256'],
      ['x-amz-checksum-mode', 'ENABLED'],
      ['X-Amz-Security-Token', 't'],
      ['response-content-type', 'text/plain'],
      ['x-amz-signature', 's'],
    ]),
    {
      ok: true,
      value: {
        hoistedHeaders: [
          'x-amz-meta-a',
          '\xc3\xbc',
          'x-amz-server-side-encryption',
          'AES256',
          'x-amz-checksum-mode',
          'ENABLED',
        ],
        remainingQuery: [
          { name: 'x-id', value: 'PutObject' },
          { name: 'response-content-type', value: 'text/plain' },
        ],
      },
    },
  )
  t.end()
})

t.test('the checksum of an empty body that the JavaScript SDK hoists is dropped', (t) => {
  const query = [
    ['x-amz-checksum-crc32', 'AAAAAA=='],
    ['x-amz-sdk-checksum-algorithm', 'CRC32'],
  ] as const
  t.match(part(query), { value: { hoistedHeaders: [], remainingQuery: [] } })
  const sent = ['host', 'h', 'x-amz-checksum-crc32', 'NhCmhg==']
  t.match(part(query, sent, ['host', 'x-amz-checksum-crc32']), { ok: false })
  t.match(part(query, sent), { value: { hoistedHeaders: [] } })
  t.match(part(query, ['host', 'h'], ['host', 'x-amz-checksum-crc32']), {
    value: { hoistedHeaders: ['x-amz-checksum-crc32', 'AAAAAA=='] },
  })
  t.end()
})

t.test('headers and parameters of one name must say the same', (t) => {
  const conflict = 'InvalidRequest: header-query-conflict'
  const query = [['X-Amz-Acl', 'private']] as const
  t.equal(outcomeOf(part(query, ['x-amz-acl', 'public-read'])), conflict)
  t.match(part(query, ['x-amz-acl', 'private']), { value: { hoistedHeaders: [] } })
  t.equal(outcomeOf(part(query, ['x-amz-acl', 'private', 'x-amz-acl', 'private'])), conflict)
  t.equal(outcomeOf(part([...query, ['x-amz-acl', 'private']])), conflict)
  t.end()
})

t.test('CVE-2026-54330: a copy source in the query is refused', (t) => {
  for (const name of ['x-amz-copy-source', 'X-Amz-Copy-Source', 'x-amz-copy-source-range']) {
    t.equal(outcomeOf(part([[name, 'b/k']])), 'AccessDenied: hoisted-copy-source', name)
  }
  t.end()
})

t.test('what no header can hold is refused', (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['x-amz-meta-a', 'a\r\nx-amz-acl: public-read'],
    ['x-amz-meta-a', 'a\nb'],
    ['x-amz-meta-a', '\u007f'],
    ['x-amz-meta-a b', 'c'],
    ['x-amz-meta-a:', 'c'],
    ['x-amz-meta-ü', 'c'],
    ['x-amz-', 'c\x00'],
    ['x-amz-security-to\u212aen-2', 'c'],
  ]
  for (const [name, value] of cases) {
    t.equal(outcomeOf(part([[name, value]])), 'InvalidRequest: hoisted-header-malformed', name)
  }
  t.equal(outcomeOf(part([['x-amz-meta-a', 'a\tb']])), 'ok')
  t.end()
})

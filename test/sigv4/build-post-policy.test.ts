import t from 'tap'
import { buildPostPolicy } from '../../src/sigv4/build-post-policy.ts'

const decode = (text: string) => Buffer.from(text, 'base64').toString('latin1')

t.test('a policy admits exactly the fields that are sent', (t) => {
  const text = buildPostPolicy({
    bucket: 'b',
    fields: [
      { name: 'key', value: 'k' },
      { name: 'Policy', value: 'x' },
      { name: 'x-ignore-me', value: 'x' },
      { name: 'x-amz-server-side-encryption', value: 'aws:kms' },
    ],
    contentLengthRange: { min: 0, max: 5_368_709_120 },
    expirationMs: Date.UTC(2015, 11, 30, 12, 0, 0, 999),
  })
  t.same(JSON.parse(decode(text)), {
    expiration: '2015-12-30T12:00:00Z',
    conditions: [
      { bucket: 'b' },
      { key: 'k' },
      { 'x-amz-server-side-encryption': 'aws:kms' },
      ['content-length-range', 0, 5_368_709_120],
    ],
  })
  t.end()
})

t.test('values are escaped to ASCII, dollar signs too', (t) => {
  const value = '$x "\\ \u007fü日\u{1f600}'
  const json = decode(
    buildPostPolicy({
      bucket: 'b',
      fields: [{ name: 'x-amz-meta-a', value }],
      contentLengthRange: undefined,
      expirationMs: 0,
    }),
  )
  t.match(json, /^[\x20-\x7e]*$/)
  t.notMatch(json, /\$/)
  t.same(JSON.parse(json), {
    expiration: '1970-01-01T00:00:00Z',
    conditions: [{ bucket: 'b' }, { 'x-amz-meta-a': value }],
  })
  t.end()
})

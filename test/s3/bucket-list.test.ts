import fc from 'fast-check'
import t from 'tap'
import { filterBucketList } from '../../src/s3/bucket-list.ts'

const bucket = (name: string) =>
  `<Bucket><Name>${name}</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate><BucketRegion>eu-central-1</BucketRegion></Bucket>`
const list = (entries: string, tail = '') =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>x</ID></Owner><Buckets>${entries}</Buckets>${tail}</ListAllMyBucketsResult>`
const isApp = (name: string) => name.startsWith('app-')

t.test('only visible buckets are left, everything else stays', async (t) => {
  const all = list(
    bucket('app-a') + bucket('other') + bucket('app-b'),
    '<ContinuationToken>z</ContinuationToken>',
  )
  const own = list(bucket('app-a') + bucket('app-b'), '<ContinuationToken>z</ContinuationToken>')
  t.equal(filterBucketList(all, isApp), own)
  t.equal(
    filterBucketList(all, () => true),
    all,
  )
  t.equal(filterBucketList(list(''), isApp), list(''))
  const none = list('').replace('<Buckets></Buckets>', '<Buckets/>')
  t.equal(filterBucketList(none, isApp), none)
  const spaced = list(`\n  ${bucket('other')}\n  ${bucket('app-a')}\n`)
  t.equal(filterBucketList(spaced, isApp), list(bucket('app-a')))
})

t.test('a document that a client could read differently is not passed', async (t) => {
  const other = bucket('other')
  for (const odd of [
    list(other.replace('<Bucket>', '<Bucket a="b">')),
    list(other.replaceAll('Bucket>', 's3:Bucket>')),
    list(other.replace('<Name>other', '<Name>app-a</Name><Name>other')),
    list(other.replace('<Name>other</Name>', '')),
    list(other.replace('other', '<![CDATA[app-a]]>')),
    list(other.replace('other', '&undefined;')),
    list(`<!-- -->${other}`),
    list(other.slice(0, -9)),
    list('') + list(other),
    list('', `<More>${other}</More>`),
    list('', `<Buckets>${other}</Buckets>`),
    list('').replace('<Buckets></Buckets>', other),
    list('').replace('<Buckets></Buckets>', `<s3:Buckets>${other}</s3:Buckets>`),
    list('').replace('</Buckets>', ''),
  ]) {
    t.equal(filterBucketList(odd, isApp), undefined, odd)
  }
})

t.test('no name that is not visible is left, in any mix of pieces', async (t) => {
  const piece = fc.constantFrom(
    ...[bucket('app-a'), bucket('other'), '<Bucket>', '</Bucket>', '<Name>other</Name>', '\n'],
    ...['<Buckets>', '</Buckets>', '<Name>', '</Name>', 'other', '<!--', '-->', '<Owner/>'],
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const filtered = filterBucketList(list(pieces.join('')), isApp)
      return filtered === undefined || !/<Bucket>(?:(?!<\/Bucket>)[\s\S])*other/.test(filtered)
    }),
    { numRuns: 2000 },
  )
  t.pass('no counterexample')
})

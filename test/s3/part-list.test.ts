import t from 'tap'
import { readPartList } from '../../src/s3/part-list.ts'

const part = (number: number, size: string) =>
  `<Part><PartNumber>${number}</PartNumber><ETag>&quot;e&quot;</ETag><Size>${size}</Size></Part>`
const page = (parts: string, isTruncated = false) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListPartsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Key>&lt;Size&gt;</Key><NextPartNumberMarker>2</NextPartNumberMarker><MaxParts>1000</MaxParts><IsTruncated>${isTruncated}</IsTruncated>${parts}</ListPartsResult>\n`

t.test('a page has the sum of its parts, and where the next one begins', async (t) => {
  t.strictSame(readPartList(page('')), { bytes: 0, nextMarker: undefined })
  const two = part(1, '5368709120') + part(2, '1')
  t.strictSame(readPartList(page(two)), { bytes: 5_368_709_121, nextMarker: undefined })
  t.strictSame(readPartList(page(two, true)), { bytes: 5_368_709_121, nextMarker: '2' })
})

t.test('what is no page is none', async (t) => {
  const good = page(part(1, '1'), true)
  for (const odd of [
    '',
    '<Error><Code>NoSuchUpload</Code></Error>',
    good.slice(0, -20),
    page(part(1, 'x')),
    page('<Part><PartNumber>1</PartNumber></Part>'),
    good.replace('<NextPartNumberMarker>2</NextPartNumberMarker>', ''),
  ]) {
    t.equal(readPartList(odd), undefined, odd)
  }
})

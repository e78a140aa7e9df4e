import fc from 'fast-check'
import t from 'tap'
import { LocationRewriter } from '../../src/proxy/location-rewriter.ts'

const OWN = 'http://127.0.0.1:8080/bucket/a%20key'

/** What comes out of a text in these pieces; undefined: it is broken. */
function rewrite(pieces: readonly string[]): string | undefined {
  const rewriter = new LocationRewriter(OWN)
  const out = pieces.map((piece) => rewriter.push(Buffer.from(piece, 'latin1')))
  const rest = rewriter.end()
  return rest === undefined ? undefined : Buffer.concat([...out, rest]).toString('latin1')
}

const RESULT = (location: string) =>
  `<?xml version="1.0" encoding="UTF-8"?>\n   \n<CompleteMultipartUploadResult xmlns="x"><Location>${location}</Location><Bucket>bucket</Bucket></CompleteMultipartUploadResult>`

t.test('the address in the first Location is ours', async (t) => {
  t.equal(rewrite([RESULT('https://bucket.s3.example/a%20key')]), RESULT(OWN))
  t.equal(rewrite([RESULT('')]), RESULT(OWN))
  const two = '<Location>a</Location><Location>b</Location>'
  t.equal(rewrite([two]), `<Location>${OWN}</Location><Location>b</Location>`)
})

t.test('the new Location is escaped for XML', async (t) => {
  const rewriter = new LocationRewriter('http://h/?a&b<')
  const out = rewriter.push(Buffer.from('<Location></Location>')).toString()
  t.equal(out, '<Location>http://h/?a&amp;b&lt;</Location>')
})

t.test('a document without one passes as it is', async (t) => {
  for (const text of [
    '',
    '<Error><Code>InternalError</Code></Error>',
    '<LocationConstraint>x</LocationConstraint>',
    '<Location/>',
    '<Locatio',
    '</Location>',
  ]) {
    t.equal(rewrite([text]), text, text)
  }
})

t.test('a Location that does not end breaks the answer, and nothing of it is told', async (t) => {
  const rewriter = new LocationRewriter(OWN)
  const out = rewriter.push(Buffer.from('<a><Location>http://inner.example/'))
  t.notMatch(out.toString(), 'inner')
  t.equal(rewriter.push(Buffer.from('bucket</Locatio')).length, 0)
  t.equal(rewriter.end(), undefined)
})

t.test('blanks before the document pass at once', async (t) => {
  const rewriter = new LocationRewriter(OWN)
  for (const blank of ['<?xml version="1.0"?>', ' ', '\n', '   ']) {
    t.equal(rewriter.push(Buffer.from(blank)).toString(), blank)
  }
})

t.test('it is the same however the text is cut', async (t) => {
  const word = fc.constantFrom(
    '<',
    '<Loc',
    'ation>',
    '<Location>',
    '</Location>',
    '</',
    'x',
    ' ',
    '\xff',
  )
  fc.assert(
    fc.property(fc.array(fc.array(word, { maxLength: 4 }), { maxLength: 20 }), (words) => {
      const pieces = words.map((some) => some.join(''))
      return rewrite(pieces) === rewrite([pieces.join('')])
    }),
  )
  t.pass()
})

import fc from 'fast-check'
import t from 'tap'
import { InterimAnswers } from '../../src/upstream/interim-answers.ts'

/** Passes the text in pieces that end at these places, and gives what comes out. */
function passed(text: string, cuts: readonly number[]): string {
  const interim = new InterimAnswers()
  interim.begin()
  const bytes = Buffer.from(text, 'latin1')
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  let start = 0
  for (const end of ends) {
    interim.pass(bytes.subarray(start, end))
    start = end
  }
  return bytes.toString('latin1')
}

const cuts = fc.array(fc.nat())
const statusLine = fc.constantFrom(
  'HTTP/1.1 100 Continue',
  'HTTP/1.1 102 Processing',
  'HTTP/1.1 103 Early Hints',
)
const field = fc.constantFrom('Link: a', 'x: HTTP/1.1 100 Continue', 'a:', 'b: \r')
const interimHead = fc
  .tuple(statusLine, fc.array(field))
  .map(([line, fields]) => `${[line, ...fields].join('\r\n')}\r\n\r\n`)

t.test('each 100 before an answer becomes a 102, however it is cut', async (t) => {
  const answer = 'HTTP/1.1 200 OK\r\nx: 1\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n'
  fc.assert(
    fc.property(fc.array(interimHead), cuts, (heads, places) => {
      const expected = heads.map((head) => head.replace(/^HTTP\/1\.1 100/, 'HTTP/1.1 102'))
      return passed(heads.join('') + answer, places) === expected.join('') + answer
    }),
  )
  t.pass()
})

t.test('nothing else of an answer changes', async (t) => {
  const word = fc.constantFrom('HTTP/1.1 ', '100', '10', '1', '0', '2', ' ', '\r\n', '\n', 'x', 'É')
  fc.assert(
    fc.property(fc.array(word), cuts, (words, places) => {
      const text = words.join('')
      const out = passed(text, places)
      if (out.length !== text.length) return false
      for (let i = 0; i < text.length; i++) {
        const isDigitOf100 = text[i] === '0' && out[i] === '2' && text.slice(i - 2, i) === '10'
        if (out[i] !== text[i] && !isDigitOf100) return false
      }
      return true
    }),
  )
  t.pass()
})

t.test('what comes before a request goes out is left as it is', async (t) => {
  const bytes = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n')
  new InterimAnswers().pass(bytes)
  t.equal(bytes.toString(), 'HTTP/1.1 100 Continue\r\n\r\n')
})

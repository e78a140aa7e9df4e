import fc from 'fast-check'
import t from 'tap'
import {
  chainLine,
  createStream,
  firstPrev,
  nextPrev,
  readChainFields,
} from '../../src/evidence/chain.ts'

t.test('the three fields are read back from the end of a line', async (t) => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), fc.maxSafeNat(), (record, seq) => {
      const stream = createStream()
      const prev = firstPrev('origin.example', stream)
      const line = JSON.stringify({ time: 'T', ...record })
      const chained = chainLine(line, { stream, seq, prev })
      t.strictSame(readChainFields(Buffer.from(chained)), { stream, seq, prev })
      t.strictSame(JSON.parse(chained).seq, seq)
    }),
    { numRuns: 50 },
  )
})

t.test('a line whose end is anything else has no chain', async (t) => {
  const stream = createStream()
  const prev = nextPrev('x')
  const good = chainLine('{"a":1}', { stream, seq: 1, prev })
  for (const wrong of [
    '{"a":1}',
    `${good} `,
    good.slice(0, -1),
    good.replace('"seq":1', '"seq":01'),
    good.replace('"seq":1', '"seq":-1'),
    good.replace('"seq":1', '"seq":9007199254740993'),
    good.replace(stream, stream.slice(1)),
    good.replace(prev, `${prev}A`),
  ]) {
    t.equal(readChainFields(Buffer.from(wrong)), undefined, wrong)
  }
})

t.test('the stream binds its first line to the origin', async (t) => {
  const stream = 'AAECAwQFBgcICQoLDA0ODw'
  t.not(firstPrev('a', stream), firstPrev('b', stream))
  t.equal(
    firstPrev('audit.example.com/sealgate/gw-0', stream),
    'qFGwmyny_mNtLccSKUEKKPg2zebXOjlRE4JgsCSKa0Q',
  )
})

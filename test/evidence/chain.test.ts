import fc from 'fast-check'
import t from 'tap'
import {
  Chain,
  chainLine,
  createStream,
  firstPrev,
  hasChainFields,
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
      t.ok(hasChainFields(Buffer.from(chained), { stream, seq, prev }))
      t.notOk(hasChainFields(Buffer.from(chained), { stream, seq: seq + 1, prev }))
      t.notOk(hasChainFields(Buffer.from(`${chained} `), { stream, seq, prev }))
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

t.test('a writer gives the lines of the published vector', async (t) => {
  const chain = new Chain('audit.example.com/sealgate/gw-0', 'AAECAwQFBgcICQoLDA0ODw')
  const lines = [
    '{"time":"2026-11-28T15:00:00.000Z","record":"open","version":"0.2.0","worker":1,"policy":"sha256:00"}',
    '{"time":"2026-11-28T15:00:01.000Z","requestId":"29CSDOOAL5AGCKUF","client":"demo"}',
    '{"time":"2026-11-28T15:00:02.000Z","record":"close","lines":3,"lost":0}',
  ].map((line) => {
    const chained = chain.link(line)
    chain.advance(chained)
    return chained
  })
  t.strictSame(
    lines.map((line) => line.slice(line.indexOf('"seq"'))),
    [
      '"seq":0,"prev":"qFGwmyny_mNtLccSKUEKKPg2zebXOjlRE4JgsCSKa0Q"}',
      '"seq":1,"prev":"ZLx-2sg6ydDWiLYK-EYQb65bsJRjhr3cL38eSFgR5QM"}',
      '"seq":2,"prev":"LMArvleZX25TwOclGKDANS2JgiNlfFsOCP5iPW8QWJY"}',
    ],
  )
})

t.test(
  'a line that was dropped uses up its number, and the next one follows the last that stands',
  async (t) => {
    const chain = new Chain('origin')
    const first = chain.link('{"a":1}')
    chain.advance(first)
    chain.skip()
    chain.skip()
    t.match(readChainFields(Buffer.from(chain.link('{"a":4}'))), { seq: 3, prev: nextPrev(first) })
  },
)

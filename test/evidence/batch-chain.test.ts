import fc from 'fast-check'
import t from 'tap'
import { BatchChain } from '../../src/evidence/batch-chain.ts'
import { Chain } from '../../src/evidence/chain.ts'

const ORIGIN = 'audit.example.com/sealgate/gw-0'
const STREAM = 'AAECAwQFBgcICQoLDA0ODw'

t.test('a batch gives the lines of the published vector', async (t) => {
  const chain = new BatchChain(ORIGIN, STREAM)
  const lines = [
    '{"time":"2026-11-28T15:00:00.000Z","record":"open","version":"0.2.0","worker":1,"policy":"sha256:00"}\n',
    '{"time":"2026-11-28T15:00:01.000Z","requestId":"29CSDOOAL5AGCKUF","client":"demo"}\n',
    '{"time":"2026-11-28T15:00:02.000Z","record":"close","lines":3,"lost":0}\n',
  ].map((json) => {
    const text = Buffer.from(json)
    const line = { text, seq: chain.seq, bytes: chain.bytesOf(text) }
    chain.advance()
    return line
  })
  t.strictSame(
    chain
      .link(lines)
      .toString()
      .split('\n')
      .map((line) => line.slice(line.indexOf('"seq"'))),
    [
      '"seq":0,"prev":"qFGwmyny_mNtLccSKUEKKPg2zebXOjlRE4JgsCSKa0Q"}',
      '"seq":1,"prev":"ZLx-2sg6ydDWiLYK-EYQb65bsJRjhr3cL38eSFgR5QM"}',
      '"seq":2,"prev":"LMArvleZX25TwOclGKDANS2JgiNlfFsOCP5iPW8QWJY"}',
      '',
    ],
  )
})

t.test(
  'however lines are batched and dropped, they are linked as one after the other',
  async () => {
    const steps = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 30 }).map((text) => ({ text })),
        fc.constant('dropped' as const),
        fc.constant('written' as const),
      ),
      { maxLength: 40 },
    )
    fc.assert(
      fc.property(steps, (all) => {
        const chain = new BatchChain(ORIGIN, STREAM)
        const reference = new Chain(ORIGIN, STREAM)
        let expected = ''
        let waiting: { text: Buffer; seq: number; bytes: number }[] = []
        const written: Buffer[] = []
        for (const step of [...all, 'written' as const]) {
          if (step === 'dropped') {
            chain.advance()
            reference.skip()
          } else if (step === 'written') {
            const batch = chain.link(waiting)
            if (batch.length !== waiting.reduce((sum, { bytes }) => sum + bytes, 0)) return false
            written.push(batch)
            waiting = []
          } else {
            const json = JSON.stringify(step)
            const text = Buffer.from(`${json}\n`)
            waiting.push({ text, seq: chain.seq, bytes: chain.bytesOf(text) })
            chain.advance()
            const linked = reference.link(json)
            reference.advance(linked)
            expected += `${linked}\n`
          }
        }
        return Buffer.concat(written).toString() === expected && chain.seq === reference.seq
      }),
      { numRuns: 100 },
    )
  },
)

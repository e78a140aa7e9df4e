import fc from 'fast-check'
import t from 'tap'
import { TokenBucket } from '../../src/base/token-bucket.ts'

t.test('it is full at first, and refills evenly', (t) => {
  const bucket = new TokenBucket({ capacity: 2, perMs: 0.001 }, 1000)
  t.ok(bucket.take(1, 1000))
  t.ok(bucket.take(1, 1000))
  t.notOk(bucket.take(1, 1000), 'it is empty')
  t.equal(bucket.waitMs(1, 1000), 1000)
  t.notOk(bucket.take(1, 1999))
  t.ok(bucket.take(1, 2000))
  t.ok(
    bucket.take(2, 1_000_000) && !bucket.take(1, 1_000_000),
    'it holds no more than its capacity',
  )
  t.end()
})

t.test('more than the capacity is taken from a full bucket, which owes the rest', (t) => {
  const bucket = new TokenBucket({ capacity: 10, perMs: 1 }, 0)
  t.ok(bucket.take(25, 0))
  t.equal(bucket.waitMs(1, 0), 16)
  t.notOk(bucket.take(1, 15))
  t.ok(bucket.take(1, 16))
  t.equal(bucket.waitMs(25, 16), 10, 'only a full bucket gives more than it holds')
  t.end()
})

t.test('a clock that goes back gives nothing, and takes nothing away', (t) => {
  const bucket = new TokenBucket({ capacity: 1, perMs: 1 }, 1000)
  t.ok(bucket.take(1, 1000))
  t.notOk(bucket.take(1, 0))
  t.notOk(bucket.take(1, Number.NaN))
  t.notOk(bucket.take(1, 1000), 'the same millisecond is not counted twice')
  t.ok(bucket.take(1, 1001))
  t.end()
})

t.test('another size keeps the level', (t) => {
  const bucket = new TokenBucket({ capacity: 10, perMs: 1 }, 0)
  bucket.take(8, 0)
  bucket.resize({ capacity: 100, perMs: 1 }, 0)
  t.notOk(bucket.take(3, 0), 'a larger bucket is not filled')
  t.ok(bucket.take(2, 0))
  bucket.resize({ capacity: 5, perMs: 1 }, 1000)
  t.ok(bucket.take(5, 1000) && !bucket.take(1, 1000), 'a smaller one holds less')
  t.end()
})

const STEP = fc.record({
  tokens: fc.double({ min: 0.5, max: 300, noNaN: true }),
  afterMs: fc.oneof(fc.double({ min: -50, max: 500, noNaN: true }), fc.constant(0)),
})

t.test('property: in any window, no more is taken than burst, rate and one excess allow', (t) => {
  fc.assert(
    fc.property(
      fc.double({ min: 1, max: 200, noNaN: true }),
      fc.double({ min: 0.001, max: 50, noNaN: true }),
      fc.array(STEP, { minLength: 1, maxLength: 60 }),
      (capacity, perMs, steps) => {
        const bucket = new TokenBucket({ capacity, perMs }, 0)
        const taken: { atMs: number; tokens: number }[] = []
        let nowMs = 0
        let latestMs = 0
        for (const { tokens, afterMs } of steps) {
          nowMs += afterMs
          latestMs = Math.max(latestMs, nowMs)
          const waitMs = bucket.waitMs(tokens, nowMs)
          const isTaken = bucket.take(tokens, nowMs)
          if (isTaken !== (waitMs === 0)) return false
          if (isTaken) taken.push({ atMs: latestMs, tokens })
        }
        return taken.every((first, i) => {
          let sum = 0
          return taken.slice(i).every(({ atMs, tokens }) => {
            sum += tokens
            const excess = Math.max(0, tokens - capacity)
            return sum <= capacity + (atMs - first.atMs) * perMs + excess + 1e-6
          })
        })
      },
    ),
  )
  t.end()
})

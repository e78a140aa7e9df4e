import fc from 'fast-check'
import t from 'tap'
import { Pacer } from '../../src/sweep/pacer.ts'
import { OLD_KEY, startScene, TARGET, underKey } from './reseal-scene.ts'

const LIMITS = { requestsPerSecond: 100, bytesPerSecond: 1000, failuresMax: 3 }

t.test('no second has more requests than the limit, and the next turn comes in time', async (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 200 }), (pauses) => {
      let now = 0
      const pacer = new Pacer(LIMITS, () => now)
      const turns = pauses.map((pause) => {
        now += pause
        return now + pacer.reserve(0)
      })
      turns.forEach((turn, i) => {
        const before = turns[i - 100]
        if (before !== undefined && turn - before < 999.99) throw new Error('too fast')
        if (turn - Math.max(turns[i - 1] ?? 0, 0) > 10.01 + (pauses[i] ?? 0)) {
          throw new Error('too slow')
        }
      })
    }),
  )
  t.pass()
})

t.test('bytes that S3 copies have their own limit, and delay no other request', async (t) => {
  const pacer = new Pacer(LIMITS, () => 0)
  t.equal(pacer.reserve(5000), 0)
  t.equal(pacer.reserve(1), 5000)
  t.equal(pacer.reserve(0), 20)
})

t.test('a success just before does not hold off a halving', async (t) => {
  let now = 0
  const pacer = new Pacer(LIMITS, () => now)
  pacer.noteAnswer(true)
  t.equal(pacer.rate, 50)
  now += 1000
  pacer.noteAnswer(false)
  t.equal(pacer.rate, 55)
  now += 1
  pacer.noteAnswer(true)
  t.equal(pacer.rate, 27.5)
  now += 999
  pacer.noteAnswer(true)
  pacer.noteAnswer(false)
  t.equal(pacer.rate, 27.5, 'one second for both directions')
})

t.test('throttling halves once for what was under way, and success raises slowly', async (t) => {
  let now = 0
  const pacer = new Pacer(LIMITS, () => now)
  now += 1000
  for (let i = 0; i < 16; i++) pacer.noteAnswer(true)
  t.equal(pacer.rate, 50)
  now += 1000
  pacer.noteAnswer(true)
  t.equal(pacer.rate, 25)
  t.equal(pacer.backOffs, 2)
  for (let i = 0; i < 5; i++) {
    now += 1000
    for (let answer = 0; answer < 25; answer++) pacer.noteAnswer(false)
  }
  t.equal(pacer.rate, 50)
  for (let i = 0; i < 50; i++) {
    now += 1000
    pacer.noteAnswer(false)
  }
  t.equal(pacer.rate, 100)
  for (let i = 0; i < 50; i++) {
    now += 1000
    pacer.noteAnswer(true)
  }
  t.equal(pacer.rate, 0.1)
})

t.test('failures of one kind in a row end a sweep, others do not', async (t) => {
  const pacer = new Pacer(LIMITS)
  for (const code of ['A', 'A', 'B', 'A', undefined, undefined, undefined, 'A', 'A']) {
    pacer.noteOutcome(code)
    t.equal(pacer.problem, undefined)
  }
  pacer.noteOutcome('A')
  t.equal(pacer.problem, '3 failures in a row with A')
})

t.test('what S3 and KMS throttle is sent again until it is done', async (t) => {
  for (const quirks of [{ slowDownEvery: 3 }, { kmsThrottleEvery: 5 }]) {
    const scene = await startScene(t, 'enabled', { quirks: { ...quirks, slowDown: 0 } })
    const pacer = new Pacer({ requestsPerSecond: 1e6, bytesPerSecond: undefined, failuresMax: 3 })
    const link = { ...scene.link, pacer }
    const keys = ['a', 'b', 'c', 'd']
    for (const key of keys) await retried(() => scene.put(key, underKey(OLD_KEY)))
    for (const [i, key] of keys.entries()) {
      const state = await retried(() => scene.state(key))
      const method = i % 2 === 0 ? 'update' : 'copy'
      const outcome = await scene.reseal(key, method, { state }, link)
      t.match(outcome, { kind: 'done' }, JSON.stringify(outcome))
    }
    t.equal(scene.s3.inspect('bucket', 'a')?.keyId, TARGET.keyId)
  }
})

/** The test's own requests are throttled, too. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === 5) throw error
    }
  }
}

import fc from 'fast-check'
import t from 'tap'
import { FairPacer, type Flow } from '../../src/base/fair-pacer.ts'
import { TestClock } from '../support/test-clock.ts'

/** Sends chunks of one size as fast as it may. */
class Sender {
  bytes = 0
  readonly #flow: Flow
  readonly #chunk: number
  readonly #onPass: (bytes: number) => void
  constructor(pacer: FairPacer, chunk: number, onPass: (bytes: number) => void) {
    this.#flow = pacer.open()
    this.#chunk = chunk
    this.#onPass = onPass
  }
  send(untilMs: number, clock: TestClock): void {
    const passed = () => {
      this.bytes += this.#chunk
      this.#onPass(this.#chunk)
    }
    while (clock.nowMs < untilMs) {
      const isNow = this.#flow.take(this.#chunk, () => {
        passed()
        this.send(untilMs, clock)
      })
      if (!isNow) return
      passed()
    }
  }
}

t.test('bytes pass at once until the burst is used, then at the rate', (t) => {
  const clock = new TestClock()
  const flow = new FairPacer({ capacity: 100, perMs: 1 }, clock).open()
  t.ok(flow.take(100, t.fail))
  t.equal(clock.timers.length, 0, 'no timer while nobody waits')
  let granted = 0
  t.notOk(
    flow.take(50, () => {
      granted++
    }),
  )
  t.equal(clock.timers.length, 1)
  clock.next()
  t.equal(granted, 1)
  t.equal(clock.nowMs, 50)
  t.equal(clock.timers.length, 0)
  t.end()
})

t.test('a flow that is closed waits no more, and holds nobody up', async (t) => {
  const clock = new TestClock()
  const pacer = new FairPacer({ capacity: 10, perMs: 1 }, clock)
  const [gone, payer, next] = [pacer.open(), pacer.open(), pacer.open()]
  t.ok(gone.take(10, t.fail))
  t.notOk(gone.take(1_000_000, t.fail))
  const paid = payer.pay(10)
  t.ok(paid !== undefined)
  let isGranted = false
  next.take(10, () => {
    isGranted = true
  })
  gone.close()
  payer.close()
  await paid
  t.ok(gone.take(1_000_000, t.fail), 'its later bytes are not held')
  t.equal(clock.timers.length, 1, 'there is one timer for all')
  while (clock.next());
  t.ok(isGranted)
  t.end()
})

t.test('another rate applies to those who wait', (t) => {
  const clock = new TestClock()
  const pacer = new FairPacer({ capacity: 1000, perMs: 1 }, clock)
  const flow = pacer.open()
  flow.take(1000, t.fail)
  flow.take(1000, () => undefined)
  pacer.resize({ capacity: 1000, perMs: 0.1 })
  while (clock.next());
  t.equal(clock.nowMs, 10_000)
  t.end()
})

t.test('property: all flows together keep to the rate, and each gets the same', (t) => {
  const CAPACITY = 64 * 1024
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 4096, max: 65_536 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 16, max: 10_000 }),
      (chunks, bytesPerMs) => {
        const clock = new TestClock()
        const pacer = new FairPacer({ capacity: CAPACITY, perMs: bytesPerMs }, clock)
        // The first burst is used by a flow of its own, so that nobody is ahead by it.
        pacer.open().take(CAPACITY, t.fail)
        let sum = 0
        let isWithin = true
        const senders = chunks.map(
          (chunk) =>
            new Sender(pacer, chunk, (bytes) => {
              sum += bytes
              if (sum > clock.nowMs * bytesPerMs + 1) isWithin = false
            }),
        )
        const untilMs = Math.ceil((65_536 * chunks.length * 10) / bytesPerMs)
        for (const sender of senders) sender.send(untilMs, clock)
        while (clock.nowMs < untilMs && clock.next());
        const bytes = senders.map((sender) => sender.bytes)
        const spread = Math.max(...bytes) - Math.min(...bytes)
        return isWithin && spread <= 2 * 65_536 && sum > untilMs * bytesPerMs * 0.8
      },
    ),
    { numRuns: 100 },
  )
  t.end()
})

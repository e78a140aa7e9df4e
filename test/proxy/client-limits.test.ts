import fc from 'fast-check'
import t from 'tap'
import type { Client } from '../../src/config/config.ts'
import { ClientLimits } from '../../src/proxy/client-limits.ts'
import { TestClock } from '../support/test-clock.ts'

const MIB = 2 ** 20

function client(limits: Pick<Client, 'requests' | 'bandwidth'>, name = 'app'): Client {
  const grants = { buckets: [], prefixes: [''], allow: [], upstream: undefined }
  return { name, identity: { kind: 'anonymous' }, ...grants, ...limits }
}

function limitsOf(clock: TestClock, workers = 1): ClientLimits {
  return new ClientLimits({ workers }, clock)
}

t.test('a client without limits has none, and no clock is read for it', (t) => {
  const limits = new ClientLimits({ workers: 1 }, { now: t.fail, wait: t.fail } as never)
  for (let i = 0; i < 100; i++) t.match(limits.enter(client({})), { ok: true, value: undefined })
  t.end()
})

t.test('requests beyond the rate are refused, and told when to come again', (t) => {
  const clock = new TestClock()
  const limits = limitsOf(clock)
  const app = client({ requests: { count: 2, unitMs: 60_000 } })
  t.ok(limits.enter(app).ok && limits.enter(app).ok, 'so many at once')
  t.match(limits.enter(app), {
    ok: false,
    error: { code: 'SlowDown', reason: 'request-rate-exceeded', retryAfterSeconds: 30 },
  })
  t.ok(limits.enter(client({ requests: { count: 2, unitMs: 60_000 } }, 'other')).ok)
  clock.nowMs = 29_999
  t.match(limits.enter(app), { error: { retryAfterSeconds: 1 } })
  clock.nowMs = 30_000
  t.ok(limits.enter(app).ok)
  clock.nowMs = 0
  t.notOk(limits.enter(app).ok, 'a clock that goes back gives nothing')
  t.end()
})

t.test('workers share a limit, and each lets one request pass at least', (t) => {
  const clock = new TestClock()
  const limits = limitsOf(clock, 4)
  const app = client({ requests: { count: 8, unitMs: 1000 } })
  const answers = [1, 2, 3].map(() => limits.enter(app).ok)
  t.strictSame(answers, [true, true, false])
  clock.nowMs = 500
  t.ok(limits.enter(app).ok && !limits.enter(app).ok, 'a quarter of the rate')
  const rare = client({ requests: { count: 1, unitMs: 60_000 } }, 'rare')
  t.ok(limits.enter(rare).ok && !limits.enter(rare).ok)
  t.end()
})

t.test('a reload keeps what was used, and applies the new limits', (t) => {
  const clock = new TestClock()
  const limits = limitsOf(clock)
  const small = client({ requests: { count: 3, unitMs: 60_000 }, bandwidth: MIB })
  const entered = [1, 2, 3].map(() => limits.enter(small))
  const large = client({ requests: { count: 600, unitMs: 60_000 }, bandwidth: 2 * MIB })
  limits.reconfigure({ clients: [large], workers: 1 })
  t.notOk(limits.enter(large).ok, 'a reload gives no new burst')
  clock.nowMs = 100
  t.ok(limits.enter(large).ok, 'the new rate')
  limits.reconfigure({ clients: [client({})], workers: 1 })
  t.match(limits.enter(client({})), { ok: true, value: undefined })
  for (const each of entered) if (each.ok) each.value?.close()
  limits.reconfigure({ clients: [small], workers: 1 })
  t.ok(limits.enter(small).ok, 'a limit that was gone begins anew')
  t.end()
})

t.test('no more requests share a bandwidth than it serves soon', (t) => {
  const limits = limitsOf(new TestClock())
  const slow = client({ bandwidth: 64 * 1024 })
  const shares = Array.from({ length: 10 }, () => limits.enter(slow))
  t.ok(shares.every(({ ok }) => ok))
  t.match(limits.enter(slow), { error: { code: 'SlowDown', reason: 'bandwidth-exceeded' } })
  const [first] = shares
  if (first?.ok) {
    first.value?.close()
    first.value?.close()
  }
  t.ok(limits.enter(slow).ok, 'one has ended, one may begin')
  t.notOk(limits.enter(slow).ok, 'it is counted once')
  t.end()
})

t.test('a share that is closed while it waits gives its place to others only in its turn', (t) => {
  const clock = new TestClock()
  const limits = limitsOf(clock)
  const slow = client({ bandwidth: 64 * 1024 })
  const enter = () => {
    const entered = limits.enter(slow)
    return entered.ok ? entered.value : undefined
  }
  enter()?.request.take(64 * 1024, t.fail)
  let refused = 0
  for (let i = 0; i < 100; i++) {
    const share = enter()
    if (share === undefined) refused++
    share?.request.take(64 * 1024, () => undefined)
    share?.close()
  }
  t.equal(refused, 90, 'what has gone away cannot fill the memory')
  while (clock.next());
  t.ok(enter(), 'and does not stay')
  t.end()
})

t.test('property: whatever others do, a client gets what it is due', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: 40 }), fc.boolean()), { minLength: 1, maxLength: 200 }),
      (steps) => {
        const clock = new TestClock()
        const [together, alone] = [limitsOf(clock), limitsOf(clock)]
        const app = client({ requests: { count: 5, unitMs: 1000 } })
        const other = client({ requests: { count: 5, unitMs: 1000 } }, 'other')
        return steps.every(([afterMs, isApp]) => {
          clock.nowMs += afterMs
          if (isApp) return together.enter(app).ok === alone.enter(app).ok
          together.enter(other)
          return true
        })
      },
    ),
  )
  t.end()
})

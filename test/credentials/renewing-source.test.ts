import t from 'tap'
import type { Credentials } from '../../src/credentials/credentials.ts'
import { RenewingSource } from '../../src/credentials/renewing-source.ts'
import { type FakeClock, makeFakeClock } from './fake-clock.ts'

const MINUTE = 60_000

interface Setting {
  readonly clock: FakeClock
  readonly source: RenewingSource
  readonly lines: readonly string[]
  calls(): number
}

function open(fetch: (n: number, clock: FakeClock) => Promise<Credentials>, random = 0): Setting {
  const clock = makeFakeClock()
  const lines: string[] = []
  let calls = 0
  const line = (level: string) => (_: object, text: string) => void lines.push(`${level}: ${text}`)
  const source = new RenewingSource({
    fetch: () => {
      calls++
      return fetch(calls, clock)
    },
    describe: (error) => (error instanceof Error ? error.message : 'odd'),
    name: 'test',
    clock,
    random: () => random,
    timeoutMs: 10_000,
    log: { info: line('info'), warn: line('warn'), error: line('error') },
  })
  return { clock, source, lines, calls: () => calls }
}

function credentials(n: number, clock: FakeClock, lifeMs?: number): Credentials {
  const keys = { accessKeyId: `ASIA${n}`, secretAccessKey: 'secret', sessionToken: 'token' }
  return lifeMs === undefined ? keys : { ...keys, expiration: new Date(clock.now() + lifeMs) }
}

t.test('there are none until the first are fetched', async (t) => {
  const { source, clock } = open(async (n, now) => credentials(n, now, 60 * MINUTE))
  t.equal(source.current(), undefined)
  await source.ready()
  t.equal(source.current()?.accessKeyId, 'ASIA1')
  t.equal(source.expiresAt?.getTime(), clock.now() + 60 * MINUTE)
  source.close()
})

t.test('they are renewed ahead of their expiry, without a gap', async (t) => {
  const { source, clock, calls } = open(async (n, now) => credentials(n, now, 60 * MINUTE))
  await clock.advance(55 * MINUTE - 1)
  t.equal(calls(), 1)
  await clock.advance(1)
  t.equal(calls(), 2)
  t.equal(source.current()?.accessKeyId, 'ASIA2')
  for (let i = 0; i < 600; i++) {
    await clock.advance(MINUTE)
    t.ok(source.current() !== undefined || t.fail(`a gap after ${i} minutes`))
  }
  t.equal(calls(), 12)
  source.close()
})

t.test('a fifth of the lead is left to chance', async (t) => {
  const { clock, calls, source } = open(async (n, now) => credentials(n, now, 60 * MINUTE), 1)
  await clock.advance(54 * MINUTE - 1)
  t.equal(calls(), 1)
  await clock.advance(1)
  t.equal(calls(), 2)
  source.close()
})

t.test(
  'while renewing fails the old ones serve until they expire, then there are none',
  async (t) => {
    const { source, clock, lines } = open(async (n, now) => {
      if (n > 1) throw new Error('no way')
      return credentials(n, now, 60 * MINUTE)
    })
    await clock.advance(60 * MINUTE - 1)
    t.equal(source.current()?.accessKeyId, 'ASIA1')
    t.equal(source.problem, 'no way')
    await clock.advance(1)
    t.equal(source.current(), undefined)
    await clock.advance(MINUTE)
    t.ok(
      lines.includes(
        'warn: failed to renew upstream credentials; still using the previous ones: no way',
      ),
    )
    t.equal(lines.at(-1), 'error: no upstream credentials: no way')
    source.close()
  },
)

t.test(
  'after a jump of the clock they are asked for at once, and not more than once',
  async (t) => {
    let isBroken = false
    const { source, clock, calls } = open(async (n, now) => {
      if (isBroken) throw new Error('no')
      return credentials(n, now, 12 * 60 * MINUTE)
    })
    await clock.advance(0)
    clock.jump(24 * 60 * MINUTE)
    t.equal(source.current(), undefined)
    t.equal(source.current(), undefined)
    await clock.advance(0)
    t.equal(source.current()?.accessKeyId, 'ASIA2')
    t.equal(calls(), 2)

    isBroken = true
    clock.jump(24 * 60 * MINUTE)
    t.equal(source.current(), undefined)
    await clock.advance(0)
    t.equal(source.current(), undefined)
    t.equal(calls(), 3, 'what fails has its pauses')
    source.close()
    t.equal(source.current(), undefined)
    await clock.advance(60 * MINUTE)
    t.equal(calls(), 3)
  },
)

t.test('attempts pause longer and longer, and success begins anew', async (t) => {
  let isBroken = true
  const { source, clock, calls } = open(async (n, now) => {
    if (isBroken) throw new Error('no')
    return credentials(n, now, 60 * MINUTE)
  })
  const pauses: (number | undefined)[] = []
  for (let i = 0; i < 8; i++) {
    await clock.advance(0)
    pauses.push(clock.nextIn())
    await clock.advance(clock.nextIn() ?? 0)
  }
  t.strictSame(pauses, [500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000])
  isBroken = false
  await clock.advance(15_000)
  t.not(source.current(), undefined)
  t.equal(source.problem, undefined)
  const before = calls()
  isBroken = true
  await clock.advance(55 * MINUTE)
  t.equal(calls(), before + 1)
  t.equal(clock.nextIn(), 500)
  source.close()
})

t.test(
  'one attempt at a time: a source that hangs is given up and asked again later',
  async (t) => {
    const { source, clock, calls } = open((n, now) =>
      n < 3 ? new Promise(() => undefined) : Promise.resolve(credentials(n, now, 60 * MINUTE)),
    )
    await clock.advance(9999)
    t.equal(calls(), 1)
    await clock.advance(1)
    t.equal(source.problem, 'no answer within 10000 ms')
    await clock.advance(499)
    t.equal(calls(), 1)
    await clock.advance(1 + 10_000 + 1000)
    t.equal(calls(), 3)
    t.equal(source.current()?.accessKeyId, 'ASIA3')
    source.close()
  },
)

t.test('an answer that comes too late changes nothing', async (t) => {
  let late: (credentials: Credentials) => void = () => undefined
  const { source, clock } = open((n, now) =>
    n === 1
      ? new Promise((resolve) => {
          late = resolve
        })
      : Promise.resolve(credentials(n, now, 60 * MINUTE)),
  )
  await clock.advance(10_500)
  t.equal(source.current()?.accessKeyId, 'ASIA2')
  late(credentials(1, clock, 60 * MINUTE))
  await clock.advance(0)
  t.equal(source.current()?.accessKeyId, 'ASIA2')
  source.close()
})

t.test('answers that are of no use are failures', async (t) => {
  const clock = makeFakeClock()
  const sound = credentials(1, clock, MINUTE)
  for (const [answer, expected] of [
    [{ ...sound, expiration: new Date(clock.now()) }, /expired at 2026-01-01T00:00:00\.000Z/],
    [{ ...sound, expiration: new Date(Number.NaN) }, /malformed expiration/],
    [{ ...sound, accessKeyId: '' }, /malformed credentials/],
    [{ ...sound, secretAccessKey: 'a\r\nb' }, /malformed credentials/],
    [{ ...sound, sessionToken: 'ä' }, /malformed credentials/],
    [{ ...sound, sessionToken: 'x'.repeat(16_385) }, /malformed credentials/],
  ] as const) {
    const { source, clock: own } = open(async () => answer)
    await own.advance(0)
    t.equal(source.current(), undefined)
    t.match(source.problem, expected)
    source.close()
  }
})

t.test('credentials without an end are fetched again, and serve whatever happens', async (t) => {
  const { source, clock, calls, lines } = open(async (n, now) => {
    if (n > 2) throw new Error('gone')
    return credentials(n, now)
  })
  await clock.advance(MINUTE)
  t.equal(source.current()?.accessKeyId, 'ASIA2')
  await clock.advance(600 * MINUTE)
  t.ok(calls() > 100)
  t.equal(source.current()?.accessKeyId, 'ASIA2')
  t.equal(source.expiresAt, undefined)
  t.notOk(
    lines.some((line) => line.startsWith('info')),
    'no line a minute',
  )
  source.close()
})

t.test('a closed source asks no more and lets those who wait know', async (t) => {
  const { source, clock, calls } = open(() => Promise.reject(new Error('no')))
  await clock.advance(0)
  source.close()
  await t.rejects(source.ready(), /was closed/)
  await clock.advance(600 * MINUTE)
  t.equal(calls(), 1)
  t.equal(clock.nextIn(), undefined)
})

t.test('closed while an attempt is under way, it takes no answer', async (t) => {
  let answer: (credentials: Credentials) => void = () => undefined
  const { source, clock } = open(
    () =>
      new Promise((resolve) => {
        answer = resolve
      }),
  )
  source.close()
  answer(credentials(1, clock, MINUTE))
  await clock.advance(0)
  t.equal(source.current(), undefined)
  t.equal(clock.nextIn(), undefined)
})

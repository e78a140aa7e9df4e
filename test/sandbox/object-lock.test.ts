import t from 'tap'
import {
  checkRetentionChange,
  isProtected,
  periodMs,
  type Retention,
  released,
  retainedUntil,
  withDefault,
} from '../../src/sandbox/object-lock.ts'
import {
  checkLockDigest,
  lockHeaders,
  requestedLock,
} from '../../src/sandbox/object-lock-headers.ts'

const DAY = 86_400_000
const NOW = Date.UTC(2026, 10, 23)
const LOCK = 'x-amz-object-lock-'
const BUCKET = { defaultRetention: undefined }

const fixed = (mode: Retention['mode'], days: number): Retention => {
  return { mode, until: NOW + days * DAY, eventHold: undefined, period: undefined }
}
const held = (mode: Retention['mode'], count: number): Retention => {
  return { mode, until: 0, eventHold: 'ON', period: { unit: 'Days', count } }
}

t.test('headers make a lock', async (t) => {
  const date = new Date(NOW + DAY).toISOString()
  const ask = (...headers: string[]) =>
    requestedLock(
      headers.map((text, i) => (i % 2 === 0 ? LOCK + text : text)),
      BUCKET,
      NOW,
    )
  t.strictSame(ask(), { retention: undefined, legalHold: undefined })
  t.match(ask('mode', 'GOVERNANCE', 'retain-until-date', date, 'legal-hold', 'ON'), {
    retention: { mode: 'GOVERNANCE', until: NOW + DAY, eventHold: undefined },
    legalHold: 'ON',
  })
  t.match(ask('mode', 'COMPLIANCE', 'event-hold', 'ON', 'event-hold-duration-years', '2'), {
    retention: { eventHold: 'ON', period: { unit: 'Years', count: 2 } },
  })
  const hold = ['mode', 'GOVERNANCE', 'event-hold', 'ON'] as const
  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [['mode', 'GOVERNANCE'], /must both be supplied/],
    [['retain-until-date', date], /must both be supplied/],
    [['mode', 'governance', 'retain-until-date', date], /Unknown wormMode directive/],
    [['mode', 'GOVERNANCE', 'retain-until-date', 'tomorrow'], /ISO 8601/],
    [
      ['mode', 'GOVERNANCE', 'retain-until-date', new Date(NOW).toISOString()],
      /must be in the future/,
    ],
    [['legal-hold', 'on'], /either of 'ON' or 'OFF'/],
    [['event-hold', 'YES'], /either of 'ON' or 'OFF'/],
    [['event-hold', 'ON', 'event-hold-duration-days', '1'], /needs a retention mode/],
    [hold, /and a duration/],
    [[...hold, 'event-hold-duration-days', '0'], /one duration/],
    [[...hold, 'event-hold-duration-days', '36501'], /one duration/],
    [[...hold, 'event-hold-duration-years', '101'], /one duration/],
    [[...hold, 'event-hold-duration-days', '1', 'event-hold-duration-years', '1'], /one duration/],
    [['mode', 'GOVERNANCE', 'event-hold', 'OFF'], /retain until date/],
    [
      ['mode', 'GOVERNANCE', 'retain-until-date', date, 'event-hold-duration-days', '1'],
      /no duration/,
    ],
  ]
  for (const [headers, message] of refused) {
    t.throws(() => ask(...headers), { code: 'InvalidArgument', message }, headers.join())
  }
  const legalHold = [`${LOCK}legal-hold`, 'ON']
  t.throws(() => requestedLock(legalHold, undefined, NOW), { code: 'InvalidRequest' })
  t.throws(() => requestedLock([`${LOCK}legal-hold`, 'x'], undefined, NOW), {
    code: 'InvalidArgument',
  })
})

t.test(
  'while an event hold is on, its period runs from now; its release fixes the date',
  async (t) => {
    t.equal(periodMs({ unit: 'Years', count: 1 }), 365 * DAY)
    const hold = held('COMPLIANCE', 10)
    t.equal(retainedUntil(hold, NOW), NOW + 10 * DAY)
    t.equal(retainedUntil(hold, NOW + DAY), NOW + 11 * DAY)
    t.equal(retainedUntil({ ...hold, until: NOW + 20 * DAY }, NOW), NOW + 20 * DAY)
    const after = released(hold, NOW)
    t.match(after, { until: NOW + 10 * DAY, eventHold: 'OFF', period: undefined })
    t.equal(retainedUntil(after, NOW + DAY), NOW + 10 * DAY)
    t.strictSame(lockHeaders({ retention: hold, legalHold: undefined }, NOW), {
      [`${LOCK}mode`]: 'COMPLIANCE',
      [`${LOCK}retain-until-date`]: new Date(NOW + 10 * DAY).toISOString(),
      [`${LOCK}event-hold`]: 'ON',
      [`${LOCK}event-hold-duration-days`]: '10',
    })
  },
)

t.test('retention and legal hold protect a version', async (t) => {
  const cases: readonly (readonly [Retention | undefined, 'ON' | 'OFF' | undefined, string])[] = [
    [undefined, undefined, 'free'],
    [undefined, 'OFF', 'free'],
    [undefined, 'ON', 'protected'],
    [fixed('GOVERNANCE', 1), undefined, 'bypassed'],
    [fixed('GOVERNANCE', 1), 'ON', 'protected'],
    [fixed('GOVERNANCE', 0), 'OFF', 'free'],
    [fixed('COMPLIANCE', 1), undefined, 'protected'],
    [fixed('COMPLIANCE', -1), undefined, 'free'],
    [held('GOVERNANCE', 1), undefined, 'bypassed'],
    [held('COMPLIANCE', 1), undefined, 'protected'],
  ]
  for (const [retention, legalHold, expected] of cases) {
    const lock = { retention, legalHold }
    const outcomes = [isProtected(lock, NOW, false), isProtected(lock, NOW, true)]
    t.strictSame(outcomes, [expected !== 'free', expected === 'protected'])
  }
})

t.test('a running retention can be made longer, and no weaker', async (t) => {
  const cases: readonly (readonly [Retention | undefined, Retention | undefined, string])[] = [
    [undefined, fixed('COMPLIANCE', 1), 'free'],
    [fixed('COMPLIANCE', -1), undefined, 'free'],
    [fixed('COMPLIANCE', 1), fixed('COMPLIANCE', 2), 'free'],
    [fixed('COMPLIANCE', 2), fixed('COMPLIANCE', 1), 'refused'],
    [fixed('COMPLIANCE', 1), fixed('GOVERNANCE', 2), 'refused'],
    [fixed('COMPLIANCE', 1), undefined, 'refused'],
    [fixed('GOVERNANCE', 1), fixed('GOVERNANCE', 1), 'free'],
    [fixed('GOVERNANCE', 2), fixed('GOVERNANCE', 1), 'bypassed'],
    [fixed('GOVERNANCE', 1), fixed('COMPLIANCE', 2), 'bypassed'],
    [fixed('GOVERNANCE', 1), undefined, 'bypassed'],
    [held('COMPLIANCE', 2), held('COMPLIANCE', 1), 'refused'],
    [held('COMPLIANCE', 2), released(held('COMPLIANCE', 2), NOW), 'free'],
    [held('COMPLIANCE', 2), fixed('COMPLIANCE', 1), 'refused'],
  ]
  for (const [i, [before, after, expected]] of cases.entries()) {
    const refuses = (bypasses: boolean) => {
      try {
        checkRetentionChange(before, after, NOW, bypasses)
        return false
      } catch {
        return true
      }
    }
    const outcomes = [refuses(false), refuses(true)]
    t.strictSame(outcomes, [expected !== 'free', expected === 'refused'], `${expected} ${i}`)
  }
})

t.test("a version without a retention of its own takes the bucket's", async (t) => {
  const lock = { retention: undefined, legalHold: 'ON' as const }
  const bucket = {
    defaultRetention: {
      mode: 'GOVERNANCE' as const,
      period: { unit: 'Days' as const, count: 3 },
      eventHold: { unit: 'Years' as const, count: 1 },
    },
  }
  t.match(withDefault(lock, bucket, NOW), {
    legalHold: 'ON',
    retention: { mode: 'GOVERNANCE', until: NOW + 3 * DAY, eventHold: 'ON' },
  })
  const own = { retention: fixed('COMPLIANCE', 1), legalHold: undefined }
  t.strictSame(withDefault(own, bucket, NOW), own)
  t.strictSame(withDefault(lock, BUCKET, NOW), lock)
  t.strictSame(withDefault(lock, undefined, NOW), lock)
})

t.test('a body under a lock comes with a digest', async (t) => {
  const lock = { retention: undefined, legalHold: 'OFF' as const }
  for (const name of ['content-md5', 'x-amz-checksum-crc32', 'x-amz-trailer']) {
    t.doesNotThrow(() => checkLockDigest(lock, [name, 'x'], 'Put Object'), name)
  }
  t.throws(() => checkLockDigest(lock, ['x-amz-content-sha256', 'x'], 'Put Part'), {
    code: 'InvalidRequest',
    message: /for Put Part requests/,
  })
  const free = { retention: undefined, legalHold: undefined }
  t.doesNotThrow(() => checkLockDigest(free, [], 'Put Object'))
})

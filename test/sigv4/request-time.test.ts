import t from 'tap'
import { parseAuthentication } from '../../src/sigv4/authentication.ts'
import { checkRequestTime, readRequestTime, SKEW_MS_MAX } from '../../src/sigv4/request-time.ts'
import { EMPTY_SHA256, NOW_MS, outcomeOf, TIMESTAMP } from './example.ts'

const CREDENTIAL = 'AKID/20130524/us-east-1/s3/aws4_request'

function signed(headers: readonly string[]) {
  const authorization = `AWS4-HMAC-SHA256 Credential=${CREDENTIAL},SignedHeaders=host,Signature=ab`
  const parsed = parseAuthentication({
    headers: [...headers, 'authorization', authorization, 'x-amz-content-sha256', EMPTY_SHA256],
    query: [],
  })
  if (!parsed.ok || parsed.value.kind !== 'header') throw new Error('not signed')
  return parsed.value
}

function presigned(expires: string) {
  const parsed = parseAuthentication({
    headers: [],
    query: [
      { name: 'X-Amz-Algorithm', value: 'AWS4-HMAC-SHA256' },
      { name: 'X-Amz-Credential', value: CREDENTIAL },
      { name: 'X-Amz-Date', value: TIMESTAMP },
      { name: 'X-Amz-Expires', value: expires },
      { name: 'X-Amz-SignedHeaders', value: 'host' },
      { name: 'X-Amz-Signature', value: 'ab' },
    ],
  })
  if (!parsed.ok || parsed.value.kind !== 'presigned') throw new Error('not presigned')
  return parsed.value
}

const time = { timestamp: TIMESTAMP, timeMs: NOW_MS }

t.test('where the time of a signed request stands', (t) => {
  const missing = 'AccessDenied: date-missing'
  const http = 'Fri, 24 May 2013 00:00:00 GMT'
  const cases: readonly (readonly [readonly string[], string])[] = [
    [['x-amz-date', TIMESTAMP], TIMESTAMP],
    [['x-amz-date', TIMESTAMP, 'date', 'Sat, 25 May 2013 00:00:00 GMT'], TIMESTAMP],
    [['date', http], TIMESTAMP],
    [['date', TIMESTAMP], TIMESTAMP],
    [['x-amz-date', http], TIMESTAMP],
    [[], missing],
    [['x-amz-date', 'yesterday'], missing],
    [['x-amz-date', 'yesterday', 'date', http], missing],
    [['x-amz-date', ''], missing],
    [['x-amz-date', TIMESTAMP, 'x-amz-date', TIMESTAMP], missing],
    [['date', http, 'date', http], missing],
  ]
  for (const [headers, expected] of cases) {
    const result = readRequestTime(signed(headers), headers)
    t.equal(result.ok ? result.value.timestamp : outcomeOf(result), expected, headers.join())
    if (result.ok) t.equal(result.value.timeMs, NOW_MS)
  }
  t.end()
})

t.test('the time of a presigned request is the one of its query', (t) => {
  const headers = ['x-amz-date', '20200101T000000Z', 'date', 'Sat, 25 May 2013 00:00:00 GMT']
  t.same(readRequestTime(presigned('900'), headers), { ok: true, value: time })
  t.end()
})

t.test('a signed request may be 15 minutes off, either way', (t) => {
  const check = (distanceMs: number) =>
    outcomeOf(checkRequestTime(signed([]), time, NOW_MS + distanceMs))
  for (const distanceMs of [0, SKEW_MS_MAX, -SKEW_MS_MAX]) t.equal(check(distanceMs), 'ok')
  for (const distanceMs of [SKEW_MS_MAX + 1, -SKEW_MS_MAX - 1, 86_400_000]) {
    t.equal(check(distanceMs), 'RequestTimeTooSkewed: clock-skew')
  }
  t.match(checkRequestTime(signed([]), time, NOW_MS + 3_600_000), {
    error: {
      message: 'The difference between the request time and the current time is too large.',
      extras: [
        ['RequestTime', '20130524T000000Z'],
        ['ServerTime', '2013-05-24T01:00:00Z'],
        ['MaxAllowedSkewMilliseconds', '900000'],
      ],
    },
  })
  t.end()
})

t.test('a presigned request is good until it expires, and 15 minutes early', (t) => {
  const check = (expires: string, distanceMs: number) =>
    outcomeOf(checkRequestTime(presigned(expires), time, NOW_MS + distanceMs))
  const expired = 'AccessDenied: presigned-expired'
  t.equal(check('900', 0), 'ok')
  t.equal(check('900', 900_000), 'ok')
  t.equal(check('900', 900_001), expired)
  t.equal(check('1', 1000), 'ok')
  t.equal(check('1', 1001), expired)
  t.equal(check('604800', 604_800_000), 'ok')
  t.equal(check('900', -SKEW_MS_MAX), 'ok')
  t.equal(check('900', -SKEW_MS_MAX - 1), 'AccessDenied: presigned-not-yet-valid')
  t.match(checkRequestTime(presigned('900'), time, NOW_MS + 3_600_000), {
    error: {
      message: 'Request has expired',
      extras: [
        ['X-Amz-Expires', '900'],
        ['Expires', '2013-05-24T00:15:00Z'],
        ['ServerTime', '2013-05-24T01:00:00Z'],
      ],
    },
  })
  t.match(checkRequestTime(presigned('900'), time, NOW_MS - 3_600_000), {
    error: { message: 'Request is not yet valid' },
  })
  t.end()
})

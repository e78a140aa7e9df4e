import t from 'tap'
import {
  formatAmzDate,
  formatIsoSeconds,
  parseAmzDate,
  parseHttpDate,
  parseScopeDate,
} from '../../src/sigv4/amz-date.ts'

t.test('an AWS timestamp is read, other text is not', (t) => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['20130524T000000Z', Date.UTC(2013, 4, 24)],
    ['20240229T235959Z', Date.UTC(2024, 1, 29, 23, 59, 59)],
    ['19700101T000000Z', 0],
    ['20230229T000000Z', undefined],
    ['20130431T000000Z', undefined],
    ['20131301T000000Z', undefined],
    ['20130001T000000Z', undefined],
    ['20130100T000000Z', undefined],
    ['20130132T000000Z', undefined],
    ['19690101T000000Z', undefined],
    ['20130524T240000Z', undefined],
    ['20130524T006000Z', undefined],
    ['20130524T000060Z', undefined],
    ['20130524t000000Z', undefined],
    ['20130524T000000z', undefined],
    ['20130524T000000', undefined],
    ['20130524T000000ZZ', undefined],
    ['2013 524T000000Z', undefined],
    ['20130524T 00000Z', undefined],
    ['20130524T00-100Z', undefined],
    ['2013-05-24T00:00', undefined],
    ['', undefined],
  ]
  for (const [text, expected] of cases) t.equal(parseAmzDate(text), expected, text)
  t.end()
})

t.test('the date of a scope is read, other text is not', (t) => {
  t.equal(parseScopeDate('20130524'), Date.UTC(2013, 4, 24))
  for (const text of ['', '2013052', '201305240', '20130532', '2013-5-4', 'YYYYMMDD', '20230229']) {
    t.equal(parseScopeDate(text), undefined, text)
  }
  t.end()
})

t.test('an HTTP date is read in the form that must be sent only', (t) => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['Fri, 24 May 2013 00:00:00 GMT', Date.UTC(2013, 4, 24)],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
    ['Sun, 31 Dec 2023 23:59:59 GMT', Date.UTC(2023, 11, 31, 23, 59, 59)],
    ['Fri, 24 May 2013 00:00:00 UTC', undefined],
    ['Fri, 24 May 2013 00:00:00 +00', undefined],
    ['Fri, 24 ayJ 2013 00:00:00 GMT', undefined],
    ['Fri, 24 may 2013 00:00:00 GMT', undefined],
    ['Fri, 31 Feb 2013 00:00:00 GMT', undefined],
    ['Fri, 24 May 2013 24:00:00 GMT', undefined],
    ['Fri, 24 May 2013 00:60:00 GMT', undefined],
    ['Fri, 24 May 2013 00:00:60 GMT', undefined],
    ['Fri, 24 May 2013 00.00.00 GMT', undefined],
    ['Fri, 24-May-2013 00:00:00 GMT', undefined],
    ['Friday, 24-May-13 00:00:00 GMT', undefined],
    ['Fri May 24 00:00:00 2013', undefined],
    ['Fri; 24 May 2013 00:00:00 GMT', undefined],
    ['', undefined],
  ]
  for (const [text, expected] of cases) t.equal(parseHttpDate(text), expected, text)
  t.end()
})

t.test('instants are written cut to the second', (t) => {
  const timeMs = Date.UTC(2026, 10, 3, 4, 5, 6, 999)
  t.equal(formatAmzDate(timeMs), '20261103T040506Z')
  t.equal(formatIsoSeconds(timeMs), '2026-11-03T04:05:06Z')
  t.equal(parseAmzDate(formatAmzDate(timeMs)), timeMs - 999)
  t.end()
})

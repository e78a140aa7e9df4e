import t from 'tap'
import { parseDuration } from '../../src/config/duration.ts'

t.test('a duration is a whole number and a unit', async (t) => {
  for (const [text, ms] of [
    ['0s', 0],
    ['500ms', 500],
    ['60s', 60_000],
    ['5m', 300_000],
    ['12h', 43_200_000],
  ] as const) {
    t.equal(parseDuration(text), ms, text)
  }
})

t.test('other text is not a duration', async (t) => {
  for (const text of [
    '',
    '60',
    's',
    '1.5s',
    '-1s',
    ' 1s',
    '1 s',
    '1S',
    '1d',
    '1s1',
    '1234567890s',
  ]) {
    t.equal(parseDuration(text), undefined, text)
  }
})

import t from 'tap'
import {
  combinedValue,
  headerCount,
  headerListFromRaw,
  headerValue,
} from '../../src/base/header-list.ts'

const LIST = headerListFromRaw(['Host', 'localhost', 'X-Amz-Meta-A', ' ÄB ', 'x-amz-meta-a', ''])

t.test('names are in lower case; values, order and duplicates stay', async (t) => {
  t.strictSame(LIST, ['host', 'localhost', 'x-amz-meta-a', ' ÄB ', 'x-amz-meta-a', ''])
  t.strictSame(headerListFromRaw([]), [])
})

t.test('the raw headers are left as they were', async (t) => {
  const raw = ['Host', 'LOCALHOST']
  headerListFromRaw(raw)
  t.strictSame(raw, ['Host', 'LOCALHOST'])
})

t.test('the first field of a name is found', async (t) => {
  t.equal(headerValue(LIST, 'host'), 'localhost')
  t.equal(headerValue(LIST, 'x-amz-meta-a'), ' ÄB ')
  t.equal(headerValue(LIST, 'Host'), undefined, 'names are asked for in lower case')
  t.equal(headerValue(LIST, 'localhost'), undefined, 'a value is no name')
  t.equal(headerValue([], 'host'), undefined)
})

t.test('an empty value is a value', async (t) => {
  t.equal(headerValue(['a', ''], 'a'), '')
})

t.test('values that agree are one, values that differ are none of them', async (t) => {
  for (const [values, combined] of [
    [[], undefined],
    [['a'], 'a'],
    [['a', 'a', 'a'], 'a'],
    [['a', 'b'], 'a, b'],
    [['a', 'a', 'b'], 'a, b'],
    [['b', 'a', 'b'], 'b, a, b'],
    [['', 'a'], ', a'],
    [['a', ''], 'a, '],
    [[''], ''],
  ] as const) {
    const list = ['other', 'x', ...values.flatMap((value) => ['name', value]), 'other', 'y']
    t.equal(combinedValue(list, 'name'), combined, JSON.stringify(values))
  }
})

t.test('fields of a name are counted', async (t) => {
  t.equal(headerCount(LIST, 'x-amz-meta-a'), 2)
  t.equal(headerCount(LIST, 'host'), 1)
  t.equal(headerCount(LIST, 'localhost'), 0)
})

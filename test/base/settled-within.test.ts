import t from 'tap'
import { settledWithin } from '../../src/base/settled-within.ts'

const never = new Promise<void>(() => undefined)

t.test('what has ended is in time, with success and with failure', async (t) => {
  t.equal(await settledWithin(Promise.resolve(), 60_000), true)
  t.equal(await settledWithin(Promise.reject(new Error('no')), 60_000), true)
})

t.test('what does not end is given up after the time', async (t) => {
  t.equal(await settledWithin(never, 1), false)
  t.equal(await settledWithin(never, -5), false, 'a time that is over is none')
})

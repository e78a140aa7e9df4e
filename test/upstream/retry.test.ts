import t from 'tap'
import { retryPauseMs } from '../../src/upstream/retry.ts'

t.test('pauses are at random below a limit that grows', async (t) => {
  t.equal(retryPauseMs(1, 0, 0), 0)
  t.equal(retryPauseMs(1, 0, 0.5), 25)
  t.equal(retryPauseMs(2, 0, 0.5), 75)
  t.equal(retryPauseMs(3, 0, 1), 450)
})

t.test('there are four attempts, and none begins after two seconds', async (t) => {
  t.equal(retryPauseMs(4, 0, 0), undefined)
  t.equal(retryPauseMs(1, 1_800, 0), 0)
  t.equal(retryPauseMs(1, 1_801, 0), undefined)
  t.equal(retryPauseMs(3, 1_500, 1), undefined)
})

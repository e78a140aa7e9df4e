import t from 'tap'
import { refuseExpectation } from '../../src/request/expectation.ts'

t.test('only 100-continue can be met', async (t) => {
  t.equal(refuseExpectation([]), undefined)
  t.equal(refuseExpectation(['expect', '100-continue']), undefined)
  t.equal(refuseExpectation(['expect', '100-Continue']), undefined)
  t.equal(refuseExpectation(['expect', 'a', 'expect', '100-continue']), undefined, 'of several')
  for (const value of ['something', '', '100-continued', '200-ok']) {
    t.match(
      refuseExpectation(['expect', value]),
      { code: 'ExpectationFailed', reason: 'expectation-failed' },
      value,
    )
  }
})

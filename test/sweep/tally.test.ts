import t from 'tap'
import type { ResealFailure, ResealOutcome } from '../../src/sweep/object-version.ts'
import { type Count, Tally } from '../../src/sweep/tally.ts'

const FAILED: ResealFailure = {
  kind: 'failed',
  stage: 'request',
  code: 'AccessDenied',
  message: 'no',
  differences: [],
  previous: undefined,
  recovery: [],
}
const LEFT: ResealOutcome = {
  kind: 'left',
  class: 'cannot-know',
  reason: 'AccessDenied',
  needs: [],
}

t.test('versions are counted by how they ended', async (t) => {
  const tally = new Tally()
  tally.add(FAILED, 1)
  tally.add(FAILED, 2)
  tally.add(LEFT, 4)
  tally.add({ kind: 'changed' }, 8)
  t.strictSame(tally.failed, { objects: 2, bytes: 3 } satisfies Count)
  t.strictSame(
    [...tally.left],
    [
      ['cannot-know', { objects: 1, bytes: 4 }],
      ['moving', { objects: 1, bytes: 8 }],
    ],
  )
  t.equal(tally.done.size, 0)
})

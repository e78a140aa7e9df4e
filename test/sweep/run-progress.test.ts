import t from 'tap'
import { RunProgress } from '../../src/sweep/run-progress.ts'
import { parseRunRecord, type RunRecord } from '../../src/sweep/run-record.ts'

const BEGUN = {
  record: 'begun',
  n: 0,
  method: 'update',
  version: { bucket: 'bucket', key: 'key' },
  isCurrent: true,
  snapshot: { headers: ['etag', '"e"'] },
}

const FAILED = {
  record: 'failed',
  n: 0,
  stage: 'after',
  code: 'properties-differ',
  message: 'differs',
  differences: [],
  recovery: [],
}

const SKIPPED = { record: 'skipped', n: 0, class: 'sealed', reason: 'by-others', needs: [] }

t.test('what failed keeps what it was before, until it ends well', (t) => {
  const progress = new RunProgress()
  progress.add(recordOf(BEGUN), 70)
  progress.add(recordOf(FAILED), 700)
  t.equal(progress.statusOf(0), 'failed')
  t.strictSame(progress.pendingOf(0), { start: 70, uploadId: undefined })
  progress.add(recordOf(SKIPPED), 7000)
  t.equal(progress.statusOf(0), 'settled')
  t.equal(progress.pendingOf(0), undefined)
  t.end()
})

function recordOf(fields: Readonly<Record<string, unknown>>): RunRecord {
  const record = parseRunRecord({ time: '', ...fields })
  if (record === undefined) throw new Error(JSON.stringify(fields))
  return record
}

import t from 'tap'
import { adviceOn } from '../../src/s3/advice.ts'

t.test('a message names the gateway, the reason and what to do', async (t) => {
  t.equal(adviceOn('too-many-requests'), '(Sealgate: too-many-requests)')
  t.match(adviceOn('bucket-not-allowed'), /^\(Sealgate: bucket-not-allowed; ask .* buckets\)$/)
})

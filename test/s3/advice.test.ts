import t from 'tap'
import { adviceOn } from '../../src/s3/advice.ts'

t.test('a message names the gateway, the reason and what to do', async (t) => {
  t.equal(adviceOn('malformed-http'), '(Sealgate: malformed-http)')
  t.match(adviceOn('upstream-unreachable'), /cannot reach S3; .* tell the gateway's operator\)$/)
  t.match(adviceOn('bucket-not-allowed'), /^\(Sealgate: bucket-not-allowed; ask .* buckets\)$/)
})

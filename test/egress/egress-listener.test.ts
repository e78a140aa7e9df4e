import t from 'tap'
import { KEY, OTHER_KEY } from '../e2e/harness.ts'
import { startEgressRig } from './egress-rig.ts'
import { sendAbsolute } from './through-proxy.ts'

t.test('an upload in absolute-form takes the road of the policy', async (t) => {
  const rig = await startEgressRig()
  t.teardown(() => rig.close())
  const put = await sendAbsolute(rig.port, {
    host: 'bucket.s3.us-east-1.amazonaws.com',
    method: 'PUT',
    path: '/a/../b//c',
    body: 'text',
  })
  t.equal(put.status, 200, put.text + rig.log())
  t.equal(put.headers['x-amz-server-side-encryption-aws-kms-key-id'], KEY)
  t.match(rig.sandbox.inspect('bucket', 'a/../b//c'), { encryption: 'aws:kms', keyId: KEY })
  t.not(KEY, OTHER_KEY)
})

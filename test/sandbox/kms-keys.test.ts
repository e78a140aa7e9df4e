import t from 'tap'
import { createKmsKeys } from '../../src/sandbox/kms-keys.ts'
import { DISABLED_KEY, KEY, PENDING_KEY, REGION } from './start-test-sandbox.ts'

const keys = createKmsKeys(REGION, [
  { arn: KEY, state: 'enabled' },
  { arn: DISABLED_KEY, state: 'disabled' },
  { arn: PENDING_KEY, state: 'pending-deletion' },
  { arn: 'testkey-1', state: 'enabled' },
])

t.test('an ARN, an id, a name and the managed alias give the key', async (t) => {
  t.equal(keys.resolve(KEY), KEY)
  t.equal(keys.resolve('11111111-1111-4111-8111-111111111111'), KEY)
  t.equal(keys.resolve('testkey-1'), 'testkey-1')
  t.equal(keys.resolve('alias/aws/s3'), keys.managedArn)
  t.match(keys.managedArn, /^arn:aws:kms:eu-central-1:\d{12}:key\//)
})

t.test("what is no usable key has S3's code and text", async (t) => {
  const unknown = KEY.replaceAll('1111-4111', '9999-4999')
  const cases: readonly (readonly [string, string, string])[] = [
    ['fake-key-id', 'KMS.NotFoundException', "Invalid keyId 'fake-key-id'"],
    ['alias/none', 'KMS.NotFoundException', "Invalid keyId 'alias/none'"],
    [unknown, 'KMS.NotFoundException', `Key '${unknown}' does not exist`],
    [KEY.replace(REGION, 'us-east-1'), 'KMS.NotFoundException', 'Invalid arn us-east-1'],
    [DISABLED_KEY, 'KMS.DisabledException', `${DISABLED_KEY} is disabled.`],
    [PENDING_KEY, 'KMS.KMSInvalidStateException', `${PENDING_KEY} is pending deletion.`],
  ]
  for (const [keyId, code, message] of cases) {
    t.throws(() => keys.resolve(keyId), { code, message, status: 400 }, keyId)
  }
  t.throws(() => keys.resolve('99999999-1111-4111-8111-111111111111'), {
    message: /^Key 'arn:aws:kms:eu-central-1:\d+:key\/99999999-.*' does not exist$/,
  })
})

t.test('a state can change', async (t) => {
  const own = createKmsKeys(REGION, [{ arn: KEY, state: 'enabled' }])
  own.setState(KEY, 'disabled')
  t.throws(() => own.checkUsable(KEY), { code: 'KMS.DisabledException' })
  own.setState(KEY, 'enabled')
  t.doesNotThrow(() => own.checkUsable(KEY))
})

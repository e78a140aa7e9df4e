import t from 'tap'
import { fieldValue, isMeaningfulField } from '../../src/body/form-fields.ts'

t.test('a field is found by its name in lower case', async (t) => {
  const fields = [{ name: 'Key', key: 'key', value: 'a' }]
  t.equal(fieldValue(fields, 'key'), 'a')
  t.equal(fieldValue(fields, 'acl'), undefined)
})

for (const key of [
  'key',
  'policy',
  'acl',
  'file',
  'bucket',
  'tagging',
  'redirect',
  'expires',
  'cache-control',
  'content-type',
  'content-md5',
  'success_action_status',
  'success_action_redirect',
  'awsaccesskeyid',
  'signature',
  'x-amz-signature',
  'x-amz-server-side-encryption',
  'x-amz-meta-a',
]) {
  t.test(`${key} means something`, async (t) => {
    t.ok(isMeaningfulField(key))
  })
}

t.test('a submit button means nothing', async (t) => {
  t.notOk(isMeaningfulField('submit'))
  t.notOk(isMeaningfulField('x-ignore-this'))
})

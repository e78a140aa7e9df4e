import t from 'tap'
import { buildForm, type Form } from '../support/form-request.ts'
import { CLIENT, REGION } from '../support/rig.ts'
import { keyOf, readForm, readPolicy } from './form-reading.ts'

const TYPE = 'multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW'
const CONTEXT = {
  ...{ signers: [{ name: 'c', ...CLIENT }], region: REGION, nowMs: Date.UTC(2026, 10, 26, 12) },
}

function read(form: Form, bucket = 'bucket') {
  const reading = readForm(
    TYPE,
    buildForm({ nowMs: CONTEXT.nowMs, fields: [['key', 'k']], ...form }),
  )
  if (reading.kind === 'broken') return reading.why
  const policy = readPolicy(reading.form, bucket, CONTEXT)
  return policy.kind === 'signed' ? `signed ${policy.allowsSize}` : policy.kind
}

t.test('a form as a browser sends it', async (t) => {
  const conditions = [['starts-with', '$key', 'a/']]
  // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's variable has this form.
  const fields: Form['fields'] = [['key', 'a/${filename}']]
  const reading = readForm(TYPE, buildForm({ nowMs: CONTEXT.nowMs, fields, conditions }))
  if (reading.kind === 'broken') throw new Error(reading.why)
  const { form } = reading
  t.equal(form.file.toString(), 'content')
  t.equal(form.filename, 'a file.bin')
  t.equal(keyOf(form), 'a/a file.bin')
  t.equal(form.isWhole, true)
  t.equal(readPolicy(form, 'bucket', CONTEXT).kind, 'signed')
})

t.test('who signed it, and whether its policy holds', async (t) => {
  t.equal(read({}), 'signed true')
  t.equal(read({}, 'other'), 'invalid')
  t.equal(read({ noAuthentication: true }), 'unsigned')
  t.equal(read({ keys: { ...CLIENT, secretAccessKey: 'other' } }), 'invalid')
  t.equal(read({ editPolicy: (text) => `${text}==` }), 'invalid')
  t.equal(read({ expiresInMs: -1000 }), 'invalid')
  t.equal(
    read({ before: ['Content-Disposition: form-data; name="acl"\r\n\r\nprivate'] }),
    'invalid',
  )
  t.equal(read({ conditions: [{ key: 'k' }, ['content-length-range', 0, 3]] }), 'signed false')
  t.equal(read({ conditions: [['starts-with', '$key', 'x']] }), 'invalid')
  t.equal(read({ conditions: [['starts-with', '$key', '']] }), 'signed true')
})

t.test('a form without its end, its file or its boundary', async (t) => {
  const cut = readForm(TYPE, buildForm({ fields: [['key', 'k']], end: '' }))
  t.match(cut, { kind: 'form', form: { isWhole: false } })
  t.match(readForm(TYPE, Buffer.from('nothing')), { kind: 'broken' })
  t.match(readForm('multipart/form-data', buildForm({})), { kind: 'broken' })
})

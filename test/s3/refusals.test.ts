import fc from 'fast-check'
import t from 'tap'
import { refusal } from '../../src/s3/refusals.ts'

t.test("a refusal is the client's fault, in the words of the table", async (t) => {
  t.strictSame(refusal('no-matching-rule'), {
    code: 'AccessDenied',
    message: 'No rule of the encryption policy allows this upload.',
    reason: 'no-matching-rule',
    source: 'downstream',
  })
})

t.test('values stand in the message and in the elements', async (t) => {
  t.strictSame(refusal('mixed-selectors', { one: 'acl', other: 'tagging' }), {
    code: 'InvalidArgument',
    message: 'acl and tagging cannot be combined in one request.',
    reason: 'mixed-selectors',
    source: 'downstream',
    extras: [['ArgumentName', 'tagging']],
  })
  t.match(refusal('decoded-length-mismatch', { expected: 12, provided: 4 }).extras, [
    ['NumberBytesExpected', '12'],
    ['NumberBytesProvided', '4'],
  ])
  t.match(refusal('checksum-not-implemented', { name: 'x-amz-checksum-xxhash3' }).extras, [
    ['Header', 'x-amz-trailer'],
    ['additionalMessage', 'x-amz-checksum-xxhash3 cannot be verified by this endpoint'],
  ])
})

t.test('one reason has several answers, and names itself alone', async (t) => {
  t.match(refusal('unknown-operation/archive'), {
    code: 'NotImplemented',
    reason: 'unknown-operation',
  })
  t.match(refusal('bucket-redirected/for-now'), {
    code: 'SlowDown',
    reason: 'bucket-redirected',
    source: 'upstream',
  })
})

t.test('failures of S3 and of our own are not the fault of the client', async (t) => {
  t.equal(refusal('encryption-not-confirmed').source, 'upstream')
  t.equal(refusal('internal-error').source, 'internal')
})

t.test('a value that looks like a name is not looked into', async () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('{one}', '{other}', '$&', '$1', '{one}{other}', '{{one}}'),
  )
  fc.assert(
    fc.property(text, text, (one, other) => {
      const { message, extras } = refusal('mixed-selectors', { one, other })
      return (
        message === `${one} and ${other} cannot be combined in one request.` &&
        extras?.[0]?.[1] === other
      )
    }),
    { numRuns: 200 },
  )
})

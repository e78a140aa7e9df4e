import fc from 'fast-check'
import t from 'tap'
import { refusal } from '../../src/s3/refusals.ts'

t.test("a refusal is the client's fault, in the words of the table", async (t) => {
  t.strictSame(refusal('no-matching-rule', { operation: 'PutObject', bucket: 'photos' }), {
    code: 'AccessDenied',
    message: 'No rule of the encryption policy allows PutObject of this key in the bucket photos.',
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
  t.equal(refusal('encryption-not-confirmed', { algorithm: 'aws:kms' }).source, 'upstream')
  t.equal(refusal('internal-error').source, 'internal')
})

t.test('a message is bounded and has no control character, whatever a client sends', async (t) => {
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('\0', '\r\n', '\u001b[31m', '\u0085', '\u2028', '\u202e', '\ud800', 'é', '€'),
    fc.constantFrom(1023, 1024, 1025, 9000).map((length) => 'x'.repeat(length)),
  )
  fc.assert(
    fc.property(value, value, (one, other) => {
      const { message } = refusal('mixed-selectors', { one, other })
      return (
        message.length < 2150 &&
        Buffer.from(message).toString() === message &&
        !/[\p{Cc}\u2028\u202e]/u.test(message)
      )
    }),
    { numRuns: 200 },
  )
  const long = 'k'.repeat(1025)
  const { message, extras } = refusal('post-field-repeated', { name: long })
  t.equal(message, `Duplicate field: ${long.slice(0, 1024)}….`)
  t.strictSame(extras, [['ArgumentName', long]], 'the element has it whole')
  t.equal(
    refusal('post-field-repeated', { name: 'a\r\nb\u202ec' }).message,
    'Duplicate field: a\ufffd\ufffdb\ufffdc.',
  )
  t.equal(refusal('post-field-repeated', { name: 'é€😀' }).message, 'Duplicate field: é€😀.')
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

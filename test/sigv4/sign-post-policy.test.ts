import fc from 'fast-check'
import t from 'tap'
import { checkPostPolicy } from '../../src/sigv4/check-post-policy.ts'
import {
  type PostField,
  parsePostAuthentication,
  verifyPostSignature,
} from '../../src/sigv4/post-authentication.ts'
import { parsePostPolicy } from '../../src/sigv4/post-policy.ts'
import { signPostPolicy } from '../../src/sigv4/sign-post-policy.ts'
import { SigningKeyCache } from '../../src/sigv4/signing-key.ts'
import { ACCESS_KEY_ID, NOW_MS, REGION, SECRET_ACCESS_KEY } from './example.ts'

const keys = new SigningKeyCache()

function sign(fields: readonly PostField[], sessionToken?: string): readonly PostField[] {
  return signPostPolicy({
    bucket: 'bucket',
    fields,
    contentLengthRange: { min: 1, max: 10 },
    expirationMs: NOW_MS + 60_000,
    credentials: { accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY, sessionToken },
    region: REGION,
    service: 's3',
    nowMs: NOW_MS,
    keys,
  })
}

t.test("a client's authentication is replaced by ours", (t) => {
  const fields = sign(
    [
      { name: 'key', value: 'k' },
      { name: 'X-Amz-Credential', value: 'CLIENT/20130524/us-east-1/s3/aws4_request' },
      { name: 'X-Amz-Security-Token', value: 'of-the-client' },
      { name: 'AWSAccessKeyId', value: 'CLIENT' },
      { name: 'Policy', value: 'of-the-client' },
      { name: 'acl', value: 'private' },
    ],
    'of-the-proxy',
  )
  t.same(
    fields.map(({ name }) => name),
    [
      'key',
      'acl',
      'x-amz-algorithm',
      'x-amz-credential',
      'x-amz-date',
      'x-amz-security-token',
      'policy',
      'x-amz-signature',
    ],
  )
  t.notMatch(JSON.stringify(fields), /CLIENT|of-the-client/)
  t.match(fields[4], { value: '20130524T000000Z' })
  t.end()
})

t.test('whatever is signed is verified and admitted by its policy', (t) => {
  const text = fc.string({ unit: 'binary', maxLength: 20 })
  const name = text.map((suffix) => `x-amz-meta-${suffix}`)
  fc.assert(
    fc.property(
      text,
      fc.uniqueArray(fc.tuple(name, text), { selector: ([n]) => n.toLowerCase(), maxLength: 6 }),
      fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
      (key, metadata, sessionToken) => {
        const others = metadata.map(([n, value]) => ({ name: n, value }))
        const fields = sign([{ name: 'key', value: key }, ...others], sessionToken)
        const authentication = parsePostAuthentication(fields)
        if (!authentication.ok || authentication.value === undefined) return false
        const verified = verifyPostSignature({
          authentication: authentication.value,
          secretAccessKeys: [SECRET_ACCESS_KEY],
          sessionToken,
          region: REGION,
          service: 's3',
          keys,
        })
        const policy = parsePostPolicy(authentication.value.policyText)
        if (!verified.ok || !policy.ok) return false
        const form = { bucket: 'bucket', key, fields, nowMs: NOW_MS }
        return checkPostPolicy(policy.value, form).ok
      },
    ),
    { numRuns: 200 },
  )
  t.pass('no counterexample')
  t.end()
})

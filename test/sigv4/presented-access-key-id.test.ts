import fc from 'fast-check'
import t from 'tap'
import { presentedAccessKeyId } from '../../src/sigv4/presented-access-key-id.ts'

const SCOPE = '20261128/us-east-1/s3/aws4_request'
const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'

const TABLE: readonly (readonly [
  name: string,
  authorization: string | undefined,
  target: string,
  expected: string | undefined,
])[] = [
  ['nothing', undefined, '/b/k', undefined],
  [
    'a header',
    `AWS4-HMAC-SHA256 Credential=AKID/${SCOPE}, SignedHeaders=host, Signature=0`,
    '/',
    'AKID',
  ],
  [
    'its parts in another order',
    `AWS4-HMAC-SHA256 Signature=0,Credential=AKID/${SCOPE}`,
    '/',
    'AKID',
  ],
  ['SigV4A', `AWS4-ECDSA-P256-SHA256 Credential=AKID/20261128/s3/aws4_request`, '/', 'AKID'],
  ['a credential without its scope', 'AWS4-HMAC-SHA256 Credential=AKID', '/', 'AKID'],
  ['SigV2', 'AWS AKID:c2lnbmF0dXJl', '/', 'AKID'],
  ['a password', 'Basic QUtJRDpzZWNyZXQ=', '/', undefined],
  [
    'a presigned URL',
    undefined,
    `/b/k?x=1&X-Amz-Credential=AKID%2F${encodeURIComponent(SCOPE)}`,
    'AKID',
  ],
  ['one in lower case', undefined, `/b/k?x-amz-credential=AKID/${SCOPE}`, 'AKID'],
  ['one of SigV2', undefined, '/b/k?AWSAccessKeyId=AKID&Signature=0', 'AKID'],
  ['what is no UTF-8', undefined, '/b/k?X-Amz-Credential=%ff', undefined],
  ['a secret in its place', `AWS4-HMAC-SHA256 Credential=${SECRET}/${SCOPE}`, '/', 'wJal…'],
  ['a secret, in SigV2', `AWS ${SECRET}:c2ln`, '/', 'wJal…'],
  ['an empty one', 'AWS4-HMAC-SHA256 Credential=/x', '/', undefined],
  ['a long one', `AWS ${'A'.repeat(200)}:x`, '/', 'A'.repeat(128)],
]

for (const [name, authorization, target, expected] of TABLE) {
  t.test(`who is said to ask: ${name}`, async (t) => {
    const headers = authorization === undefined ? [] : ['authorization', authorization]
    t.equal(presentedAccessKeyId(headers, target), expected)
  })
}

t.test('whatever is sent, what is shown has a bound and is no signature', async () => {
  const text = fc.string({ unit: 'binary-ascii', maxLength: 300 })
  fc.assert(
    fc.property(
      text,
      text,
      fc.constantFrom('AWS ', 'AWS4-HMAC-SHA256 Credential=', ''),
      (a, b, prefix) => {
        const shown = presentedAccessKeyId(['authorization', prefix + a], `/?X-Amz-Credential=${b}`)
        return shown === undefined || (shown.length <= 128 && shown.length > 0)
      },
    ),
    { numRuns: 300 },
  )
})

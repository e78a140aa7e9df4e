import t from 'tap'
import { redact, redactText } from '../../src/telemetry/redact.ts'

const SECRET = 'hunter2hunter2'

t.test('what a secret name holds is masked, in any spelling and depth', async (t) => {
  for (const name of [
    'authorization',
    'Authorization',
    'proxy-authorization',
    'Cookie',
    'x-amz-security-token',
    'X-Amz-Signature',
    'secretAccessKey',
    'secret_access_key',
    'secretAccessKeys',
    'sessionToken',
    'x-amz-server-side-encryption-customer-key',
    'x-amz-server-side-encryption-customer-key-MD5',
    'x-amz-copy-source-server-side-encryption-customer-key',
    'canonicalRequest',
    'stringToSign',
    'privateKey',
  ]) {
    const found = JSON.stringify(redact({ a: [{ [name]: SECRET, other: 1 }], [name]: [SECRET] }))
    t.notMatch(found, new RegExp(SECRET), name)
    t.match(found, /"other":1/)
  }
})

t.test('flat header lists are masked', async (t) => {
  t.strictSame(redact({ headers: ['host', 'a', 'authorization', SECRET, 'range', 'bytes=0-1'] }), {
    headers: ['host', 'a', 'authorization', '[redacted]', 'range', 'bytes=0-1'],
  })
})

t.test('signatures and tokens inside of text are masked', async (t) => {
  for (const text of [
    `GET /b/k?X-Amz-Signature=${SECRET}&x=1`,
    `GET /b/k?x=1&X-Amz-Security-Token=${SECRET}`,
    `AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/s3/aws4_request, Signature=${SECRET}`,
    `{"SecretAccessKey":"${SECRET}"}`,
    `<SessionToken>${SECRET}</SessionToken>`,
    `Proxy-Authorization: Basic ${SECRET}`,
    `Bearer ${SECRET}`,
  ]) {
    const masked = redactText(text)
    t.notMatch(masked, new RegExp(SECRET), text)
    t.match(masked, /\[redacted\]/)
  }
  t.equal(redactText('GET /bucket/key?versionId=abc'), 'GET /bucket/key?versionId=abc')
})

t.test("OpenSSL's words about signatures stay whole", async (t) => {
  for (const text of [
    'no TLS with h:443 (UNABLE_TO_VERIFY_LEAF_SIGNATURE: unable to verify the first certificate)',
    "UNABLE_TO_DECRYPT_CERT_SIGNATURE: unable to decrypt certificate's signature",
    'CERT_SIGNATURE_FAILURE: certificate signature failure',
    'bad signature: expired',
  ]) {
    t.equal(redactText(text), text)
  }
  const v4 = '0123456789abcdef'.repeat(4)
  const v2 = 'frJIUN8DYpKDtOLCwo//yllqDzg='
  for (const signature of [v4, v2, 'abcdef'.repeat(10)]) {
    for (const text of [
      `Signature: ${signature}`,
      `signature:${signature}`,
      `LEAF_SIGNATURE: ${signature}`,
      `Signature=${signature}`,
      `"Signature": "${signature}"`,
      `<Signature>${signature}</Signature>`,
      `X-Amz-Signature : ${signature}`,
    ]) {
      t.notMatch(redactText(text), signature.slice(0, 20), text)
    }
  }
  t.equal(redactText('Signature=abcdefgh'), 'Signature=[redacted]')
})

t.test('errors show type, message, details and causes, masked', async (t) => {
  const cause = new Error(`Signature=${SECRET}`)
  const error = Object.assign(new TypeError('broken', { cause }), {
    code: 'EX',
    sessionToken: SECRET,
  })
  const shown = redact({ err: error })
  t.match(shown, {
    err: { type: 'TypeError', message: 'broken', code: 'EX', cause: { type: 'Error' } },
  })
  t.match(JSON.stringify(shown), /redact\.test/, 'with the stack')
  t.notMatch(JSON.stringify(shown), new RegExp(SECRET))
})

t.test('depth and width are limited, and loops end', async (t) => {
  const loop: { self?: object } = {}
  loop.self = loop
  t.match(JSON.stringify(redact(loop)), /\[deeper\]/)
  t.equal(
    Object.keys(Object(redact(Object.fromEntries(Array.from({ length: 999 }, (_, i) => [i, i])))))
      .length,
    200,
  )
  t.strictSame(redact({ a: Buffer.from(SECRET) }), { a: '[14 bytes]' })
})

t.test('plain values stay as they are', async (t) => {
  for (const value of [1, true, null, undefined, 'text', 12n]) t.equal(redact(value), value)
  t.strictSame(redact({ url: new URL('http://a/?X-Amz-Signature=abcdefgh') }), {
    url: 'http://a/?X-Amz-Signature=[redacted]',
  })
})

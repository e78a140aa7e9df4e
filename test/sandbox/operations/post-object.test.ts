import t from 'tap'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'
import { deriveKey, element, hmac, sendRaw } from '../send.ts'
import { ACCOUNT, BUCKET, KEY, NOW, REGION, startTestSandbox } from '../start-test-sandbox.ts'

const SSE = 'x-amz-server-side-encryption'
const SCOPE = `20261123/${REGION}/s3/aws4_request`

/** A form whose policy has a condition for every field, and others. */
function formBody(
  fields: Readonly<Record<string, string>>,
  file: string | Buffer,
  conditions: readonly unknown[] = [],
): Buffer {
  const signed: Record<string, string> = {
    ...fields,
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `${ACCOUNT.accessKeyId}/${SCOPE}`,
    'x-amz-date': '20261123T120000Z',
  }
  const policy = Buffer.from(
    JSON.stringify({
      expiration: new Date(NOW + 60_000).toISOString(),
      conditions: [
        { bucket: BUCKET },
        ...Object.entries(signed).map(([name, value]) =>
          // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's own placeholder.
          value.includes('${filename}') ? ['starts-with', `$${name}`, ''] : { [name]: value },
        ),
        ...conditions,
      ],
    }),
  ).toString('base64')
  const all = {
    ...signed,
    policy,
    'x-amz-signature': hmac(deriveKey(ACCOUNT.secretAccessKey, SCOPE), policy).toString('hex'),
  }
  const parts = Object.entries(all).map(
    ([name, value]) => `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  return Buffer.concat([
    Buffer.from(
      `${parts.join('')}--XX\r\nContent-Disposition: form-data; name="file"; filename="photo ü.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`,
    ),
    Buffer.from(file),
    Buffer.from('\r\n--XX--\r\n'),
  ])
}

function post(sandbox: Sandbox, body: Buffer, headers: readonly string[] = []) {
  const all = [
    'host',
    'sandbox.test',
    'content-type',
    'multipart/form-data; boundary=XX',
    ...headers,
  ]
  return sendRaw(sandbox, 'POST', `/${BUCKET}`, all, body)
}

t.test('a form makes an object, encrypted as its fields say', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const fields = {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's own placeholder.
    key: 'up/${filename}',
    'Content-Type': 'image/png',
    'x-amz-meta-a': 'b',
    tagging: '<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>',
    [SSE]: 'aws:kms',
    [`${SSE}-aws-kms-key-id`]: KEY,
  }
  for (const size of [5, 300_000]) {
    const answer = await post(sandbox, formBody(fields, Buffer.alloc(size, 'x')))
    t.match(answer, {
      status: 204,
      body: '',
      headers: { [SSE]: 'aws:kms', [`${SSE}-aws-kms-key-id`]: KEY },
    })
    t.match(sandbox.inspect(BUCKET, 'up/photo ü.jpg'), {
      size,
      encryption: 'aws:kms',
      keyId: KEY,
      metadata: { a: 'b' },
      headers: { 'content-type': 'image/png' },
      tags: { k: 'v' },
    })
  }
  const plain = await post(sandbox, formBody({ key: 'plain' }, 'x'))
  t.equal(plain.headers[SSE], 'AES256')
})

t.test('the answer is what the form asks for', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const ask = (fields: Record<string, string>) =>
    post(sandbox, formBody({ key: 'a b', ...fields }, 'hello'))
  t.match(await ask({ success_action_status: '200' }), { status: 200, body: '' })
  t.equal((await ask({ success_action_status: '404' })).status, 204)
  const created = await ask({ success_action_status: '201' })
  t.equal(created.status, 201)
  t.strictSame(
    ['Bucket', 'Key', 'ETag'].map((name) => element(created.body, name)),
    [BUCKET, 'a b', '&quot;5d41402abc4b2a76b9719d911017c592&quot;'],
  )
  const added = `bucket=${BUCKET}&key=a%20b&etag=%225d41402abc4b2a76b9719d911017c592%22`
  for (const [asked, location] of [
    ['http://example.test/done', `http://example.test/done?${added}`],
    ['http://example.test/done?x=1', `http://example.test/done?x=1&${added}`],
    ['http://example.test/?x=%20+#done', `http://example.test/?x=%20+&${added}#done`],
    ['http://example.test?#a?b', `http://example.test?${added}#a?b`],
  ] as const) {
    const redirected = await ask({ success_action_redirect: asked })
    t.equal(redirected.status, 303)
    t.equal(redirected.headers.location, location, asked)
  }
  for (const spoilt of ['/done', 'http://example.test/a b', 'http://example.test/ü']) {
    t.equal((await ask({ success_action_redirect: spoilt })).status, 204, spoilt)
  }
})

t.test('content-length-range is enforced', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const range = [['content-length-range', 3, 5]]
  const cases: readonly (readonly [number, number, string | undefined])[] = [
    [2, 400, 'EntityTooSmall'],
    [3, 204, undefined],
    [5, 204, undefined],
    [6, 400, 'EntityTooLarge'],
    [3_000_000, 400, 'EntityTooLarge'],
  ]
  for (const [size, status, code] of cases) {
    const answer = await post(sandbox, formBody({ key: 'a' }, Buffer.alloc(size), range))
    t.strictSame([answer.status, answer.code], [status, code], String(size))
  }
})

t.test('a form with a wrong signature, policy or field is refused', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const body = formBody({ key: 'a' }, 'x')
  const text = body.toString('latin1')
  const cases: readonly (readonly [string, Buffer, readonly string[], number, string])[] = [
    [
      'another signature',
      Buffer.from(text.replace(/(x-amz-signature"\r\n\r\n)[0-9a-f]/, '$1g'), 'latin1'),
      [],
      403,
      'SignatureDoesNotMatch',
    ],
    ['an encryption header', body, [SSE, 'aws:kms'], 400, 'InvalidArgument'],
    ['no key', formBody({}, 'x'), [], 400, 'InvalidArgument'],
    ['an empty key', formBody({ key: '' }, 'x'), [], 400, 'KeyTooLongError'],
    [
      'a wrong digest',
      formBody({ key: 'a', 'content-md5': 'AAAAAAAAAAAAAAAAAAAAAA==' }, 'x'),
      [],
      400,
      'BadDigest',
    ],
    [
      'an unknown key',
      formBody({ key: 'a', [SSE]: 'aws:kms', [`${SSE}-aws-kms-key-id`]: 'x' }, 'x'),
      [],
      400,
      'KMS.NotFoundException',
    ],
    ['no end', body.subarray(0, -8), [], 400, 'MalformedPOSTRequest'],
  ]
  for (const [name, octets, headers, status, code] of cases) {
    t.match(await post(sandbox, octets, headers), { status, code }, name)
  }
  const chunked = await post(sandbox, body, ['transfer-encoding', 'chunked'])
  t.match(chunked, { status: 411, code: 'MissingContentLength' })
  t.strictSame(sandbox.list(BUCKET), [])
})

t.test('a POST that is neither signed nor a form is told so', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const answer = await sendRaw(sandbox, 'POST', `/${BUCKET}`, ['host', 'sandbox.test'], 'x')
  t.match(answer, { status: 412, code: 'PreconditionFailed', body: /enclosure-type multipart/ })
})

t.test('the quirk silentPost says nothing', async (t) => {
  const { sandbox } = await startTestSandbox(t, { quirks: { silentPost: true } })
  const answer = await post(sandbox, formBody({ key: 'a', [SSE]: 'aws:kms' }, 'x'))
  t.equal(answer.headers[SSE], undefined)
  t.equal(sandbox.inspect(BUCKET, 'a')?.encryption, 'aws:kms')
})

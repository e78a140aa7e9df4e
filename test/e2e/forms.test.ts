import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { httpChunked } from '../support/chunked-request.ts'
import { buildForm, type Form, fieldPart, formHead, postForm } from '../support/form-request.ts'
import { errorCodeOf, type RawAnswer, RawConnection } from '../support/raw-http.ts'
import { becomes } from '../support/raw-socket.ts'
import {
  CLIENT,
  KEY,
  OTHER_KEY,
  type Rig,
  type RigOptions,
  startRig,
  UPSTREAM,
} from '../support/rig.ts'
import { send } from '../support/signed-request.ts'
import type { Field } from '../support/signer.ts'

const SSE = 'x-amz-server-side-encryption'
const NAMED: readonly Field[] = [['key', 'k']]

async function rigOf(t: Test, options: RigOptions = {}): Promise<Rig> {
  const rig = await startRig(options)
  t.teardown(() => rig.close())
  return rig
}

/** `400 InvalidArgument form-field-after-file`: status, code and reason; only the status of a success. */
function verdictOf(answer: RawAnswer): string {
  const { status } = answer
  const reason = answer.headers.get('x-sealgate-reason')
  return [status, errorCodeOf(answer), reason].filter((word) => word !== undefined).join(' ')
}

interface FormCase {
  readonly name: string
  readonly form: Form
  readonly verdict: string
}

/** Runs the cases on one rig: what is refused stores nothing, what is stored is under the policy. */
function table(name: string, cases: readonly FormCase[], options: RigOptions = {}): void {
  t.test(name, async (t) => {
    const rig = await rigOf(t, options)
    for (const { name, form, verdict } of cases) {
      const before = rig.received.length
      const answer = await postForm(rig.port, form)
      t.equal(verdictOf(answer), verdict, `${name}: ${answer.body}`)
      const stored = rig.sandbox.list('bucket')
      if (answer.status !== undefined && answer.status < 400) {
        t.strictSame(stored, ['k'], `${name}: stored`)
        t.match(rig.sandbox.inspect('bucket', 'k'), { encryption: 'aws:kms', keyId: KEY }, name)
        await send(rig.sandbox.port, {
          method: 'DELETE',
          path: '/bucket/k',
          credentials: UPSTREAM,
        })
      } else {
        t.strictSame(stored, [], `${name}: nothing is stored`)
        t.ok(answer.isWhole, `${name}: the answer is whole`)
        if (verdict.startsWith('403')) t.equal(rig.received.length, before, 'nothing is sent')
      }
    }
    t.equal((await rig.audit()).length, cases.length, 'each has its audit line')
  })
}

const CUSTOMER: readonly Field[] = [
  [`${SSE}-customer-algorithm`, 'AES256'],
  [`${SSE}-customer-key`, Buffer.alloc(32, 1).toString('base64')],
  [`${SSE}-customer-key-MD5`, 'AAAAAAAAAAAAAAAAAAAAAA=='],
]

table('4. encryption in form fields: the policy wins', [
  { name: 'none', form: { fields: NAMED }, verdict: '204' },
  ...['AES256', 'aws:kms', 'aws:kms:dsse', 'AWS:KMS', 'none', ''].map((value) => ({
    name: `${SSE}: ${value}`,
    form: { fields: [...NAMED, [SSE, value] as const] },
    verdict: '204',
  })),
  {
    name: 'another key, context and bucket key',
    form: {
      fields: [
        ...NAMED,
        [SSE, 'aws:kms'],
        [`${SSE}-aws-kms-key-id`, OTHER_KEY],
        [`${SSE}-context`, 'e30='],
        [`${SSE}-bucket-key-enabled`, 'true'],
      ],
    },
    verdict: '204',
  },
  {
    name: 'the client’s own key, with which the object could not be read',
    form: { fields: [...NAMED, ...CUSTOMER] },
    verdict: '400 InvalidRequest customer-keys-refused',
  },
  {
    name: 'a name in other letters',
    form: { fields: [...NAMED, ['X-Amz-Server-Side-Encryption', 'AES256']] },
    verdict: '204',
  },
  {
    name: 'a policy that demands AES256',
    form: {
      fields: [...NAMED, [SSE, 'AES256']],
      conditions: [{ key: 'k' }, ['eq', `$${SSE}`, 'AES256']],
    },
    verdict: '204',
  },
])

table(
  '4. a rule that says reject refuses a form that asks for other encryption',
  [
    { name: 'none', form: { fields: NAMED }, verdict: '204' },
    {
      name: 'AES256',
      form: { fields: [...NAMED, [SSE, 'AES256']] },
      verdict: '403 AccessDenied encryption-conflict',
    },
    {
      name: 'the client’s own key',
      form: { fields: [...NAMED, ...CUSTOMER] },
      verdict: '400 InvalidRequest customer-keys-refused',
    },
  ],
  {
    policy: `
  rules: [{ name: all, encrypt: { keyId: '${KEY}' }, conflict: reject }]`,
  },
)

table(
  '4. a rule that overrides customer keys on purpose stores the form under its own',
  [
    {
      name: 'the client’s own key',
      form: { fields: [...NAMED, ...CUSTOMER] },
      verdict: '204',
    },
  ],
  {
    policy: `
  rules: [{ name: all, encrypt: { keyId: '${KEY}' }, customerKeys: override }]`,
  },
)

const STRAY: readonly Field[] = [[SSE, 'AES256']]

/** As Python's requests sends `files=`: every part has a file name. */
function likeRequests(form: Form): Buffer {
  const text = buildForm(form).toString('latin1')
  return Buffer.from(
    text.replace(/; name="(?!file")([^"]*)"/g, '; name="$1"; filename="$1"'),
    'latin1',
  )
}

t.test('a form whose fields all carry a file name is stored', async (t) => {
  const rig = await rigOf(t)
  const form: Form = { fields: [...NAMED, ['x-amz-meta-a', 'b'], ['Content-Type', 'text/plain']] }
  t.equal(verdictOf(await postForm(rig.port, form, likeRequests(form))), '204')
  t.match(rig.sandbox.inspect('bucket', 'k'), { encryption: 'aws:kms', keyId: KEY })
  const direct = { ...form, fields: [['key', 'direct']] as const, keys: UPSTREAM }
  const answer = await postForm(rig.sandbox.port, direct, likeRequests(direct))
  t.equal(answer.status, 204, 'and by the embedded S3 itself')
  t.strictSame(rig.sandbox.list('bucket'), ['direct', 'k'])
})

t.test('RFC 2046: preamble, spaces behind a boundary and epilogue are ignored', async (t) => {
  const rig = await rigOf(t)
  const padded = buildForm({ fields: NAMED })
    .toString('latin1')
    .replaceAll(/(--\w+)\r\n/g, '$1 \r\n')
  const body = Buffer.from(`A preamble.\r\n${padded}An epilogue.`, 'latin1')
  t.equal(verdictOf(await postForm(rig.port, { fields: NAMED }, body)), '204')
  const direct: Form = { fields: NAMED, keys: UPSTREAM }
  const odd = Buffer.concat([Buffer.from('Hi.\r\n'), buildForm(direct), Buffer.from('Bye.')])
  t.equal((await postForm(rig.sandbox.port, direct, odd)).status, 204, 'the embedded S3 as well')
})

table('5. tricks of forms', [
  {
    name: 'field names in other letters',
    form: { fields: [['KEY', 'k']], spell: (name) => name.toUpperCase() },
    verdict: '204',
  },
  {
    name: 'key twice',
    form: { fields: [...NAMED, ['Key', 'other']], conditions: [['starts-with', '$key', '']] },
    verdict: '400 InvalidArgument form-duplicate-field',
  },
  {
    name: 'encryption twice',
    form: { fields: [...NAMED, ...STRAY, ['X-AMZ-Server-Side-Encryption', 'aws:kms']] },
    verdict: '400 InvalidArgument form-duplicate-field',
  },
  {
    name: 'policy twice',
    form: { fields: NAMED, before: [fieldPart('policy', 'e30=')] },
    verdict: '400 InvalidArgument form-duplicate-field',
  },
  {
    name: 'metadata twice',
    form: { fields: [...NAMED, ['x-amz-meta-a', '1'], ['x-amz-meta-a', '2']] },
    verdict: '400 InvalidArgument form-duplicate-field',
  },
  {
    name: 'encryption behind the file',
    form: { fields: NAMED, after: [fieldPart(SSE, 'AES256')] },
    verdict: '400 InvalidArgument form-field-after-file',
  },
  {
    name: 'another key behind the file',
    form: { fields: NAMED, after: [fieldPart('key', 'other')] },
    verdict: '400 InvalidArgument form-field-after-file',
  },
  {
    name: 'a submit button behind the file',
    form: { fields: NAMED, after: [fieldPart('submit', 'Upload to Amazon S3')] },
    verdict: '204',
  },
  {
    name: 'a tail of more than 20 KiB',
    form: { fields: NAMED, after: [fieldPart('submit', 'x'.repeat(20_480))] },
    verdict: '400 MalformedPOSTRequest form-tail-too-long',
  },
  {
    name: 'two files',
    form: {
      fields: NAMED,
      after: ['Content-Disposition: form-data; name="file"; filename="b"\r\n\r\nother'],
    },
    verdict: '400 InvalidArgument form-not-one-file',
  },
  {
    name: 'an ignored field with a file name behind the file',
    form: {
      fields: NAMED,
      after: ['Content-Disposition: form-data; name="more"; filename="b"\r\n\r\nother'],
    },
    verdict: '204',
  },
  {
    name: 'encryption with a file name behind the file',
    form: {
      fields: NAMED,
      after: [`Content-Disposition: form-data; name="${SSE}"; filename="b"\r\n\r\nAES256`],
    },
    verdict: '400 InvalidArgument form-field-after-file',
  },
  {
    name: 'encryption with a file name before the file, which the policy does not name',
    form: {
      fields: NAMED,
      before: [`Content-Disposition: form-data; name="${SSE}"; filename="x"\r\n\r\nAES256`],
    },
    verdict: '403 AccessDenied post-extra-fields',
  },
  {
    name: 'encryption with a file name before the file, which the policy names',
    form: {
      fields: NAMED,
      conditions: [{ key: 'k' }, { [SSE]: 'AES256' }],
      before: [`Content-Disposition: form-data; name="${SSE}"; filename="x"\r\n\r\nAES256`],
    },
    verdict: '204',
  },
  {
    name: 'no file',
    form: { fields: NAMED, disposition: 'form-data; name="notfile"' },
    verdict: '400 InvalidArgument form-not-one-file',
  },
  {
    name: 'a file without a filename',
    form: { fields: NAMED, disposition: 'form-data; name="file"' },
    verdict: '204',
  },
  {
    name: 'a file whose name is in other letters',
    form: { fields: NAMED, disposition: 'form-data; name="File"; filename="x"' },
    verdict: '204',
  },
  {
    name: 'filename*',
    form: { fields: NAMED, disposition: `form-data; name="file"; filename*=UTF-8''x` },
    verdict: '400 MalformedPOSTRequest form-disposition-malformed',
  },
  {
    name: 'name*',
    form: {
      fields: NAMED,
      before: [`Content-Disposition: form-data; name*=UTF-8''${SSE}\r\n\r\nx`],
    },
    verdict: '400 MalformedPOSTRequest form-disposition-malformed',
  },
  {
    name: 'two names in one part',
    form: {
      fields: NAMED,
      before: [`Content-Disposition: form-data; name="x-ignore-a"; name="${SSE}"\r\n\r\nAES256`],
    },
    verdict: '400 MalformedPOSTRequest form-disposition-malformed',
  },
  {
    name: 'two dispositions in one part',
    form: {
      fields: NAMED,
      before: [
        `Content-Disposition: form-data; name="x-ignore-a"\r\nContent-Disposition: form-data; name="${SSE}"\r\n\r\nAES256`,
      ],
    },
    verdict: '400 MalformedPOSTRequest form-part-header-malformed',
  },
  {
    name: 'a nested multipart',
    form: {
      fields: NAMED,
      before: [
        `Content-Disposition: form-data; name="x-ignore-a"\r\nContent-Type: multipart/mixed; boundary=inner\r\n\r\n--inner\r\n${fieldPart(SSE, 'AES256')}\r\n--inner--`,
      ],
    },
    verdict: '400 MalformedPOSTRequest form-nested',
  },
  {
    name: 'a part in base64',
    form: {
      fields: NAMED,
      before: [
        `Content-Disposition: form-data; name="x-ignore-a"\r\nContent-Transfer-Encoding: base64\r\n\r\nQUVT`,
      ],
    },
    verdict: '400 MalformedPOSTRequest form-part-encoded',
  },
  {
    name: 'a folded header',
    form: {
      fields: NAMED,
      before: [`Content-Disposition: form-data;\r\n name="${SSE}"\r\n\r\nAES256`],
    },
    verdict: '400 MalformedPOSTRequest form-part-header-malformed',
  },
  {
    name: 'encryption in the request’s head',
    form: { fields: NAMED, headers: STRAY },
    verdict: '400 InvalidRequest encryption-headers-on-form',
  },
  {
    name: 'encryption in the head and in a field',
    form: { fields: [...NAMED, ...STRAY], headers: STRAY },
    verdict: '400 InvalidRequest encryption-headers-on-form',
  },
  {
    name: 'the client’s own key in the request’s head',
    form: { fields: NAMED, headers: CUSTOMER },
    verdict: '400 InvalidRequest encryption-headers-on-form',
  },
])

const secret = (secretAccessKey: string) => ({ ...CLIENT, secretAccessKey })
/** A policy that says nothing of the bucket. */
const ANY_BUCKET = JSON.stringify({
  expiration: '2099-01-01T00:00:00Z',
  conditions: [
    ['starts-with', '$key', ''],
    ['starts-with', '$x-amz-algorithm', ''],
    ['starts-with', '$x-amz-credential', ''],
    ['starts-with', '$x-amz-date', ''],
  ],
})

table('who signs, and what the policy allows', [
  {
    name: 'a wrong secret',
    form: { fields: NAMED, keys: secret('wrong') },
    verdict: '403 SignatureDoesNotMatch post-signature-mismatch',
  },
  {
    name: 'a policy that was changed after signing',
    form: {
      fields: NAMED,
      editPolicy: (policy) =>
        Buffer.from(Buffer.from(policy, 'base64').toString().replace('"k"', '"K"')).toString(
          'base64',
        ),
    },
    verdict: '403 SignatureDoesNotMatch post-signature-mismatch',
  },
  {
    name: 'a policy that was cut off',
    form: { fields: NAMED, editPolicy: (policy) => policy.slice(0, -4) },
    verdict: '403 SignatureDoesNotMatch post-signature-mismatch',
  },
  {
    name: 'an unknown key',
    form: { fields: NAMED, keys: { accessKeyId: 'SGNOBODY', secretAccessKey: 'x' } },
    verdict: '403 InvalidAccessKeyId unknown-access-key',
  },
  {
    name: 'nobody',
    form: { fields: NAMED, noAuthentication: true },
    verdict: '403 AccessDenied anonymous',
  },
  {
    name: 'SigV2',
    form: {
      fields: [...NAMED, ['AWSAccessKeyId', CLIENT.accessKeyId], ['signature', 'x']],
      noAuthentication: true,
    },
    verdict: '400 InvalidRequest sigv2-unsupported',
  },
  {
    name: 'a policy without a signature',
    form: { fields: [...NAMED, ['policy', 'e30=']], noAuthentication: true },
    verdict: '400 InvalidArgument post-field-missing',
  },
  {
    name: 'two mechanisms',
    form: {
      fields: NAMED,
      headers: [
        ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
        [
          'authorization',
          'AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=00',
        ],
      ],
    },
    verdict: '400 InvalidArgument two-authentication-mechanisms',
  },
  { name: 'no key', form: {}, verdict: '400 InvalidArgument post-field-missing' },
  {
    name: 'expired',
    form: { fields: NAMED, expiresInMs: -1000 },
    verdict: '403 AccessDenied post-policy-expired',
  },
  {
    name: 'a policy that is no JSON',
    form: { fields: NAMED, policy: '{' },
    verdict: '400 InvalidPolicyDocument post-policy-malformed',
  },
  {
    name: 'a policy for any bucket',
    form: { fields: NAMED, policy: ANY_BUCKET },
    verdict: '403 AccessDenied post-extra-fields',
  },
  {
    name: 'eq that holds',
    form: { fields: NAMED, conditions: [['eq', '$key', 'k']] },
    verdict: '204',
  },
  {
    name: 'eq that fails',
    form: { fields: NAMED, conditions: [['eq', '$key', 'K']] },
    verdict: '403 AccessDenied post-condition-failed',
  },
  {
    name: 'starts-with that holds',
    form: {
      fields: [...NAMED, ['x-amz-meta-a', 'begins so']],
      conditions: [
        ['starts-with', '$key', ''],
        ['starts-with', '$x-amz-meta-a', 'begins'],
      ],
    },
    verdict: '204',
  },
  {
    name: 'starts-with that fails',
    form: { fields: NAMED, conditions: [['starts-with', '$key', 'user/']] },
    verdict: '403 AccessDenied post-condition-failed',
  },
  {
    name: 'starts-with on a list of content types',
    form: {
      fields: [...NAMED, ['Content-Type', 'image/png,text/html']],
      conditions: [{ key: 'k' }, ['starts-with', '$Content-Type', 'image/']],
    },
    verdict: '403 AccessDenied post-condition-failed',
  },
  {
    name: 'a field that no condition asks for',
    form: { fields: [...NAMED, ['acl', 'public-read']], conditions: [{ key: 'k' }] },
    verdict: '403 AccessDenied post-extra-fields',
  },
  {
    name: 'an encryption field that no condition asks for',
    form: { fields: [...NAMED, ...STRAY], conditions: [{ key: 'k' }] },
    verdict: '403 AccessDenied post-extra-fields',
  },
  {
    name: 'x-ignore fields need none',
    form: { fields: [...NAMED, ['x-ignore-this', 'x']], conditions: [{ key: 'k' }] },
    verdict: '204',
  },
  {
    name: 'a condition whose field is not there',
    form: { fields: NAMED, conditions: [{ key: 'k' }, { acl: 'private' }] },
    verdict: '403 AccessDenied post-condition-failed',
  },
  {
    name: 'a condition of two properties',
    form: { fields: NAMED, conditions: [{ key: 'k', acl: 'x' }] },
    verdict: '400 InvalidPolicyDocument post-policy-malformed',
  },
])

const ranged = (min: number, max: number, file: string): Form => ({
  fields: NAMED,
  conditions: [{ key: 'k' }, ['content-length-range', min, max]],
  file,
})

table('content-length-range: the limits and what is beyond them', [
  { name: 'the least', form: ranged(3, 5, 'abc'), verdict: '204' },
  { name: 'the most', form: ranged(3, 5, 'abcde'), verdict: '204' },
  { name: 'one less', form: ranged(3, 5, 'ab'), verdict: '400 EntityTooSmall post-file-too-small' },
  {
    name: 'one more',
    form: ranged(3, 5, 'abcdef'),
    verdict: '400 EntityTooLarge post-file-too-large',
  },
  { name: 'nothing where nothing is allowed', form: ranged(0, 0, ''), verdict: '204' },
  {
    name: 'something where nothing is',
    form: ranged(0, 0, 'a'),
    verdict: '400 EntityTooLarge post-file-too-large',
  },
  {
    name: 'a mebibyte more',
    form: ranged(0, 1000, 'x'.repeat(1024 * 1024)),
    verdict: '400 EntityTooLarge post-file-too-large',
  },
  {
    name: 'a mebibyte less',
    form: ranged(2 * 1024 * 1024, 3 * 1024 * 1024, 'x'.repeat(1024 * 1024)),
    verdict: '400 EntityTooSmall post-file-too-small',
  },
])

const LONGEST = `${'b'.repeat(70)}`

table('boundaries', [
  { name: 'one character', form: { fields: NAMED, boundary: 'b' }, verdict: '204' },
  { name: 'seventy', form: { fields: NAMED, boundary: LONGEST }, verdict: '204' },
  {
    name: 'seventy-one',
    form: { fields: NAMED, boundary: `${LONGEST}b` },
    verdict: '400 MalformedPOSTRequest form-boundary-malformed',
  },
  {
    name: 'quoted, with a space inside',
    form: { fields: NAMED, boundary: "a 'b'(c)+_,-./:=?d", boundaryText: `"a 'b'(c)+_,-./:=?d"` },
    verdict: '204',
  },
  {
    name: 'none',
    form: { fields: NAMED, boundaryText: '""' },
    verdict: '400 MalformedPOSTRequest form-boundary-malformed',
  },
  {
    name: 'another than the body’s',
    form: { fields: NAMED, boundaryText: 'another' },
    verdict: '400 MalformedPOSTRequest form-incomplete',
  },
  {
    name: 'content that looks nearly like one',
    form: { fields: NAMED, boundary: 'bound', file: '\r\n--boun\r\n--bounD\r\r\n-bound--\r\n' },
    verdict: '204',
  },
  {
    name: 'nothing behind the closing boundary',
    form: { fields: NAMED, boundary: 'bound', end: '--bound--' },
    verdict: '204',
  },
  {
    name: 'no closing boundary',
    form: { fields: NAMED, end: '' },
    verdict: '400 MalformedPOSTRequest form-incomplete',
  },
  {
    name: 'half a closing boundary',
    form: { fields: NAMED, boundary: 'bound', end: '--bound-' },
    verdict: '400 MalformedPOSTRequest form-incomplete',
  },
  {
    name: 'something behind the closing boundary',
    form: { fields: NAMED, boundary: 'bound', end: '--bound--\r\nGET / HTTP/1.1' },
    verdict: '204',
  },
  {
    name: 'a third dash behind the closing boundary',
    form: { fields: NAMED, boundary: 'bound', end: '--bound---\r\n' },
    verdict: '400 MalformedPOSTRequest form-boundary-line',
  },
])

t.test('20 KiB before the file are accepted, one byte more is refused', async (t) => {
  const rig = await rigOf(t)
  const lengthOf = (form: Form) => buildForm(form).indexOf('\r\n\r\ncontent\r\n') + 4
  const padded = (bytes: number): Form => ({
    fields: [...NAMED, ['x-ignore-pad', 'x'.repeat(bytes)]],
    conditions: [{ key: 'k' }],
  })
  const pad = 20_480 - lengthOf(padded(0))
  t.equal(lengthOf(padded(pad)), 20_480)
  t.equal(verdictOf(await postForm(rig.port, padded(pad))), '204')
  t.equal(
    verdictOf(await postForm(rig.port, padded(pad + 1))),
    '400 MaxPostPreDataLengthExceeded form-head-too-long',
  )
})

for (const bytes of [0, 1, 64 * 1024, 20 * 1024 * 1024]) {
  t.test(`a file of ${bytes} bytes comes back as it was`, async (t) => {
    const rig = await rigOf(t)
    const file = randomBytes(bytes)
    t.equal(verdictOf(await postForm(rig.port, { fields: NAMED, file })), '204')
    t.match(rig.sandbox.inspect('bucket', 'k'), { size: bytes, encryption: 'aws:kms', keyId: KEY })
    const read = await send(rig.port, { path: '/bucket/k' })
    t.ok(read.body.equals(file))
  })
}

t.test('what the client gets told', async (t) => {
  const rig = await rigOf(t)
  const post = (...more: readonly Field[]) =>
    postForm(rig.port, {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's variable has this very form.
      fields: [['key', 'dir/${filename}'], ...more],
      conditions: [
        ['starts-with', '$key', 'dir/'],
        ...more.map(([name, value]) => ({ [name]: value })),
      ],
    })
  const location = `${rig.url}/bucket/dir/a%20file.bin`

  const plain = await post()
  t.match(plain, { status: 204, body: '' })
  t.equal(plain.headers.get('location'), location)
  t.equal(plain.headers.get(SSE), 'aws:kms')
  t.match(await post(['success_action_status', '200']), { status: 200, body: '' })
  t.match(await post(['success_action_status', '418']), { status: 204 })
  const created = await post(['success_action_status', '201'])
  t.match(created, { status: 201 })
  t.equal(created.headers.get('content-type'), 'application/xml')
  const etag = rig.sandbox.inspect('bucket', 'dir/a file.bin')?.etag ?? ''
  t.match(created.body, `<Location>${location}</Location>`)
  t.match(created.body, '<Bucket>bucket</Bucket><Key>dir/a file.bin</Key>')
  t.notMatch(created.body, String(rig.sandbox.port), 'S3’s own address stays hidden')

  for (const name of ['success_action_redirect', 'redirect']) {
    const redirected = await post([name, 'https://app.example/done'])
    t.equal(redirected.status, 303)
    t.match(
      redirected.headers.get('location'),
      /^https:\/\/app\.example\/done\?bucket=bucket&key=dir%2Fa%20file\.bin&etag=%22[0-9a-f]+%22$/,
    )
  }
  t.ok(etag.length > 0)
  const query = await post(['success_action_redirect', 'https://app.example/?a=b'])
  t.match(query.headers.get('location'), 'https://app.example/?a=b&bucket=bucket&key=')
  const fragment = await post(['success_action_redirect', 'https://app.example/#done'])
  t.match(
    fragment.headers.get('location'),
    /^https:\/\/app\.example\/\?bucket=.*&etag=%22\w+%22#done$/,
  )
  const spoilt = await post(['success_action_redirect', 'javascript:alert(1)'])
  t.match(spoilt, { status: 204 }, 'what is no address is not followed')
  const split = await post(['success_action_redirect', 'https://app.example/\tx'])
  t.match(split, { status: 204 })
})

t.test('a form in HTTP chunks has no length: 411', async (t) => {
  const rig = await rigOf(t)
  const form: Form = { fields: NAMED }
  const connection = new RawConnection(rig.port)
  t.teardown(() => connection.destroy())
  connection.write(formHead(rig.port, form, undefined)).write(httpChunked(buildForm(form)))
  t.equal(verdictOf(await connection.answer()), '411 MissingContentLength missing-content-length')
  t.strictSame(rig.sandbox.list('bucket'), [])
})

t.test('a form that is cut off anywhere is not stored', async (t) => {
  const rig = await rigOf(t)
  const form: Form = { fields: NAMED, file: 'x'.repeat(100_000), boundary: 'bound' }
  const body = buildForm(form)
  const fileAt = body.indexOf('xxxx')
  const cuts = [0, 3, 100, fileAt - 5, fileAt, fileAt + 1, fileAt + 50_000]
  for (let back = 1; back <= 14; back++) cuts.push(body.length - back)
  for (const cut of cuts) {
    const connection = new RawConnection(rig.port).write(formHead(rig.port, form, body.length))
    connection.write(body.subarray(0, cut)).socket.end()
    const answer = await connection.answer()
    await connection.closed()
    t.not(answer.status, 204, `cut at ${cut} of ${body.length}`)
    t.strictSame(rig.sandbox.list('bucket'), [], `cut at ${cut}: nothing is stored`)
  }
})

t.test('a form byte by byte is the same form', async (t) => {
  const rig = await rigOf(t)
  const form: Form = { fields: NAMED, file: 'short' }
  const body = buildForm(form)
  const connection = new RawConnection(rig.port).write(formHead(rig.port, form, body.length))
  for (const byte of body) {
    connection.write(Buffer.of(byte))
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.equal(verdictOf(await connection.answer()), '204')
  connection.destroy()
  t.match(rig.sandbox.inspect('bucket', 'k'), { size: 5, encryption: 'aws:kms', keyId: KEY })
})

t.test('a form that expects a 100 gets one, and then its answer', async (t) => {
  const rig = await rigOf(t)
  const form: Form = { fields: NAMED, headers: [['expect', '100-continue']] }
  const body = buildForm(form)
  const connection = new RawConnection(rig.port).write(formHead(rig.port, form, body.length))
  t.ok(await connection.until(/100 Continue/), 'its authentication is in its body')
  connection.write(body)
  t.equal(verdictOf(await connection.answer()), '204')
  connection.destroy()
})

t.test('a client may only post to its own buckets, and where a rule matches', async (t) => {
  const rig = await rigOf(t, {
    clients: `  - { name: small, accessKeyId: SGSMALL00000000001, secretAccessKey: small-secret-small, buckets: [other] }`,
    policy: `
  rules: [{ name: one, match: { keys: ['in/*'] }, encrypt: { keyId: '${KEY}' } }]`,
  })
  const keys = { accessKeyId: 'SGSMALL00000000001', secretAccessKey: 'small-secret-small' }
  const fields: readonly Field[] = [['key', 'in/k']]
  const foreign = await postForm(rig.port, { fields, keys })
  t.equal(verdictOf(foreign), '403 AccessDenied bucket-not-allowed')
  t.equal(verdictOf(await postForm(rig.port, { fields, keys, bucket: 'other' })), '204')
  const unmatched = await postForm(rig.port, { fields: [['key', 'out/k']] })
  t.equal(verdictOf(unmatched), '403 AccessDenied no-matching-rule')
  // The key is judged as it will be: with the file's name in it.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's variable has this very form.
  const named: readonly Field[] = [['key', '${filename}']]
  const disposition = 'form-data; name="file"; filename="in/k"'
  const conditions = [['starts-with', '$key', '']]
  const expanded = await postForm(rig.port, { fields: named, conditions, disposition })
  t.equal(verdictOf(expanded), '403 AccessDenied no-matching-rule', 'only the last part of a path')
})

/** An upstream that takes one form and confirms it. */
async function formTaker(t: Test) {
  let arrived: (form: { declared: string | undefined; body: string }) => void = () => undefined
  const arrival = new Promise<Parameters<typeof arrived>[0]>((resolve) => {
    arrived = resolve
  })
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    const declared = request.headers['content-length']
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      arrived({ declared, body: Buffer.concat(chunks).toString('latin1') })
      response.writeHead(204, { [SSE]: 'aws:kms', [`${SSE}-aws-kms-key-id`]: KEY }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : 0, arrival }
}

const FILE_PART = /name="file"[^\r]*/

for (const disposition of ['form-data; name="file"; filename="a.txt"', 'form-data; name="file"']) {
  t.test(`the file has a name for S3, whatever it had: ${disposition}`, async (t) => {
    const taker = await formTaker(t)
    const rig = await rigOf(t, { upstreamPort: taker.port })
    t.equal(verdictOf(await postForm(rig.port, { fields: NAMED, disposition })), '204')
    t.equal(FILE_PART.exec((await taker.arrival).body)?.[0], 'name="file"; filename="file"')
  })
}

t.test('it has none if S3 would put it into a field', async (t) => {
  const taker = await formTaker(t)
  const rig = await rigOf(t, { upstreamPort: taker.port })
  // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's variable has this very form.
  const fields: readonly Field[] = [...NAMED, ['x-amz-meta-name', '${filename}']]
  const disposition = 'form-data; name="file"'
  t.equal(verdictOf(await postForm(rig.port, { fields, disposition })), '204')
  const { body } = await taker.arrival
  t.equal(FILE_PART.exec(body)?.[0], 'name="file"')
  // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's variable has this very form.
  t.match(body, 'name="x-amz-meta-name"\r\n\r\n${filename}\r\n')
})

t.test('what goes to S3 is a form of our own', async (t) => {
  const taker = await formTaker(t)
  const rig = await rigOf(t, { upstreamPort: taker.port })
  const fields: readonly Field[] = [
    ...NAMED,
    [SSE, 'AES256'],
    ['x-amz-meta-a', 'kept'],
    ['success_action_redirect', 'https://app.example/'],
    ['x-ignore-this', 'gone'],
    ['x-amz-server_side_encryption', 'gone'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's variable has this very form.
    ['x-amz-meta-name', '${filename}'],
  ]
  const answer = await postForm(rig.port, {
    fields,
    // S3 expands the variable before it looks at the conditions.
    conditions: fields.map(([name]) => ['starts-with', `$${name}`, '']),
    after: [fieldPart('submit', 'gone')],
    headers: [['cookie', 'gone']],
  })
  t.equal(answer.status, 303)
  const { declared, body } = await taker.arrival
  t.equal(declared, String(body.length), 'the length is exact')
  const names = [...body.matchAll(/; name="([^"]+)"/g)].map(([, name]) => name)
  t.strictSame([...names].sort(), [
    'file',
    'key',
    'policy',
    'success_action_status',
    'x-amz-algorithm',
    'x-amz-credential',
    'x-amz-date',
    'x-amz-meta-a',
    'x-amz-meta-name',
    SSE,
    `${SSE}-aws-kms-key-id`,
    'x-amz-signature',
  ])
  t.equal(names.at(-1), 'file')
  for (const foreign of [CLIENT.accessKeyId, 'gone', 'AES256', 'app.example']) {
    t.notMatch(body, foreign)
  }
  t.match(body, UPSTREAM.accessKeyId)
  t.match(body, 'name="x-amz-meta-name"\r\n\r\na file.bin\r\n', 'the variable is expanded here')
  const policy = /name="policy"\r\n\r\n([^\r]+)/.exec(body)?.[1] ?? ''
  const { conditions } = JSON.parse(Buffer.from(policy, 'base64').toString())
  t.match(JSON.stringify(conditions), SSE, 'our policy covers the encryption')
})

t.test('the audit says what was asked, what was done and what S3 confirmed', async (t) => {
  const rig = await rigOf(t)
  await postForm(rig.port, { fields: [...NAMED, [SSE, 'AES256']] })
  t.match(await rig.audit(), [
    {
      operation: 'PostObject',
      client: 'app',
      bucket: 'bucket',
      key: 'k',
      rule: 'all',
      decision: 'allow',
      requestedEncryption: { algorithm: 'AES256' },
      appliedEncryption: { algorithm: 'aws:kms', keyId: KEY },
      confirmedEncryption: { algorithm: 'aws:kms', keyId: KEY },
      status: 204,
    },
  ])
})

t.test('a form for a bucket that no client may touch is refused before it is read', async (t) => {
  const rig = await rigOf(t, { buckets: '[other]' })
  const connection = new RawConnection(rig.port)
  const expect: Field = ['expect', '100-continue']
  const answer = await connection
    .write(formHead(rig.port, { fields: NAMED, headers: [expect] }, 1000))
    .answer()
  t.equal(verdictOf(answer), '403 AccessDenied bucket-not-allowed')
  t.equal(answer.continues, 0)
  connection.destroy()
})

t.test('the fields of a form have a time in all, its file has none', async (t) => {
  const rig = await rigOf(t, { more: 'limits: { headIdle: 1s }' })
  const body = buildForm({ fields: NAMED })
  const dripping = new RawConnection(rig.port).write(formHead(rig.port, {}, body.length))
  let at = 0
  const drip = setInterval(() => dripping.write(body.subarray(at, ++at)), 50)
  t.equal(verdictOf(await dripping.answer()), '400 RequestTimeout body-idle')
  clearInterval(drip)
  dripping.destroy()
  t.match((await rig.audit()).at(-1), { status: 400, reason: 'body-idle' })

  const slow = new RawConnection(rig.port).write(formHead(rig.port, {}, body.length))
  slow.write(body.subarray(0, body.indexOf('content')))
  await new Promise((resolve) => setTimeout(resolve, 1_300))
  slow.write(body.subarray(body.indexOf('content')))
  t.equal(verdictOf(await slow.answer()), '204')
  slow.destroy()
})

t.test('forms of nobody leave half of the places to others, however many come', async (t) => {
  const rig = await rigOf(t, { more: 'limits: { concurrentRequests: 4 }' })
  const body = buildForm({ fields: NAMED })
  const forms = Array.from({ length: 6 }, () => new RawConnection(rig.port))
  for (const [i, form] of forms.entries()) {
    form.write(formHead(rig.port, {}, body.length)).write(body.subarray(0, 100))
    await becomes(() => rig.metrics.inflight === Math.min(i + 1, 2))
  }
  for (const form of forms.slice(0, 4)) {
    t.equal(verdictOf(await form.answer()), '503 SlowDown too-many-requests', 'the oldest go')
  }
  t.equal(rig.metrics.inflight, 2)
  t.equal((await send(rig.port, { method: 'PUT', path: '/bucket/other', body: 'x' })).status, 200)
  for (const form of forms.slice(4)) {
    t.equal(verdictOf(await form.write(body.subarray(100)).answer()), '204', 'the newest stay')
  }
  for (const form of forms) form.destroy()
})

import t from 'tap'
import { ok } from '../../src/base/result.ts'
import { type FormHead, FormHeadReader } from '../../src/body/form-head-reader.ts'
import type { Client } from '../../src/config/config.ts'
import { compilePattern } from '../../src/policy/pattern.ts'
import { type AuthenticationContext, identify } from '../../src/request/identify.ts'
import { readForm } from '../../src/request/read-form.ts'
import { readRequest, type S3Request } from '../../src/request/read-request.ts'
import { ACCESS_CLASSES } from '../../src/s3/operation-table.ts'
import { SigningKeyCache } from '../../src/sigv4/signing-key.ts'
import { buildForm, type Form } from '../support/form-request.ts'
import { CLIENT, REGION } from '../support/rig.ts'

const EVERYTHING = { prefixes: [''], allow: ACCESS_CLASSES }
const BOUNDARY = 'bound'
/** Of the signer and of who verifies: a policy that expired a millisecond ago has expired. */
const NOW_MS = Date.UTC(2026, 10, 26, 12)
const SSE = 'x-amz-server-side-encryption'

function clientOf(name: string, bucket: string, identity: Client['identity']): Client {
  return { name, identity, buckets: [compilePattern(bucket)], ...EVERYTHING, upstream: undefined }
}

const APP = clientOf('app', 'bucket', {
  kind: 'keys',
  accessKeyId: CLIENT.accessKeyId,
  secretAccessKeys: [CLIENT.secretAccessKey],
  sessionToken: undefined,
})
const SIDECAR = clientOf('sidecar', '*', { kind: 'anonymous' })

function contextOf(change: Partial<AuthenticationContext> = {}): AuthenticationContext {
  return {
    clientsByAccessKeyId: new Map([[CLIENT.accessKeyId, APP]]),
    unsignedClient: undefined,
    region: REGION,
    keys: new SigningKeyCache(),
    nowMs: NOW_MS,
    stripsEncryption: false,
    ...change,
  }
}

function headOf(form: Form): FormHead {
  const head = new FormHeadReader(BOUNDARY).push(
    buildForm({ ...form, nowMs: NOW_MS, boundary: BOUNDARY }),
  )
  if (!head.ok || head.value === undefined) throw new Error('no head')
  return head.value
}

function postTo(bucket = 'bucket'): S3Request {
  const headers = ['host', 'h', 'content-type', `multipart/form-data; boundary=${BOUNDARY}`]
  const parsed = readRequest('POST', `/${bucket}`, headers, ['h'], new Set())
  if (!parsed.ok) throw new Error(parsed.error.message)
  return parsed.value
}

function authenticated(form: Form, change: Partial<AuthenticationContext> = {}, bucket?: string) {
  const plan = { kind: 'form', boundary: BOUNDARY, bytes: 1 } as const
  const read = readForm(postTo(bucket), plan, headOf(form))
  if (!read.ok) return read
  const { request } = read.value
  const principal = identify(contextOf(change), request)
  if (!principal.ok) return principal
  const { client, contentLengthRange } = principal.value
  const { resource, requestedEncryption: requested } = request
  const { fields } = read.value.form
  return ok({ client, contentLengthRange, key: resource.key, requested, fields })
}

function verdict(...args: Parameters<typeof authenticated>): string {
  const result = authenticated(...args)
  return result.ok ? result.value.client.name : `${result.error.code} ${result.error.reason}`
}

const NAMED: Form = { fields: [['key', 'k']] }
const MIXED: Partial<AuthenticationContext> = { unsignedClient: SIDECAR }
const NOBODY: Form = { ...NAMED, keys: { accessKeyId: 'SGNOBODY', secretAccessKey: 'x' } }
const WRONG: Form = { ...NAMED, keys: { ...CLIENT, secretAccessKey: 'wrong' } }
const UNSIGNED: Form = { ...NAMED, noAuthentication: true }

const TABLE: readonly (readonly [string, Form, Partial<AuthenticationContext>, string])[] = [
  ['a good signature', NAMED, {}, 'app'],
  ['a wrong secret', WRONG, {}, 'SignatureDoesNotMatch post-signature-mismatch'],
  [
    'a wrong secret, where none is asked for',
    WRONG,
    MIXED,
    'SignatureDoesNotMatch post-signature-mismatch',
  ],
  ['an unknown key', NOBODY, {}, 'InvalidAccessKeyId unknown-access-key'],
  ['an unknown key, where none is asked for', NOBODY, MIXED, 'sidecar'],
  ['none', UNSIGNED, {}, 'AccessDenied anonymous'],
  ['none, where none is asked for', UNSIGNED, MIXED, 'sidecar'],
  ['an expired policy', { ...NAMED, expiresInMs: -1 }, {}, 'AccessDenied post-policy-expired'],
  ['an expired policy of an unknown key', { ...NOBODY, expiresInMs: -1 }, MIXED, 'sidecar'],
  ['no key', { fields: [] }, {}, 'InvalidArgument post-field-missing'],
  ['an empty key', { fields: [['key', '']] }, {}, 'InvalidArgument post-field-missing'],
  ['another bucket', { ...NAMED, bucket: 'other' }, {}, 'AccessDenied post-condition-failed'],
  [
    'an encryption field with an empty name of its own',
    {
      fields: [
        ['key', 'k'],
        [`${SSE}-x`, '1'],
      ],
    },
    {},
    'InvalidArgument encryption-header-unknown',
  ],
]

for (const [name, form, change, expected] of TABLE) {
  t.test(`a form with ${name}: ${expected}`, async (t) => {
    t.equal(verdict(form, change), expected)
  })
}

t.test('a client posts to its own buckets only', async (t) => {
  t.equal(verdict({ ...NAMED, bucket: 'other' }, {}, 'other'), 'AccessDenied bucket-not-allowed')
  t.equal(verdict(UNSIGNED, MIXED, 'other'), 'sidecar')
})

t.test('a key that is too long is told its size', async (t) => {
  t.match(authenticated({ fields: [['key', 'ü'.repeat(513)]] }), {
    error: {
      code: 'KeyTooLongError',
      extras: [
        ['Size', '1026'],
        ['MaxSizeAllowed', '1024'],
      ],
    },
  })
})

t.test('the key is as it will be: with the file’s name', async (t) => {
  const conditions = [['starts-with', '$key', '']]
  const keyOf = (key: string, disposition: string) => {
    const result = authenticated({ fields: [['key', key]], conditions, disposition })
    return result.ok ? result.value.key : result.error.reason
  }
  const named = (name: string) => `form-data; name="file"; filename="${name}"`
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: S3's variable has this very form.
  t.equal(keyOf('a/${filename}', named('b.txt')), 'a/b.txt')
  t.equal(keyOf('a/${filename}', named('x/y\\\\z/b.txt')), 'a/b.txt', 'without its path')
  t.equal(keyOf('${filename}${filename}', named('b')), 'bb')
  t.equal(keyOf('a/${filename}', named('${filename}')), 'a/${filename}', 'once')
  t.equal(keyOf('a/${filename}', 'form-data; name="file"'), 'a/${filename}', 'there is no name')
  t.equal(keyOf('${filename}', named('x'.repeat(1024))), 'x'.repeat(1024))
  t.equal(keyOf('${filename}', named('x'.repeat(1025))), 'key-too-long')
  t.equal(keyOf('${filename}', named('ü'.repeat(513))), 'key-too-long', 'in octets')
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: S3's variable has this very form.
})

t.test('encryption fields are read whatever the case of their names', async (t) => {
  const result = authenticated({
    fields: [
      ['key', 'k'],
      ['X-Amz-Server-Side-Encryption', 'AES256'],
      [`${SSE}-context`, 'e30='],
      [`${SSE}-customer-key`, 'x'],
    ],
  })
  t.match(result, {
    ok: true,
    value: { requested: { algorithm: 'AES256', context: 'e30=', hasCustomerKey: true } },
  })
})

t.test('the range is that of a policy that was verified', async (t) => {
  const conditions = [{ key: 'k' }, ['content-length-range', 5, 10]]
  t.match(authenticated({ ...NAMED, conditions }), {
    value: { contentLengthRange: { min: 5, max: 10 } },
  })
  t.match(authenticated(NAMED), { value: { contentLengthRange: undefined } })
  t.match(authenticated({ ...NOBODY, conditions }, MIXED), {
    value: { contentLengthRange: undefined },
  })
})

import aws4 from 'aws4'
import t from 'tap'
import { readSignature, type Signer } from './signature-reading.ts'
import type { WireRequest } from './wire-reading.ts'

const SIGNER: Signer = { name: 'a', accessKeyId: 'AKID', secretAccessKey: 'secret' }
const CONTEXT = {
  signers: [SIGNER],
  region: 'us-east-1',
  isStrict: true,
  // aws4 signs with the clock, maybe minutes after this file was loaded.
  get nowMs() {
    return Date.now()
  },
}

/** Signed by aws4, which is nobody's here. */
function signedBy4(
  target: string,
  headers: Readonly<Record<string, string>> = {},
  signQuery = false,
): WireRequest {
  const { path = '', headers: signed = {} } = aws4.sign(
    {
      ...{ service: 's3', region: 'us-east-1', method: 'PUT', host: 's3.test', signQuery },
      path: target,
      body: signQuery ? '' : 'x',
      headers: { host: 's3.test', ...headers },
    },
    SIGNER,
  )
  return {
    ...{ method: 'PUT', target: path, version: 'HTTP/1.1', isWhole: true },
    fields: Object.entries(signed).map(([name, value]) => ({ name, value: String(value) })),
    body: Buffer.from('x'),
  }
}

const TARGETS = ['/bucket/k', '/bucket/a%20b?acl=', '/bucket/k?b=1&a=%2F', '/bucket/%C3%A4']

for (const target of TARGETS) {
  t.test(`what aws4 signs verifies: ${target}`, async (t) => {
    const request = signedBy4(target, { 'x-amz-meta-a': '1' })
    const read = readSignature(request, CONTEXT)
    t.match(read, { kind: 'signed', via: 'header', signer: { name: 'a' } })
    if (read.kind === 'signed') t.ok(read.signedNames.has('x-amz-meta-a'))
    const presigned = signedBy4(
      `${target}${target.includes('?') ? '&' : '?'}X-Amz-Expires=60`,
      {},
      true,
    )
    t.match(readSignature(presigned, CONTEXT), { kind: 'signed', via: 'query' })
  })
}

type Change = (request: WireRequest) => WireRequest

const field =
  (name: string, value: string): Change =>
  (request) => ({
    ...request,
    fields: request.fields.map((one) => (one.name.toLowerCase() === name ? { name, value } : one)),
  })

const CHANGES: readonly (readonly [string, Change])[] = [
  ['another method', (request) => ({ ...request, method: 'GET' })],
  ['another key', (request) => ({ ...request, target: '/bucket/other' })],
  ['a parameter', (request) => ({ ...request, target: `${request.target}?acl` })],
  ['another value', field('x-amz-meta-a', '2')],
  ['another host', field('host', 'other.test')],
  ['another hash', field('x-amz-content-sha256', 'UNSIGNED-PAYLOAD')],
  ['a field twice', (request) => ({ ...request, fields: [...request.fields, ...request.fields] })],
  ['no fields', (request) => ({ ...request, fields: request.fields.slice(-1) })],
]

for (const [name, change] of CHANGES) {
  t.test(`${name} does not verify`, async (t) => {
    const request = change(signedBy4('/bucket/k', { 'x-amz-meta-a': '1' }))
    t.not(readSignature(request, CONTEXT).kind, 'signed')
    t.not(readSignature(request, { ...CONTEXT, isStrict: false }).kind, 'signed')
  })
}

t.test(
  'another secret, another region, another time and an unknown key do not verify',
  async (t) => {
    const request = signedBy4('/bucket/k')
    const kindWith = (context: Partial<typeof CONTEXT>) =>
      readSignature(request, { ...CONTEXT, ...context }).kind
    t.equal(kindWith({}), 'signed')
    t.equal(kindWith({ signers: [{ ...SIGNER, secretAccessKey: 'other' }] }), 'invalid')
    t.equal(kindWith({ signers: [{ ...SIGNER, sessionToken: 'token' }] }), 'invalid')
    t.equal(kindWith({ signers: [] }), 'invalid')
    t.equal(kindWith({ region: 'eu-west-1' }), 'invalid')
    t.equal(kindWith({ nowMs: CONTEXT.nowMs + 1_000_000 }), 'invalid')
    t.equal(kindWith({ nowMs: CONTEXT.nowMs - 1_000_000 }), 'invalid')
    t.equal(readSignature({ ...request, fields: [] }, CONTEXT).kind, 'unsigned')
  },
)

t.test(
  'a signed field may stand in the query of a presigned request, with its value',
  async (t) => {
    const lenient = { ...CONTEXT, isStrict: false }
    const signed = signedBy4(
      '/bucket/k?X-Amz-Expires=60&x-amz-meta-a=1',
      { 'x-amz-meta-a': '1' },
      true,
    )
    const fields = signed.fields.filter(({ name }) => name.toLowerCase() !== 'x-amz-meta-a')
    t.not(fields.length, signed.fields.length)
    const moved = { ...signed, fields }
    t.match(readSignature(moved, lenient), { kind: 'signed', via: 'query' })
    t.not(readSignature(moved, CONTEXT).kind, 'signed')
    const other = { ...moved, target: moved.target.replace('x-amz-meta-a=1', 'x-amz-meta-a=2') }
    t.not(readSignature(other, lenient).kind, 'signed')
    const nowhere = { ...moved, target: moved.target.replace('x-amz-meta-a=1&', '') }
    t.not(readSignature(nowhere, lenient).kind, 'signed')
  },
)

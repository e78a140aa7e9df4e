import t from 'tap'
import { buildChunked, bytesOf, type ChunkedMode } from '../support/chunked-request.ts'
import { CLIENT, REGION } from '../support/rig.ts'
import { readBody } from './chunked-reading.ts'
import { readSignature } from './signature-reading.ts'
import type { WireRequest } from './wire-reading.ts'

const MODES: readonly ChunkedMode[] = ['signed', 'signed-trailer', 'unsigned-trailer']

function requestOf(mode: ChunkedMode, change: (text: string) => string = (text) => text) {
  const { target, fields, parts } = buildChunked({
    ...{ mode, target: '/bucket/k', port: 1 },
    chunks: [Buffer.from('hello '), Buffer.from('world')],
  })
  const request: WireRequest = {
    ...{ method: 'PUT', target, version: 'HTTP/1.1', isWhole: true },
    fields: fields.map(([name, value]) => ({ name, value })),
    body: Buffer.from(change(bytesOf(parts).toString('latin1')), 'latin1'),
  }
  const signer = { name: 'c', ...CLIENT }
  const context = { signers: [signer], region: REGION, nowMs: Date.now(), isStrict: true }
  const signed = readSignature(request, context)
  return {
    ...{ headers: request.fields, body: request.body, isWhole: true },
    signed: signed.kind === 'signed' ? signed : undefined,
  }
}

const CHANGES: readonly (readonly [string, (text: string) => string])[] = [
  ['other data', (text) => text.replace('hello', 'hellO')],
  ['a cut end', (text) => text.slice(0, -3)],
  ['no last chunk', (text) => text.slice(0, text.lastIndexOf('\r\n0'))],
  ['another size', (text) => text.replace(/^6/, '7')],
  ['a trailer more', (text) => text.replace(/\r\n$/, 'x-amz-meta-a:b\r\n\r\n')],
]

for (const mode of MODES) {
  t.test(`${mode}: read, and every change noticed`, async (t) => {
    const whole = readBody(requestOf(mode))
    t.equal(whole.kind === 'object' && whole.bytes.toString(), 'hello world')
    for (const [name, change] of CHANGES) {
      t.equal(readBody(requestOf(mode, change)).kind, 'broken', name)
    }
    t.equal(readBody({ ...requestOf(mode), isWhole: false }).kind, 'broken')
    const unsigned = readBody({ ...requestOf(mode), signed: undefined }).kind
    t.equal(unsigned, mode === 'unsigned-trailer' ? 'object' : 'broken')
  })
}

t.test('a plain body is compared with what its head declares', async (t) => {
  const read = (name: string, value: string) =>
    readBody({
      ...{ headers: [{ name, value }], body: Buffer.from('x'), isWhole: true, signed: undefined },
    }).kind
  t.equal(read('x-amz-content-sha256', 'UNSIGNED-PAYLOAD'), 'object')
  t.equal(read('x-amz-content-sha256', '0'.repeat(64)), 'broken')
  t.equal(read('content-md5', 'nonsense'), 'broken')
  t.equal(read('content-md5', 'ndTkYSaMgDT1yFZOFVxnpg=='), 'object')
  t.equal(read('x-amz-checksum-crc32', 'AAAAAA=='), 'broken')
  t.equal(read('x-amz-checksum-xxhash64', 'not computed'), 'object')
})

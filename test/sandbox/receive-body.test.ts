import { createHash } from 'node:crypto'
import t from 'tap'
import type { Authentication } from '../../src/sandbox/authenticate.ts'
import { expectedChecksum } from '../../src/sandbox/checksum.ts'
import { type BodyPlan, planBody, receiveBody } from '../../src/sandbox/receive-body.ts'
import { parseRequest } from '../../src/sandbox/request.ts'
import { ACCOUNT, REGION } from './start-test-sandbox.ts'

function plan(payload: string, headers: readonly string[]): BodyPlan {
  const request = parseRequest('PUT', '/bucket/key', ['host', 'h', ...headers])
  const authentication: Authentication = {
    account: ACCOUNT,
    request,
    payload,
    dateTime: '20261123T120000Z',
    region: REGION,
    signature: '0'.repeat(64),
  }
  return planBody(request, authentication, expectedChecksum(request.wireHeaders))
}

async function receive(bodyPlan: BodyPlan, pieces: readonly string[], needsMd5 = false) {
  async function* source() {
    for (const piece of pieces) yield Buffer.from(piece)
  }
  const received: Buffer[] = []
  const facts = await receiveBody(bodyPlan, source(), needsMd5, (piece) => {
    received.push(piece)
    return undefined
  })
  return { ...facts, text: Buffer.concat(received).toString() }
}

const hex = (algorithm: string, text: string) => createHash(algorithm).update(text).digest('hex')

t.test('a plan tells how the body comes', async (t) => {
  t.match(plan('UNSIGNED-PAYLOAD', ['content-length', '5']), {
    chunked: undefined,
    size: 5,
    sha256: undefined,
  })
  t.match(plan(hex('sha256', 'a').toUpperCase(), ['content-length', '0']), {
    size: 0,
    sha256: hex('sha256', 'a'),
  })
  const streaming = ['x-amz-decoded-content-length', '7']
  t.match(plan('STREAMING-AWS4-HMAC-SHA256-PAYLOAD', streaming), {
    size: 7,
    chunked: {
      signing: { scope: `20261123/${REGION}/s3/aws4_request`, seedSignature: '0'.repeat(64) },
    },
  })
  const trailer = [...streaming, 'x-amz-trailer', 'x-amz-checksum-crc32']
  t.match(plan('STREAMING-UNSIGNED-PAYLOAD-TRAILER', trailer), {
    chunked: { signing: undefined, trailer: 'x-amz-checksum-crc32' },
  })
})

t.test('heads that S3 refuses before it reads a body', async (t) => {
  const cases: readonly (readonly [string, readonly string[], string])[] = [
    ['UNSIGNED-PAYLOAD', [], 'MissingContentLength'],
    ['UNSIGNED-PAYLOAD', ['content-length', '-1'], 'MissingContentLength'],
    ['UNSIGNED-PAYLOAD', ['content-length', '5368709121'], 'EntityTooLarge'],
    ['UNSIGNED-PAYLOAD', ['content-length', '1', 'content-md5', 'xx'], 'InvalidDigest'],
    [
      'UNSIGNED-PAYLOAD',
      ['content-length', '1', 'x-amz-trailer', 'x-amz-checksum-crc32'],
      'MalformedTrailerError',
    ],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', ['content-length', '5'], 'MissingContentLength'],
    [
      'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
      ['x-amz-decoded-content-length', '5', 'x-amz-trailer', 'x-amz-checksum-crc32'],
      'MalformedTrailerError',
    ],
    [
      'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD',
      ['x-amz-decoded-content-length', '5'],
      'NotImplemented',
    ],
  ]
  for (const [payload, headers, code] of cases) {
    t.throws(() => plan(payload, headers), { code }, `${payload} ${headers.join()}`)
  }
  t.equal(plan('UNSIGNED-PAYLOAD', ['content-length', '5368709120']).size, 5 * 1024 ** 3)
})

t.test('a body that is right is handed on with its digests', async (t) => {
  const md5 = createHash('md5').update('hello').digest('base64')
  const headers = ['content-length', '5', 'content-md5', md5, 'x-amz-checksum-crc32', 'NhCmhg==']
  t.strictSame(await receive(plan(hex('sha256', 'hello'), headers), ['he', 'llo']), {
    size: 5,
    md5: hex('md5', 'hello'),
    checksum: { algorithm: 'CRC32', value: 'NhCmhg==', type: 'FULL_OBJECT' },
    text: 'hello',
  })
  const plain = plan('UNSIGNED-PAYLOAD', ['content-length', '5'])
  t.match(await receive(plain, ['hello']), { md5: undefined, checksum: undefined })
  t.match(await receive(plain, ['hello'], true), { md5: hex('md5', 'hello') })
  t.match(await receive({ ...plain, size: undefined }, ['any', ' size']), { size: 8 })
})

t.test('a body that is wrong is refused at its end', async (t) => {
  const md5 = createHash('md5').update('other').digest('base64')
  const length = ['content-length', '5']
  const cases: readonly (readonly [string, readonly string[], readonly string[], string])[] = [
    ['UNSIGNED-PAYLOAD', length, ['hell'], 'IncompleteBody'],
    ['UNSIGNED-PAYLOAD', length, ['hello', '!'], 'IncompleteBody'],
    [hex('sha256', 'other'), length, ['hello'], 'XAmzContentSHA256Mismatch'],
    ['UNSIGNED-PAYLOAD', [...length, 'content-md5', md5], ['hello'], 'BadDigest'],
    ['UNSIGNED-PAYLOAD', [...length, 'x-amz-checksum-crc32', 'AAAAAA=='], ['hello'], 'BadDigest'],
  ]
  for (const [payload, headers, pieces, code] of cases) {
    await t.rejects(receive(plan(payload, headers), pieces), { code }, `${headers.join()} ${code}`)
  }
})

t.test('chunked bodies are decoded, their length and trailer checked', async (t) => {
  const chunked = (decoded: string) =>
    plan('STREAMING-UNSIGNED-PAYLOAD-TRAILER', [
      'x-amz-decoded-content-length',
      decoded,
      'x-amz-trailer',
      'x-amz-checksum-crc32',
    ])
  const body = (checksum: string) => [
    `5\r\nhel`,
    `lo\r\n0\r\nx-amz-checksum-crc32:${checksum}\r\n\r\n`,
  ]
  t.match(await receive(chunked('5'), body('NhCmhg==')), { text: 'hello', size: 5 })
  await t.rejects(receive(chunked('6'), body('NhCmhg==')), { code: 'IncompleteBody' })
  await t.rejects(receive(chunked('4'), body('NhCmhg==')), { code: 'IncompleteBody' })
  await t.rejects(receive(chunked('5'), body('AAAAAA==')), { code: 'BadDigest' })
  await t.rejects(receive(chunked('5'), body('x')), { code: 'InvalidRequest' })
})

t.test('a sink holds the body back', async (t) => {
  const order: string[] = []
  async function* source() {
    for (const text of ['a', 'b']) {
      order.push(`read ${text}`)
      yield Buffer.from(text)
    }
  }
  await receiveBody(
    plan('UNSIGNED-PAYLOAD', ['content-length', '2']),
    source(),
    false,
    async (piece) => {
      await Promise.resolve()
      order.push(`stored ${piece.toString()}`)
    },
  )
  t.strictSame(order, ['read a', 'stored a', 'read b', 'stored b'])
})

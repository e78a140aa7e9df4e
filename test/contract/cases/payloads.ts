import { createHash } from 'node:crypto'
import { CHECKSUMS, checksumOf } from '../../support/checksum.ts'
import type { S3Request } from '../../support/s3-client.ts'
import { sendCutShort } from '../../support/wire.ts'
import { type ContractCase, judgedHere } from '../contract-case.ts'
import { type Run, statusOf } from '../run.ts'

/** Two chunks and a bit, none of them all alike. */
const BODY = Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * 31 + (i >> 8)) & 255))
const NO_TRAILERS = 'RGW 16 does not know trailing checksums'

async function put(run: Run, request: Omit<Partial<S3Request>, 'method'>) {
  const answer = await run.ask('PUT', { body: BODY, chunkBytes: 8192, ...request })
  const content = await run.content()
  return { answer: statusOf(answer), content: contentWord(content) }
}

function contentWord(content: string | undefined): string {
  if (content === undefined) return 'none'
  return content === BODY.toString('latin1') ? 'same' : `other, ${content.length} octets`
}

const STORED = { answer: '200', content: 'same' }

function refused(answer: string) {
  return { answer, content: 'none' }
}

const MODES: readonly ContractCase[] = [
  {
    id: 'payload-hex',
    says: 'a body with its SHA-256 in the signature is stored',
    source: 'AWS, sig-v4-header-based-auth',
    run: (run) => put(run, { payload: 'hex' }),
    aws: STORED,
  },
  {
    id: 'payload-unsigned',
    says: 'an unsigned body is stored',
    source: 'AWS, sig-v4-header-based-auth',
    run: (run) => put(run, { payload: 'unsigned' }),
    aws: STORED,
  },
  {
    id: 'payload-signed-chunks',
    says: 'signed chunks are taken apart and stored',
    source: 'AWS, sigv4-streaming',
    run: (run) => put(run, { payload: 'signed-chunks' }),
    aws: STORED,
  },
  {
    id: 'payload-signed-chunks-empty',
    says: 'signed chunks of an empty body make an empty object',
    source: 'AWS, sigv4-streaming',
    run: async (run) => {
      const answer = await run.ask('PUT', { payload: 'signed-chunks' })
      return { answer: statusOf(answer), content: await run.content() }
    },
    aws: { answer: '200', content: '' },
    differs: judgedHere(
      { answer: '400 XAmzContentSHA256Mismatch', content: undefined },
      'RGW 16 fails on signed chunks without data',
      { answer: '200', content: '' },
    ),
  },
  {
    id: 'payload-content-encoding',
    says: 'of Content-Encoding the token aws-chunked is taken off, the rest is kept',
    source: 'AWS, sigv4-streaming',
    run: async (run) => {
      const wire = run.target.client.prepare({
        method: 'PUT',
        target: run.path(),
        body: BODY,
        payload: 'signed-chunks',
        contentEncoding: 'aws-chunked,gzip',
      })
      const answer = await run.target.client.sendWire(wire)
      const head = await run.target.upstream.send({ method: 'HEAD', target: run.path() })
      return { status: answer.status, encoding: head.headers.get('content-encoding') }
    },
    aws: { status: 200, encoding: 'gzip' },
    differs: judgedHere({ status: 200, encoding: 'aws-chunked,gzip' }, 'RGW 16 keeps the token', {
      status: 200,
      encoding: 'gzip',
    }),
  },
  ...CHECKSUMS.map(
    (trailer): ContractCase => ({
      id: `payload-unsigned-trailer-${trailer}`,
      says: `unsigned chunks with a trailing ${trailer} are stored`,
      source: 'AWS, sigv4-streaming-trailers',
      run: (run) => put(run, { payload: 'unsigned-trailer', trailer }),
      aws: STORED,
      differs: judgedHere(refused('400 XAmzContentSHA256Mismatch'), NO_TRAILERS, STORED),
    }),
  ),
  {
    id: 'payload-signed-trailer',
    says: 'signed chunks with a signed trailer are stored',
    source: 'AWS, sigv4-streaming-trailers',
    run: (run) => put(run, { payload: 'signed-chunks-trailer' }),
    aws: STORED,
    differs: judgedHere(refused('400 XAmzContentSHA256Mismatch'), NO_TRAILERS, STORED),
  },
  {
    id: 'payload-unsigned-trailer-stream',
    says: 'a stream without a Content-Length, with its decoded length, is stored',
    source: 'AWS, sigv4-streaming-trailers',
    run: (run) => put(run, { payload: 'unsigned-trailer', omitLength: true }),
    aws: STORED,
    differs: judgedHere(refused('411 MissingContentLength'), NO_TRAILERS, STORED),
  },
]

const BROKEN: readonly ContractCase[] = [
  {
    id: 'payload-hex-wrong',
    says: 'a body that is not the one signed is refused',
    source: 'AWS, ErrorResponses',
    run: (run) => put(run, { contentHash: '0'.repeat(64) }),
    aws: refused('400 XAmzContentSHA256Mismatch'),
  },
  {
    id: 'payload-wrong-chunk-signature',
    says: 'a chunk with a wrong signature is refused, and nothing is stored',
    source: 'AWS, sigv4-streaming',
    run: (run) => put(run, { payload: 'signed-chunks', breakChunk: 1 }),
    aws: refused('403 SignatureDoesNotMatch'),
  },
  {
    id: 'payload-wrong-first-chunk-signature',
    says: 'the first chunk with a wrong signature is refused',
    source: 'AWS, sigv4-streaming',
    run: (run) => put(run, { payload: 'signed-chunks', breakChunk: 0 }),
    aws: refused('403 SignatureDoesNotMatch'),
  },
  {
    id: 'payload-wrong-last-chunk-signature',
    says: 'a wrong signature of the last, empty chunk is refused',
    source: 'AWS, sigv4-streaming',
    run: (run) => put(run, { payload: 'signed-chunks', breakChunk: 3 }),
    aws: refused('403 SignatureDoesNotMatch'),
    differs: judgedHere(
      STORED,
      'RGW does not look at the last, empty chunk',
      refused('403 SignatureDoesNotMatch'),
    ),
  },
  {
    id: 'payload-wrong-trailer-signature',
    says: 'a trailer with a wrong signature is refused',
    source: 'AWS, sigv4-streaming-trailers',
    run: (run) => put(run, { payload: 'signed-chunks-trailer', breakTrailerSignature: true }),
    aws: refused('403 SignatureDoesNotMatch'),
    differs: judgedHere(
      refused('400 XAmzContentSHA256Mismatch'),
      NO_TRAILERS,
      refused('403 SignatureDoesNotMatch'),
    ),
  },
  {
    id: 'payload-wrong-trailer-checksum',
    says: 'a trailing checksum that does not fit is refused',
    source: 'AWS, sigv4-streaming-trailers',
    run: (run) => put(run, { payload: 'unsigned-trailer', trailerValue: 'AAAAAA==' }),
    aws: refused('400 BadDigest'),
    differs: judgedHere(
      refused('400 XAmzContentSHA256Mismatch'),
      NO_TRAILERS,
      refused('400 BadDigest'),
    ),
  },
  {
    id: 'payload-small-chunk',
    says: 'a chunk under 8 KiB before the last is refused',
    source: 'AWS, sigv4-streaming',
    run: (run) => put(run, { payload: 'signed-chunks', chunkBytes: 4096 }),
    aws: refused('400 InvalidChunkSizeError'),
    differs: judgedHere(
      STORED,
      'RGW has no least size of chunks',
      refused('400 InvalidChunkSizeError'),
    ),
  },
  {
    id: 'payload-decoded-length-wrong',
    says: 'a decoded length that is not the true one is refused',
    source: 'AWS, sigv4-streaming',
    run: (run) => put(run, { payload: 'signed-chunks', decodedLength: BODY.length + 1 }),
    aws: refused('400 IncompleteBody'),
    differs: judgedHere(
      refused('400 InvalidArgument'),
      'RGW names it so',
      refused('400 IncompleteBody'),
    ),
  },
  {
    id: 'payload-no-end',
    says: 'chunks without the last one are refused',
    source: 'AWS, sigv4-streaming',
    run: (run) => put(run, { payload: 'signed-chunks', omitEnd: true }),
    aws: refused('400 IncompleteBody'),
    differs: judgedHere(
      STORED,
      'RGW does not look at the last, empty chunk',
      refused('400 IncompleteBody'),
    ),
  },
  {
    id: 'payload-cut-short',
    says: 'of a body that ends before its Content-Length nothing is stored',
    source: 'AWS, sigv4-streaming',
    run: async (run) => {
      const wire = run.target.client.prepare({ method: 'PUT', target: run.path(), body: BODY })
      const short = { ...wire, body: wire.body.subarray(0, 5000) }
      const answer = await sendCutShort(run.target.client.address, short)
      return { stored: answer.status === 200 || (await run.content()) !== undefined }
    },
    aws: { stored: false },
  },
  {
    id: 'payload-cut-short-chunks',
    says: 'of chunks that end before their Content-Length nothing is stored',
    source: 'AWS, sigv4-streaming',
    run: async (run) => {
      const wire = run.target.client.prepare({
        method: 'PUT',
        target: run.path(),
        body: BODY,
        payload: 'signed-chunks',
        chunkBytes: 8192,
      })
      const short = { ...wire, body: wire.body.subarray(0, 9000) }
      const answer = await sendCutShort(run.target.client.address, short)
      return { stored: answer.status === 200 || (await run.content()) !== undefined }
    },
    aws: { stored: false },
  },
  {
    id: 'payload-no-length',
    says: 'a body without any length is refused',
    source: 'AWS, ErrorResponses',
    run: (run) => put(run, { payload: 'unsigned', omitLength: true }),
    aws: refused('411 MissingContentLength'),
  },
]

const DIGESTS: readonly ContractCase[] = [
  {
    id: 'payload-md5',
    says: 'a right Content-MD5 is accepted',
    source: 'AWS, ErrorResponses',
    run: (run) => put(run, { fields: [['content-md5', md5(BODY)]] }),
    aws: STORED,
  },
  {
    id: 'payload-md5-wrong',
    says: 'a wrong Content-MD5 is BadDigest',
    source: 'AWS, ErrorResponses',
    run: (run) => put(run, { fields: [['content-md5', md5(Buffer.from('other'))]] }),
    aws: refused('400 BadDigest'),
  },
  {
    id: 'payload-md5-malformed',
    says: 'a Content-MD5 that is none is InvalidDigest',
    source: 'AWS, ErrorResponses',
    run: (run) => put(run, { fields: [['content-md5', 'none']] }),
    aws: refused('400 InvalidDigest'),
  },
  ...CHECKSUMS.map(
    (name): ContractCase => ({
      id: `payload-checksum-${name}`,
      says: `a right x-amz-checksum-${name} is accepted`,
      source: 'AWS, checking-object-integrity',
      run: (run) => put(run, { fields: [[`x-amz-checksum-${name}`, checksumOf(name, BODY)]] }),
      aws: STORED,
    }),
  ),
  {
    id: 'payload-checksum-wrong',
    says: 'a wrong x-amz-checksum-sha256 is BadDigest',
    source: 'AWS, checking-object-integrity',
    run: (run) =>
      put(run, {
        payload: 'unsigned',
        fields: [['x-amz-checksum-sha256', checksumOf('sha256', Buffer.from('other'))]],
      }),
    aws: refused('400 BadDigest'),
    differs: { rgw: { see: STORED, cause: 'RGW 16 ignores x-amz-checksum-… headers' } },
  },
]

function md5(data: Buffer): string {
  return createHash('md5').update(data).digest('base64')
}

/** How bodies travel, whole and broken. */
export const PAYLOADS: readonly ContractCase[] = [...MODES, ...BROKEN, ...DIGESTS]

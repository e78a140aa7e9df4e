import { createHash, type Hash } from 'node:crypto'
import type { Authentication } from './authenticate.ts'
import { type ChunkedForm, createChunkedDecoder } from './aws-chunked.ts'
import {
  type Checksum,
  checkChecksumValue,
  checksumHeader,
  compareChecksum,
  type ExpectedChecksum,
  type RunningChecksum,
  startChecksum,
} from './checksum.ts'
import { invalidArgument, S3Fault } from './fault.ts'
import { isHexSha256, isStreamingPayload } from './payload.ts'
import { header, type SandboxRequest } from './request.ts'
import { signingKey } from './signature.ts'

/** A single PUT, or a part, is 5 GiB at most. */
const BODY_BYTES_MAX = 5 * 1024 ** 3

/** The framing of a body and its declared properties. */
export interface BodyPlan {
  /** `undefined`: the bytes are the payload. */
  readonly chunked: ChunkedForm | undefined
  /** Bytes of the payload; `undefined` if only its end shows it (the file of a form). */
  readonly size: number | undefined
  /** Lower-case hex. */
  readonly sha256: string | undefined
  /** Base64. */
  readonly contentMd5: string | undefined
  readonly checksum: ExpectedChecksum | undefined
}

/** The properties of a received body. */
export interface BodyFacts {
  readonly size: number
  /** Hex; only where it was asked for or announced. */
  readonly md5: string | undefined
  readonly checksum: Checksum | undefined
}

/** Receives a piece of payload. A returned promise pauses the body until it settles. */
export type BodySink = (piece: Buffer) => Promise<void> | undefined

/**
 * Checks the head's declarations about the body before reading it; `checksum` is the declared
 * checksum. Throws `MissingContentLength`, `InvalidDigest`, `InvalidRequest`.
 *
 * Source:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html
 */
export function planBody(
  request: SandboxRequest,
  authentication: Authentication,
  checksum: ExpectedChecksum | undefined,
): BodyPlan {
  const { payload } = authentication
  const common = { contentMd5: parseContentMd5(header(request, 'content-md5')), checksum }
  if (!isStreamingPayload(payload)) {
    if (header(request, 'x-amz-trailer') !== undefined) {
      throw new S3Fault('MalformedTrailerError')
    }
    checkCoding(header(request, 'content-encoding') ?? '', payload)
    return {
      ...common,
      chunked: undefined,
      size: parseLength(header(request, 'content-length')),
      sha256: isHexSha256(payload) ? payload.toLowerCase() : undefined,
    }
  }
  if (payload.includes('ECDSA')) {
    throw new S3Fault('NotImplemented', 'The sandbox does not know SigV4A.')
  }
  const hasTrailer = payload.endsWith('-TRAILER')
  const isTrailerAnnounced = header(request, 'x-amz-trailer') !== undefined
  if (isTrailerAnnounced && !hasTrailer) throw new S3Fault('MalformedTrailerError')
  return {
    ...common,
    chunked: {
      signing: payload.startsWith('STREAMING-AWS4')
        ? {
            signingKey: signingKey(
              authentication.account.secretAccessKey,
              authentication.dateTime.slice(0, 8),
              authentication.region,
            ),
            dateTime: authentication.dateTime,
            scope: `${authentication.dateTime.slice(0, 8)}/${authentication.region}/s3/aws4_request`,
            seedSignature: authentication.signature,
          }
        : undefined,
      trailer: isTrailerAnnounced && checksum ? checksumHeader(checksum.algorithm) : undefined,
    },
    size: parseLength(header(request, 'x-amz-decoded-content-length')),
    sha256: undefined,
  }
}

/** Source: text as seen at S3, versity/versitygw#2400 */
function checkCoding(contentEncoding: string, payload: string): void {
  if (payload !== 'UNSIGNED-PAYLOAD' || !/(^|,)\s*aws-chunked\s*(,|$)/i.test(contentEncoding))
    return
  throw invalidArgument(
    'aws-chunked encoding is not supported when x-amz-content-sha256 UNSIGNED-PAYLOAD is supplied',
    'Content-Encoding',
    contentEncoding,
  )
}

/**
 * Reads a body to its end, decodes it, passes the payload to the sink and verifies everything that
 * was declared. Throws `IncompleteBody`, `XAmzContentSHA256Mismatch`, `BadDigest`, the errors of
 * the chunked decoder, and everything that the source or the sink throws.
 */
export async function receiveBody(
  plan: BodyPlan,
  source: AsyncIterable<Buffer>,
  needsMd5: boolean,
  sink: BodySink,
): Promise<BodyFacts> {
  const decoder = plan.chunked === undefined ? undefined : createChunkedDecoder(plan.chunked)
  const digests = startDigests(plan, needsMd5)
  const sizeMax = plan.size ?? Number.POSITIVE_INFINITY
  let size = 0

  function take(piece: Buffer): Promise<void> | undefined {
    size += piece.length
    if (size > sizeMax) throw new S3Fault('IncompleteBody')
    for (const digest of digests.all) digest.update(piece)
    return sink(piece)
  }

  for await (const data of source) {
    for (const piece of decoder?.push(data) ?? [data]) {
      const held = take(piece)
      if (held !== undefined) await held
    }
  }
  const trailer = decoder?.finish()
  if (plan.size !== undefined && size !== plan.size) throw new S3Fault('IncompleteBody')
  return { size, ...finishDigests(plan, digests, trailer) }
}

interface Digests {
  readonly sha256: Hash | undefined
  readonly md5: Hash | undefined
  readonly checksum: RunningChecksum | undefined
  readonly all: readonly RunningChecksum[]
}

/**
 * Computes only the digests that are checked or returned: a digest costs more than all the rest.
 */
function startDigests(plan: BodyPlan, needsMd5: boolean): Digests {
  const sha256 = plan.sha256 === undefined ? undefined : createHash('sha256')
  const md5 = needsMd5 || plan.contentMd5 !== undefined ? createHash('md5') : undefined
  const checksum = plan.checksum === undefined ? undefined : startChecksum(plan.checksum.algorithm)
  const all = [sha256, md5, checksum].filter((digest) => digest !== undefined)
  return { sha256, md5, checksum, all }
}

function finishDigests(
  plan: BodyPlan,
  digests: Digests,
  trailer: string | undefined,
): Omit<BodyFacts, 'size'> {
  if (digests.sha256 !== undefined) compareSha256(plan.sha256 ?? '', digests.sha256.digest('hex'))
  const md5 = digests.md5?.digest()
  if (md5 !== undefined) compareMd5(plan.contentMd5, md5.toString('base64'))
  const calculated = digests.checksum?.digest().toString('base64')
  return {
    md5: md5?.toString('hex'),
    checksum:
      plan.checksum === undefined || calculated === undefined
        ? undefined
        : verifyChecksum(plan.checksum, trailer, calculated),
  }
}

function verifyChecksum(
  expected: ExpectedChecksum,
  trailer: string | undefined,
  calculated: string,
): Checksum {
  const value = expected.value ?? trailer ?? ''
  checkChecksumValue(expected.algorithm, value)
  compareChecksum(expected.algorithm, value, calculated)
  return { algorithm: expected.algorithm, value, type: 'FULL_OBJECT' }
}

function compareSha256(expected: string, calculated: string): void {
  if (expected === calculated) return
  throw new S3Fault('XAmzContentSHA256Mismatch', undefined, [
    ['ClientComputedContentSHA256', expected],
    ['S3ComputedContentSHA256', calculated],
  ])
}

function compareMd5(expected: string | undefined, calculated: string): void {
  if (expected === undefined || expected === calculated) return
  throw new S3Fault('BadDigest', undefined, [
    ['ExpectedDigest', expected],
    ['CalculatedDigest', calculated],
  ])
}

/** Checks a `Content-MD5`. Throws `InvalidDigest`. */
export function parseContentMd5(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  if (Buffer.from(value, 'base64').length !== 16) {
    throw new S3Fault('InvalidDigest', undefined, [['Content-MD5', value]])
  }
  return value
}

function parseLength(value: string | undefined): number {
  if (value === undefined || !/^\d{1,15}$/.test(value)) throw new S3Fault('MissingContentLength')
  const size = Number(value)
  if (size > BODY_BYTES_MAX) {
    throw new S3Fault('EntityTooLarge', undefined, [
      ['ProposedSize', value],
      ['MaxSizeAllowed', String(BODY_BYTES_MAX)],
    ])
  }
  return size
}

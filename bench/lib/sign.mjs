/**
 * Requests signed as S3 clients sign them, for every payload mode. Written apart from the
 * program's own code, so that the bench also shows that the two agree.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
import { createHash, createHmac } from 'node:crypto'
import { crc32 } from 'node:zlib'

export const REGION = 'eu-central-1'
export const CLIENT = {
  accessKeyId: 'SGBENCH00000000001',
  secretAccessKey: 'bench-only-0123456789abcdefghijklmnopqrst',
}
/** The Host of every request, whatever port it goes to: one signature fits all targets. */
export const HOST = 's3.bench.test'

/** Bytes of each chunk but the last, as the AWS SDKs and the command line choose it. */
export const CHUNK_BYTES = 65_536

const EMPTY_SHA256 = sha256('')
const CRC32_OF_NOTHING = 0

/** @typedef {'hashed' | 'unsigned' | 'unsigned-trailer' | 'signed' | 'signed-trailer'} PayloadMode */

/** `x-amz-content-sha256` of the modes whose value does not depend on the body. */
const CONTENT_SHA256 = {
  unsigned: 'UNSIGNED-PAYLOAD',
  'unsigned-trailer': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  signed: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'signed-trailer': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
}

function sha256(/** @type {string | Buffer} */ data) {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(/** @type {string | Buffer} */ key, /** @type {string} */ text) {
  return createHmac('sha256', key).update(text).digest()
}

/**
 * @typedef {object} SignedHead
 * @property {[string, string][]} headers  All but content-length; Host included.
 * @property {string} signature  The seed of chunk signatures.
 * @property {string} time  `YYYYMMDDTHHMMSSZ`
 * @property {string} scope
 * @property {Buffer} signingKey
 */

/**
 * Signs a request head; valid for 15 minutes from now.
 *
 * @param {{ method: string, path: string, mode?: PayloadMode, bodySha256?: string,
 *   decodedBytes?: number }} request  `path` needs no encoding; no query.
 * @returns {SignedHead}
 */
export function signHead({
  method,
  path,
  mode = 'unsigned',
  bodySha256 = EMPTY_SHA256,
  decodedBytes = 0,
}) {
  const time = new Date().toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = `${time.slice(0, 8)}/${REGION}/s3/aws4_request`
  const contentSha256 = mode === 'hashed' ? bodySha256 : CONTENT_SHA256[mode]
  /** @type {Record<string, string>} */
  const signed = { host: HOST, 'x-amz-content-sha256': contentSha256, 'x-amz-date': time }
  if (mode !== 'hashed' && mode !== 'unsigned') {
    signed['content-encoding'] = 'aws-chunked'
    signed['x-amz-decoded-content-length'] = String(decodedBytes)
    if (mode !== 'signed') signed['x-amz-trailer'] = 'x-amz-checksum-crc32'
  }
  const names = Object.keys(signed).sort()
  const canonical = [
    method,
    path,
    '',
    ...names.map((name) => `${name}:${signed[name]}`),
    '',
    names.join(';'),
    contentSha256,
  ].join('\n')
  const signingKey = scope
    .split('/')
    .reduce(
      (key, part) => hmac(key, part),
      /** @type {string | Buffer} */ (`AWS4${CLIENT.secretAccessKey}`),
    )
  const text = `AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`
  const signature = hmac(signingKey, text).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${CLIENT.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return {
    headers: [
      ...names.map((name) => /** @type {[string, string]} */ ([name, signed[name]])),
      ['authorization', authorization],
    ],
    signature,
    time,
    scope,
    signingKey: Buffer.from(signingKey),
  }
}

/** Bytes on the wire of an aws-chunked body. */
export function encodedLength(
  /** @type {PayloadMode} */ mode,
  /** @type {number} */ decodedBytes,
  chunkBytes = CHUNK_BYTES,
) {
  const isSigned = mode === 'signed' || mode === 'signed-trailer'
  const extension = isSigned ? ';chunk-signature='.length + 64 : 0
  const chunk = (/** @type {number} */ bytes) =>
    bytes.toString(16).length + extension + 2 + bytes + (bytes === 0 ? 0 : 2)
  const rest = decodedBytes % chunkBytes
  let total = Math.floor(decodedBytes / chunkBytes) * chunk(chunkBytes) + chunk(0) + 2
  if (rest > 0) total += chunk(rest)
  if (mode !== 'signed') total += 'x-amz-checksum-crc32:AAAAAA==\r\n'.length
  if (mode === 'signed-trailer') total += 'x-amz-trailer-signature:'.length + 64 + 2
  return total
}

/**
 * The aws-chunked body of so many bytes 'x', piece by piece: nothing is kept.
 *
 * @param {PayloadMode} mode
 * @param {SignedHead} head
 * @param {number} decodedBytes
 * @returns {Generator<Buffer>}
 */
export function* chunkedBody(mode, head, decodedBytes, chunkBytes = CHUNK_BYTES) {
  const isSigned = mode === 'signed' || mode === 'signed-trailer'
  const full = Buffer.alloc(chunkBytes, 'x')
  const fullSha256 = sha256(full)
  let previous = head.signature
  let checksum = CRC32_OF_NOTHING
  for (let sent = 0; ; ) {
    const bytes = Math.min(chunkBytes, decodedBytes - sent)
    const data = full.subarray(0, bytes)
    let line = bytes.toString(16)
    if (isSigned) {
      const digest = bytes === chunkBytes ? fullSha256 : sha256(data)
      previous = chainedSignature(head, 'PAYLOAD', previous, `${EMPTY_SHA256}\n${digest}`)
      line += `;chunk-signature=${previous}`
    }
    yield Buffer.from(`${line}\r\n`, 'latin1')
    if (bytes === 0) break
    if (mode !== 'signed') checksum = crc32(data, checksum)
    yield data
    yield Buffer.from('\r\n')
    sent += bytes
  }
  if (mode !== 'signed') {
    const value = Buffer.alloc(4)
    value.writeUInt32BE(checksum)
    const trailer = `x-amz-checksum-crc32:${value.toString('base64')}`
    yield Buffer.from(`${trailer}\r\n`)
    if (mode === 'signed-trailer') {
      const signature = chainedSignature(head, 'TRAILER', previous, sha256(`${trailer}\n`))
      yield Buffer.from(`x-amz-trailer-signature:${signature}\r\n`)
    }
  }
  yield Buffer.from('\r\n')
}

/** @returns {string} */
function chainedSignature(
  /** @type {SignedHead} */ head,
  /** @type {'PAYLOAD' | 'TRAILER'} */ kind,
  /** @type {string} */ previous,
  /** @type {string} */ rest,
) {
  const text = `AWS4-HMAC-SHA256-${kind}\n${head.time}\n${head.scope}\n${previous}\n${rest}`
  return hmac(head.signingKey, text).toString('hex')
}

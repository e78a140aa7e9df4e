import type { Draft, Edit } from './draft.ts'
import { drawEdit, drawUpload } from './generate-request.ts'
import type { Random } from './random.ts'

/* Uploads in aws-chunked, signed and not, with and without trailers. Pure and seeded. */

const MODES = ['signed', 'signed-trailer', 'unsigned-trailer'] as const
const TRAILERS = [
  ...[
    'x-amz-checksum-crc32',
    'x-amz-checksum-crc32',
    'x-amz-checksum-sha1',
    'x-amz-checksum-sha256',
  ],
  ...[
    'x-amz-checksum-md4',
    'x-amz-server-side-encryption',
    'x-amz-meta-late',
    'X-Amz-Checksum-CRC32',
  ],
  ...['x-amz-checksum-crc32,x-amz-checksum-sha1', ''],
] as const

/** An upload in aws-chunked; its client signs it in its head, or sometimes in a URL. */
export function drawChunked(random: Random): Draft {
  const draft = drawUpload(random)
  draft.body = random.bytes(random.pick([0, 1, 5, 100, 1000, 9000, 70_000]))
  draft.chunks = {
    mode: random.pick(MODES),
    // S3 takes no chunk of less than 8 KiB but the last.
    pieces:
      draft.body.length > 20_000 ? random.pick([1, 2, 3, 8]) : random.pick([1, 1, 1, 1, 1, 2]),
    trailer: random.chance(80) ? 'x-amz-checksum-crc32' : random.pick(TRAILERS),
    decodedLength: '',
  }
  if (random.chance(70)) draft.fields.push(['content-encoding', 'aws-chunked'])
  if (random.chance(10)) draft.framing = 'chunked'
  if (random.chance(5)) draft.auth = 'query'
  if (random.chance(20)) draft.query.push(['partNumber', '1'], ['uploadId', 'u1'])
  return draft
}

/** An edit for aws-chunked uploads; others fit as well. */
export function drawChunkedEdit(random: Random): Edit {
  switch (random.below(7)) {
    case 0:
      return otherDescription(random)
    case 1:
    case 2:
    case 3:
      return otherFrame(random)
    default:
      return drawEdit(random)
  }
}

/** The head says of the body what is not so. */
function otherDescription(random: Random): Edit {
  const length = random.pick(['0', '1', '5', '6', '-1', '1e3', '05', ' 5', '999999', '+5', '5,5'])
  const hash = random.pick([
    'UNSIGNED-PAYLOAD',
    'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  ])
  const which = random.below(3)
  return {
    name: `described otherwise (${which}: ${length}, ${hash})`,
    at: random.chance(50) ? 'draft' : 'tamper',
    apply: ({ draft }) => {
      if (which === 0 && draft.chunks !== undefined) draft.chunks.decodedLength = length
      else if (which === 1) draft.fields.push(['x-amz-trailer', 'x-amz-checksum-crc32'])
      else {
        const field = draft.fields.find(([name]) => name === 'x-amz-content-sha256')
        if (field === undefined) draft.payloadHash = hash
        else field[1] = hash
      }
    },
  }
}

const FRAMES: readonly (readonly [RegExp, string])[] = [
  [/^([0-9a-f]+)(;|\r)/, '0$1$2'],
  [/^([0-9a-f]+)(;|\r)/, '0x$1$2'],
  [/^([0-9a-f]+)(;|\r)/, '$1 $2'],
  [/^([0-9a-f]+)(;|\r)/, 'ffffffffffff$2'],
  [/^([0-9a-f]+)(;|\r)/, '-$1$2'],
  [/;chunk-signature=/, ';x=y;chunk-signature='],
  [/;chunk-signature=/, '; chunk-signature='],
  [/;chunk-signature=/, ';CHUNK-SIGNATURE='],
  [/;chunk-signature=[0-9a-f]{64}/, ''],
  [/chunk-signature=[0-9a-f]{3}/, 'chunk-signature=000'],
  [/\r\n0(;|\r)/, '\n0$1'],
  [/\r\n0(;|\r)/, '\r\n00$1'],
  [/\r\n0(;|\r)/, '\r\nx0$1'],
  [/\r\n\r\n$/, '\r\n'],
  [/\r\n\r\n$/, '\r\n\r\n\r\n'],
  [/\r\n\r\n$/, '\r\nx-amz-server-side-encryption:AES256\r\n\r\n'],
  [/\r\n\r\n$/, '\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n'],
  [/x-amz-checksum-crc32:/, 'x-amz-checksum-crc32 : '],
  [/x-amz-checksum-crc32:...../, 'x-amz-checksum-crc32:AAAAA'],
  [/x-amz-checksum-crc32:/, 'X-Amz-Checksum-Crc32:'],
  [/x-amz-trailer-signature:.../, 'x-amz-trailer-signature:000'],
  [/x-amz-trailer-signature:[0-9a-f]{64}\r\n/, ''],
  [/x-amz-checksum-crc32:[^\r]*\r\n/, ''],
]

/** The body's frame, changed behind the signatures; Content-Length follows. */
function otherFrame(random: Random): Edit {
  const [pattern, by] = random.pick(FRAMES)
  return {
    name: `frame ${pattern} to ${JSON.stringify(by)}`,
    at: 'bytes',
    apply: (subject) => {
      const end = subject.bytes.indexOf('\r\n\r\n') + 4
      const body = subject.bytes.toString('latin1', end)
      const changed = body.replace(pattern, by)
      const head = subject.bytes
        .toString('latin1', 0, end)
        .replace(`Content-Length: ${body.length}\r\n`, `Content-Length: ${changed.length}\r\n`)
      subject.bytes = Buffer.from(head + changed, 'latin1')
    },
  }
}

/** Objects whose bytes follow from their keys, and nowhere repeat at a distance of a buffer. */
import { createHash, randomInt } from 'node:crypto'
import { Readable } from 'node:stream'

/** A prime, so that the pattern fits no buffer. */
const PATTERN_BYTES = 1_048_573
const PATTERN = createHash('shake256', { outputLength: PATTERN_BYTES }).update('bytes').digest()
/** Twice, so that each piece of an object is one slice. */
const BYTES = Buffer.concat([PATTERN, PATTERN])

/** The bytes of an object from here on, at most so many. */
function bytesAt(/** @type {number} */ id, /** @type {number} */ at, /** @type {number} */ most) {
  const from = (id * 7_919 + at) % PATTERN_BYTES
  return BYTES.subarray(from, from + Math.min(most, PATTERN_BYTES))
}

/** Returns whether a piece of an object is what it should be. */
export function isRight(
  /** @type {number} */ id,
  /** @type {number} */ at,
  /** @type {Buffer} */ piece,
) {
  for (let done = 0; done < piece.length; ) {
    const expected = bytesAt(id, at + done, piece.length - done)
    if (piece.compare(expected, 0, expected.length, done, done + expected.length) !== 0)
      return false
    done += expected.length
  }
  return true
}

/** The object as a stream of pieces of any size. */
export function objectStream(/** @type {number} */ id, /** @type {number} */ bytes) {
  let at = 0
  return new Readable({
    highWaterMark: 256 * 1024,
    read() {
      const piece = bytesAt(id, at, Math.min(randomInt(1, 300_000), bytes - at))
      at += piece.length
      this.push(piece.length === 0 ? null : piece)
    },
  })
}

/** `/bench/<id>-<bytes>` */
export function objectOf(/** @type {string} */ path) {
  const [, id, bytes] = /^\/bench\/(\d+)-(\d+)$/.exec(path) ?? []
  return { id: Number(id), bytes: Number(bytes) }
}

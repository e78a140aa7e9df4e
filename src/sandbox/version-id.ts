import { randomBytes } from 'node:crypto'
import { invalidArgument } from './fault.ts'

/** The number of leading characters of an id that encode the version's order. */
const SEQUENCE_CHARACTERS = 10

/**
 * Creates an id for a new version: 32 characters of S3's alphabet, which sort in creation order.
 */
export function newVersionId(sequence: number): string {
  const random = randomBytes(16).toString('base64url').replaceAll('-', '.')
  return sequence.toString(36).padStart(SEQUENCE_CHARACTERS, '0') + random
}

/** Returns the `sequence` of an id; undefined for `null` and for foreign ids. */
export function sequenceOf(versionId: string): number | undefined {
  const digits = versionId.slice(0, SEQUENCE_CHARACTERS)
  return isVersionId(versionId) && /^[0-9a-z]+$/.test(digits)
    ? Number.parseInt(digits, 36)
    : undefined
}

/** Throws `InvalidArgument` unless it is `null` or has the form of an id. */
export function checkVersionId(versionId: string): void {
  if (versionId === 'null' || isVersionId(versionId)) return
  const message =
    versionId === '' ? 'Version id cannot be the empty string' : 'Invalid version id specified'
  throw invalidArgument(message, 'versionId', versionId)
}

function isVersionId(text: string): boolean {
  return /^[A-Za-z0-9._]{32}$/.test(text)
}

import { AUDITED_WRITES, type AuditedWrite } from '../telemetry/audit-record.ts'

/** A line of an audit, parsed; its fields are those of docs/operations.md, as far as they are there. */
export type AuditLine = Readonly<Record<string, unknown>>

/** Parses a line; undefined if it is no object of JSON. */
export function parseAuditLine(line: Buffer): AuditLine | undefined {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'))
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** An object of JSON, and no list. */
export function isRecord(value: unknown): value is AuditLine {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A field with text; undefined if it is missing, null or something else. */
export function textOf(line: AuditLine, name: string): string | undefined {
  const value = line[name]
  return typeof value === 'string' ? value : undefined
}

/** A field with a whole number from 0 on. */
export function numberOf(line: AuditLine, name: string): number | undefined {
  const value = line[name]
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/** Limit of names in a list of a line. */
const NAMES_MAX = 100

/** The names of a list, the first of them. */
export function namesOf(line: AuditLine, name: string): readonly string[] {
  const value = line[name]
  return Array.isArray(value)
    ? value.filter((item) => typeof item === 'string').slice(0, NAMES_MAX)
    : []
}

/** An encryption as a line has it. */
interface NamedEncryption {
  readonly algorithm: string
  readonly keyId: string | undefined
}

/** A field with an encryption. */
export function encryptionOf(line: AuditLine, name: string): NamedEncryption | undefined {
  const value = line[name]
  if (!isRecord(value)) return undefined
  const algorithm = textOf(value, 'algorithm')
  return algorithm === undefined ? undefined : { algorithm, keyId: textOf(value, 'keyId') }
}

/** Operations that write an object or change its key; parts are not objects. */
const WRITES: ReadonlySet<unknown> = new Set([
  'PutObject',
  'CopyObject',
  'PostObject',
  'CompleteMultipartUpload',
  'UpdateObjectEncryption',
])

/** What became of an upload; undefined if the line is about something else. */
export function writeOf(line: AuditLine): AuditedWrite | undefined {
  const word = AUDITED_WRITES.find((name) => name === line['write'])
  if (word !== undefined) return word
  return WRITES.has(line['operation']) ? inferWrite(line) : undefined
}

const BY_REASON: ReadonlyMap<string | undefined, AuditedWrite> = new Map([
  ['encryption-missing', 'unconfirmed'],
  ['encryption-mismatched', 'mismatched'],
  ['upstream-error-in-200', 'failed'],
])

/** From the other fields, for a line without `write`: in doubt not `sealed`. */
function inferWrite(line: AuditLine): AuditedWrite {
  if (line['decision'] === 'deny' || line['decision'] === 'none') return 'refused'
  const reason = textOf(line, 'reason')
  const confirmed = encryptionOf(line, 'confirmedEncryption')
  const known = BY_REASON.get(reason)
  if (known !== undefined) return known
  if (reason === 'encryption-not-confirmed') {
    return confirmed === undefined ? 'unconfirmed' : 'mismatched'
  }
  const status = numberOf(line, 'status') ?? 0
  if (status < 200 || status > 299) return 'failed'
  if (line['decision'] === 'observe') return 'observed'
  const applied = encryptionOf(line, 'appliedEncryption')
  if (applied === undefined && reason !== undefined) return 'exempt'
  if (confirmed?.keyId === undefined) return 'unconfirmed'
  return applied === undefined || isSame(applied, confirmed) ? 'sealed' : 'mismatched'
}

function isSame(one: NamedEncryption, other: NamedEncryption): boolean {
  return one.algorithm === other.algorithm && one.keyId === other.keyId
}

/** In these the object is stored, or may be. */
export const STORED: ReadonlySet<AuditedWrite> = new Set([
  'sealed',
  'exempt',
  'observed',
  'unconfirmed',
  'mismatched',
])

/** A line of a deletion that S3 did. */
export function isDeletion(line: AuditLine): boolean {
  if (line['record'] === 'key') return line['result'] === 'deleted'
  const status = numberOf(line, 'status') ?? 0
  return line['operation'] === 'DeleteObject' && status >= 200 && status < 300
}

/** The key that S3 named for a stored object, in words. */
export function keyNameOf(line: AuditLine): string {
  const encryption = encryptionOf(line, 'confirmedEncryption')
  if (encryption === undefined) return NO_KEY
  const { algorithm, keyId } = encryption
  if (keyId !== undefined) return keyId
  return KEYS_WITHOUT_ID[algorithm] ?? algorithm
}

const NO_KEY = '(S3 named none)'
const KEYS_WITHOUT_ID: Readonly<Record<string, string>> = {
  AES256: "AES256 (S3's own key)",
  'SSE-C': "SSE-C (the client's key)",
}

import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { type AuditLine, isRecord, textOf } from './audit-line.ts'

/** A write of an object as CloudTrail has it. */
export interface TrailedWrite {
  /** `YYYY-MM-DDTHH:mm:ssZ` */
  readonly time: string
  /** S3's request id, which an audit line has as `upstreamRequestId`. */
  readonly requestId: string
  readonly operation: string
  readonly bucket: string
  readonly key: string
  /** Who did it: an ARN, or a service of AWS. */
  readonly principal: string
  readonly sourceIp: string
  /** The key or the kind of encryption that CloudTrail names; undefined: none. */
  readonly encryption: string | undefined
}

/** What is read of a folder with CloudTrail's files. */
export interface CloudTrail {
  readonly files: number
  readonly writes: readonly TrailedWrite[]
  /** Buckets of which there is an event of an object; of others nothing is known. */
  readonly buckets: ReadonlySet<string>
  /** Times of the first and last event of an object; empty: none. */
  readonly first: string
  readonly last: string
}

/** What makes a folder unusable. */
export class UnusableData extends Error {}

const WRITES: ReadonlySet<string> = new Set([
  'PutObject',
  'CopyObject',
  'PostObject',
  'CompleteMultipartUpload',
  'UpdateObjectEncryption',
  'RenameObject',
])
/** CloudTrail's own files have some MiB at most. */
const FILE_BYTES_MAX = 256 * 1024 * 1024
const WRITES_MAX = 1_000_000

/**
 * Reads CloudTrail's files (`.json`, `.json.gz`) below a folder. Writes that S3 refused are left out,
 * and so is what is before `from` or not before `to`. Throws UnusableData if a file is no file of
 * CloudTrail, or if there are too many writes.
 *
 * Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
 */
export function readCloudTrail(
  folder: string,
  from: string | undefined,
  to: string | undefined,
): CloudTrail {
  const writes: TrailedWrite[] = []
  const buckets = new Set<string>()
  const files = filesBelow(folder)
  let first = ''
  let last = ''
  for (const { event, seen } of objectEvents(files)) {
    if (isOutside(seen.time, from, to)) continue
    buckets.add(seen.bucket)
    if (first === '' || seen.time < first) first = seen.time
    if (seen.time > last) last = seen.time
    if (!isWrite(event, seen.operation)) continue
    if (writes.length >= WRITES_MAX) {
      throw new UnusableData(`more than ${WRITES_MAX} writes: take a shorter time (--from, --to)`)
    }
    writes.push(writeOf(event, seen))
  }
  return { files: files.length, writes, buckets, first, last }
}

/** What an event of an object has at least. */
type ObjectEvent = Pick<TrailedWrite, 'time' | 'operation' | 'bucket' | 'key'>

function* objectEvents(files: readonly string[]) {
  for (const path of files) {
    for (const event of eventsOf(path)) {
      const seen = objectEventOf(event)
      if (seen !== undefined) yield { event, seen }
    }
  }
}

/** Undefined: the event is about no object of S3. */
function objectEventOf(event: AuditLine): ObjectEvent | undefined {
  const parameters = event['requestParameters']
  if (event['eventSource'] !== 's3.amazonaws.com' || !isRecord(parameters)) return undefined
  const bucket = textOf(parameters, 'bucketName')
  const key = textOf(parameters, 'key')
  const time = textOf(event, 'eventTime')
  if (bucket === undefined || key === undefined || time === undefined) return undefined
  return { time, operation: textOf(event, 'eventName') ?? '', bucket, key }
}

/** Times of CloudTrail have no fraction of a second. */
function isOutside(time: string, from: string | undefined, to: string | undefined): boolean {
  return (from !== undefined && time < from.slice(0, 19)) || (to !== undefined && time >= to)
}

function isWrite(event: AuditLine, operation: string): boolean {
  return WRITES.has(operation) && textOf(event, 'errorCode') === undefined
}

function writeOf(event: AuditLine, known: ObjectEvent): TrailedWrite {
  const identity = isRecord(event['userIdentity']) ? event['userIdentity'] : {}
  const response = isRecord(event['responseElements']) ? event['responseElements'] : {}
  const more = isRecord(event['additionalEventData']) ? event['additionalEventData'] : {}
  return {
    ...known,
    requestId: textOf(event, 'requestID') ?? '',
    principal: textOf(identity, 'arn') ?? textOf(identity, 'invokedBy') ?? 'unknown',
    sourceIp: textOf(event, 'sourceIPAddress') ?? '',
    encryption:
      textOf(response, 'x-amz-server-side-encryption-aws-kms-key-id') ??
      textOf(response, 'x-amz-server-side-encryption') ??
      textOf(more, 'SSEApplied'),
  }
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.json(?:\.gz)?$/.test(name))
    .sort()
    .map((name) => `${folder}/${name}`)
    .filter((path) => statSync(path).isFile())
}

/** The records of one file, which has one JSON object with `Records`. */
function eventsOf(path: string): readonly AuditLine[] {
  let value: unknown
  try {
    value = JSON.parse(readText(path))
  } catch (error) {
    throw new UnusableData(`${path}: ${error instanceof Error ? error.message : 'unreadable'}`)
  }
  const records = isRecord(value) ? value['Records'] : undefined
  // Digest files of CloudTrail lie beside its logs.
  if (isRecord(value) && records === undefined && 'digestS3Object' in value) return []
  if (!Array.isArray(records)) throw new UnusableData(`${path}: no file of CloudTrail`)
  return records.filter(isRecord)
}

/** The text of a file, decompressed if it is gzip. */
export function readText(path: string): string {
  if (statSync(path).size > FILE_BYTES_MAX) throw new UnusableData(`${path}: too large`)
  const bytes = hasGzipMagic(path)
    ? gunzipSync(readFileSync(path), { maxOutputLength: FILE_BYTES_MAX })
    : readFileSync(path)
  return bytes.toString('utf8')
}

function hasGzipMagic(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    const magic = Buffer.alloc(2)
    return readSync(file, magic, 0, 2, 0) === 2 && magic.equals(Buffer.of(0x1f, 0x8b))
  } finally {
    closeSync(file)
  }
}

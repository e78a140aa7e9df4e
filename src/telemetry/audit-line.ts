import type { SessionFacts } from '../s3/session-facts.ts'
import type { AuditCopySource, AuditEncryption, AuditedKey, AuditRecord } from './audit-record.ts'
import type { ConfigurationEvent, ReplacedConfiguration } from './configuration-event.ts'
import { isoTime } from './iso-time.ts'
import type { SweepEvent } from './sweep-event.ts'

/**
 * The version of the fields: increased if a field changes its name or meaning, not for new ones.
 */
const SCHEMA = 1

/** Limit of rule names in one list of a line. */
const NAMES_MAX = 1000

/**
 * Formats the record as one line of JSON with its newline. The fields always have this order, and
 * unknown values are `null`, so that columns are stable (unknown fields from `etag` on are left
 * out). `instance`: the process that served the request.
 *
 * Formatted by hand, because every request writes a line: 0.7 µs instead of 1.5 µs with
 * JSON.stringify (measured, Node 20).
 */
export function formatAuditLine(record: AuditRecord, instance: string): string {
  return `{"time":"${record.time}",${origin(record, instance)},"requestId":"${record.requestId}","client":${text(
    record.client,
  )},"sourceIp":${text(withoutMapping(record.sourceIp))},"operation":${text(record.operation)},"bucket":${text(
    record.bucket,
  )},"key":${text(record.key)},"versionId":${text(record.versionId)},"rule":${text(
    record.rule,
  )},"decision":"${record.decision}","requestedEncryption":${encryption(
    record.requestedEncryption,
  )},"appliedEncryption":${encryption(
    record.appliedEncryption,
  )},"confirmedEncryption":${encryption(record.confirmedEncryption)},"status":${
    record.status
  },"upstreamRequestId":${text(record.upstreamRequestId)},"requestBytes":${
    record.requestBytes
  },"responseBytes":${record.responseBytes},"durationMs":${milliseconds(
    record.durationMs,
  )},"reason":${text(record.reason)}${optionalPart(record)}${
    record.ignoredParameters === undefined
      ? ''
      : `,"ignoredParameters":[${record.ignoredParameters.map(text).join()}]`
  }${
    record.host === undefined ? '' : `,"host":${text(record.host)}`
  }${record.traceId === undefined ? '' : `,"traceId":${text(record.traceId)}`}${
    record.session === undefined ? '' : sessionPart(record.session)
  }}\n`
}

/** The fields that are left out if unknown. */
function optionalPart(record: AuditRecord): string {
  const { etag, objectSize, uploadId, partNumber, copySource, write, read } = record
  const { guards, keyCount, errorCode, accessKeyId, userAgent } = record
  return `${etag === undefined ? '' : `,"etag":${text(etag)}`}${
    objectSize === undefined ? '' : `,"objectSize":${objectSize}`
  }${uploadId === undefined ? '' : `,"uploadId":${text(uploadId)}`}${
    partNumber === undefined ? '' : `,"partNumber":${text(partNumber)}`
  }${copySource === undefined ? '' : `,"copySource":${copySourcePart(copySource)}`}${
    write === undefined ? '' : `,"write":"${write}"`
  }${read === undefined ? '' : `,"read":"${read}"`}${
    guards === undefined || guards.length === 0 ? '' : `,"guards":[${guards.map(text).join()}]`
  }${keyCount === undefined ? '' : `,"keyCount":${keyCount}`}${
    errorCode === undefined ? '' : `,"errorCode":${text(errorCode)}`
  }${accessKeyId === undefined ? '' : `,"accessKeyId":${text(accessKeyId)}`}${
    userAgent === undefined ? '' : `,"userAgent":${text(userAgent)}`
  }`
}

function sessionPart({ issuer, subject, sessionName, tokenId }: SessionFacts): string {
  return `,"issuer":${text(issuer)},"subject":${text(subject)},"sessionName":${text(sessionName)},"tokenId":${text(tokenId)}`
}

function copySourcePart({ bucket, key, versionId }: AuditCopySource): string {
  return `{"bucket":${text(bucket)},"key":${text(key)},"versionId":${text(versionId)}}`
}

/** Writes what became of one key of DeleteObjects as one line. */
export function formatKeyLine(entry: AuditedKey, instance: string): string {
  const { time, requestId, client, bucket, key, versionId, result, errorCode } = entry
  return `{"time":"${time}","record":"key",${origin(entry, instance)},"requestId":"${requestId}","client":${text(
    client,
  )},"bucket":${text(bucket)},"key":${text(key)},"versionId":${text(versionId)},"result":"${result}","errorCode":${text(
    errorCode,
  )}}\n`
}

/**
 * Formats a configuration event as one line; `record` distinguishes it from the line of a request.
 */
export function formatConfigurationLine(event: ConfigurationEvent, instance: string): string {
  const { timeMs, event: word, version, mode, replaced } = event
  return `{"time":"${isoTime(timeMs)}","record":"configuration",${origin(
    event,
    instance,
  )},"event":"${word}","version":${text(version)},"mode":"${mode}"${
    replaced === undefined ? '' : replacedPart(replaced)
  }}\n`
}

/** Formats a sweep event as one line; `record` distinguishes it from the line of a request. */
export function formatSweepLine(event: SweepEvent, instance: string): string {
  const { timeMs, event: word, plan, run, versions, fine, done, failed, left } = event
  return `{"time":"${isoTime(timeMs)}","record":"sweep",${origin(
    event,
    instance,
  )},"event":"${word}","plan":${text(plan)},"run":${text(
    run ?? undefined,
  )},"versions":${versions},"fine":${fine},"done":${done},"failed":${failed},"left":${left}}\n`
}

function replacedPart(replaced: ReplacedConfiguration): string {
  const { configHash, mode, sections, rulesAdded, rulesRemoved, rulesChanged } = replaced
  return `,"previousConfigHash":"${configHash}","previousMode":"${mode}","sections":${names(
    sections,
  )},"rulesAdded":${names(rulesAdded)},"rulesRemoved":${names(rulesRemoved)},"rulesChanged":${names(
    rulesChanged,
  )}`
}

function names(list: readonly string[]): string {
  return `[${list.slice(0, NAMES_MAX).map(text).join()}]`
}

/** The fields that name the source of every line. */
function origin({ configHash }: { readonly configHash: string }, instance: string): string {
  if (configHash !== lastOrigin.configHash || instance !== lastOrigin.instance) {
    const fields = `"type":"sealgate.audit","schema":${SCHEMA},"instance":${text(instance)},"configHash":"${configHash}"`
    lastOrigin = { configHash, instance, fields }
  }
  return lastOrigin.fields
}

/** Formatted once: the next line of the process nearly always has the same. */
let lastOrigin = { configHash: '', instance: '', fields: '' }

/**
 * For a dual-stack socket, node reports an IPv4 client as `::ffff:10.0.0.1`; readers expect
 * `10.0.0.1`.
 */
function withoutMapping(address: string | undefined): string | undefined {
  return address?.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address
}

function encryption(value: AuditEncryption | undefined): string {
  if (value === undefined) return 'null'
  const bucketKey = value.bucketKey === undefined ? 'null' : String(value.bucketKey)
  return `{"algorithm":${text(value.algorithm)},"keyId":${text(value.keyId)},"bucketKey":${bucketKey}}`
}

/** To the microsecond: more digits are noise and take space. */
function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000
}

function text(value: string | undefined): string {
  if (value === undefined) return 'null'
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    // Control characters, the quote, the backslash, DEL to NEL and beyond, and surrogates.
    if (code < 0x20 || code === 0x22 || code === 0x5c || (code > 0x7e && isRare(code))) {
      return quoteRare(value)
    }
  }
  return `"${value}"`
}

function isRare(code: number): boolean {
  return code < 0xa0 || code >= 0xd800 || code === 0x2028 || code === 0x2029
}

/** JSON.stringify does not escape some line ends (NEL, LS, PS) that line readers may split at. */
function quoteRare(value: string): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

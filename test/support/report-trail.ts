import { formatAuditLine, formatConfigurationLine } from '../../src/telemetry/audit-line.ts'
import type { AuditRecord } from '../../src/telemetry/audit-record.ts'
import { UPLOAD } from './audit-records.ts'
import { StreamFile } from './make-trail.ts'
import { seal } from './sealed-trail.ts'

export const KEY_ARN = UPLOAD.confirmedEncryption?.keyId ?? ''

/** Writes a line of a request, a second after the one before; fields that are not named are an upload's. */
export class RequestWriter {
  readonly #stream: StreamFile
  #ids = 0

  constructor(stream: StreamFile) {
    this.#stream = stream
  }

  /** Returns the request's id. */
  write(record: Partial<AuditRecord>): string {
    const stream = this.#stream
    stream.wait(1)
    const requestId = `${stream.name.slice(0, 3).toUpperCase()}${String(++this.#ids).padStart(13, '0')}`
    const whole = { ...UPLOAD, time: stream.time, requestId, ...record }
    stream.line(formatAuditLine(whole, 'gw-0:1').trimEnd())
    return requestId
  }

  configure(event: 'start' | 'reload' | 'stop', mode: 'enforce' | 'observe', before = mode): void {
    const hashes = { configHash: 'c1'.repeat(32) }
    const names = { sections: ['policy'], rulesAdded: ['new'], rulesRemoved: [], rulesChanged: [] }
    const replaced = { configHash: 'c0'.repeat(32), mode: before, ...names }
    const timeMs = Date.parse(this.#stream.time)
    const line = { timeMs, event, version: '0.1.0', mode, ...hashes }
    const more = event === 'reload' ? { replaced } : {}
    this.#stream.line(formatConfigurationLine({ ...line, ...more }, 'gw-0:1').trimEnd())
  }
}

const S3_KEY = { algorithm: 'AES256' } as const

/**
 * A sealed trail of one process with every kind of line: 10 uploads, one for each class and more, and
 * reads; then a stream that was cut.
 */
export function reportTrail(directory: string): void {
  const stream = new StreamFile(directory, 'one')
  const requests = new RequestWriter(stream)
  requests.configure('start', 'enforce')
  requests.write({ write: 'sealed', objectSize: 100 })
  requests.write({ write: 'sealed', objectSize: 200, bucket: 'other', client: 'app' })
  requests.write({ write: 'sealed', operation: 'CopyObject' })
  requests.write({ operation: 'UploadPart', objectSize: 5, partNumber: '1', uploadId: 'u' })
  const exempt = { rule: 'old', reason: 'an old tool', confirmedEncryption: S3_KEY } as const
  requests.write({ write: 'exempt', ...exempt, objectSize: 7 })
  requests.write({ write: 'exempt', ...exempt, client: 'app' })
  requests.configure('reload', 'observe', 'enforce')
  const observed = { decision: 'observe', confirmedEncryption: S3_KEY } as const
  requests.write({ write: 'observed', ...observed })
  requests.configure('reload', 'enforce', 'observe')
  const silent = { confirmedEncryption: undefined, reason: 'encryption-not-confirmed', status: 501 }
  requests.write({ write: 'unconfirmed', ...silent, key: '=1+1\u202e"x"' })
  requests.write({ write: 'mismatched', confirmedEncryption: { ...S3_KEY, keyId: 'k2' } })
  const refused = { decision: 'deny', confirmedEncryption: undefined, status: 403 } as const
  requests.write({ write: 'refused', ...refused, reason: 'no-matching-rule' })
  const failed = { confirmedEncryption: undefined, status: 503, errorCode: 'SlowDown' }
  requests.write({ write: 'failed', ...failed })
  const read = { operation: 'GetObject', appliedEncryption: undefined } as const
  requests.write({ ...read, read: 'policy' })
  requests.write({ ...read, read: 'sse-s3', key: 'plain', confirmedEncryption: S3_KEY })
  stream.control({ record: 'alive', requests: 15, lost: 0 })
  stream.close()
  seal(directory)
  const cut = new StreamFile(directory, 'two')
  cut.wait(60)
  cut.control({ record: 'alive', requests: 0, lost: 0 })
}

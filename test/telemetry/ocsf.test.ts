import t from 'tap'
import {
  formatAuditLine,
  formatConfigurationLine,
  formatKeyLine,
} from '../../src/telemetry/audit-line.ts'
import { toOcsf } from '../../src/telemetry/ocsf.ts'
import { REFUSED, UPLOAD } from '../support/audit-records.ts'

const INSTANCE = 'gw-0:1'
const convert = (line: string) => toOcsf(JSON.parse(line), '0.1.0') ?? {}

/** What the class requires, and one of what it wants besides. */
const REQUIRED = [
  ...['activity_id', 'category_uid', 'class_uid', 'type_uid', 'time', 'severity_id', 'metadata'],
  ...['actor', 'src_endpoint', 'databucket'],
] as const

t.test('an upload is a write of a file in a bucket, with its encryption', async (t) => {
  const event = convert(formatAuditLine({ ...UPLOAD, objectSize: 4096, etag: 'e' }, INSTANCE))
  t.match(event, {
    ...{ activity_id: 5, activity_name: 'Write', class_uid: 6005, type_uid: 600505 },
    ...{ time: Date.parse(UPLOAD.time), severity_id: 1, status_id: 1, duration: 12 },
    metadata: { version: '1.3.0', uid: UPLOAD.requestId, product: { version: '0.1.0' } },
    actor: { user: { name: 'billing' } },
    src_endpoint: { ip: '10.0.0.1' },
    api: { operation: 'PutObject', request: { uid: '4442587FB7D0A2F9' }, response: { code: 200 } },
    databucket: {
      name: 'billing-eu',
      file: { name: 'invoices.parquet', path: UPLOAD.key, size: 4096 },
      encryption_details: { algorithm: 'aws:kms', key_uid: UPLOAD.confirmedEncryption?.keyId },
    },
    unmapped: { rule: 'finance', decision: 'allow', etag: 'e', instance: INSTANCE },
  })
})

t.test('every request is an event with all that is required', async (t) => {
  for (const record of [UPLOAD, REFUSED]) {
    const event = convert(formatAuditLine(record, INSTANCE))
    for (const name of REQUIRED) t.hasProp(event, name)
  }
  t.match(convert(formatAuditLine(REFUSED, INSTANCE)), {
    activity_id: 0,
    status_id: 2,
    severity_id: 2,
  })
})

t.test('what is not confirmed is severe, and a late error no success', async (t) => {
  for (const reason of ['encryption-not-confirmed', 'encryption-missing', 'encryption-mismatched'])
    t.match(convert(formatAuditLine({ ...UPLOAD, reason }, INSTANCE)), { severity_id: 4 })
  const reason = 'upstream-error-in-200'
  t.match(convert(formatAuditLine({ ...UPLOAD, reason }, INSTANCE)), { status_id: 2 })
})

t.test('a key that was deleted is an event, the configuration is none', async (t) => {
  const { time, requestId, configHash } = UPLOAD
  const names = { client: 'app', bucket: 'b', key: 'a/k', versionId: undefined } as const
  const entry = { time, requestId, configHash, ...names, errorCode: undefined } as const
  t.match(convert(formatKeyLine({ ...entry, result: 'deleted' }, INSTANCE)), {
    ...{ activity_id: 7, status_id: 1, databucket: { name: 'b', file: { path: 'a/k' } } },
  })
  t.match(convert(formatKeyLine({ ...entry, result: 'failed' }, INSTANCE)), { status_id: 2 })
  const event = { timeMs: 0, event: 'stop', configHash, version: '1', mode: 'observe' } as const
  t.strictSame(convert(formatConfigurationLine(event, INSTANCE)), {})
})

for (const [operation, activity] of [
  ['GetObject', 1],
  ['HeadBucket', 1],
  ['ListObjectsV2', 8],
  ['ListBuckets', 8],
  ['DeleteObject', 7],
  ['AbortMultipartUpload', 7],
  ['CreateBucket', 6],
  ['CopyObject', 5],
  ['UploadPart', 5],
  ['PutBucketPolicy', 2],
  ['UpdateObjectEncryption', 9],
] as const) {
  t.test(`the activity of ${operation}`, async (t) => {
    t.match(convert(formatAuditLine({ ...UPLOAD, operation }, INSTANCE)), { activity_id: activity })
  })
}

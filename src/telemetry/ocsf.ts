/** A line of the audit, parsed. */
type AuditLine = Readonly<Record<string, unknown>>

/** Values of `activity_id`. */
const ACTIVITIES = {
  Unknown: 0,
  Read: 1,
  Update: 2,
  Write: 5,
  Create: 6,
  Delete: 7,
  List: 8,
  Encrypt: 9,
} as const
type Activity = keyof typeof ACTIVITIES

const CLASS_UID = 6005
/** Values of `severity_id`. */
const INFORMATIONAL = 1
const LOW = 2
const HIGH = 4
/** What the event's own attributes hold; everything else is `unmapped`. */
const MAPPED: ReadonlySet<string> = new Set([
  ...['time', 'record', 'type', 'schema', 'requestId', 'client', 'sourceIp', 'operation', 'bucket'],
  ...['key', 'status', 'upstreamRequestId', 'requestBytes', 'responseBytes', 'durationMs'],
  ...['reason', 'errorCode', 'result', 'accessKeyId', 'userAgent', 'confirmedEncryption'],
])

/**
 * Converts a line of the audit into an event of OCSF 1.3, class Datastore Activity (6005). Undefined for
 * lines that tell of no request and of no object: those about the configuration and the trail.
 *
 * Source: https://schema.ocsf.io/1.3.0/classes/datastore_activity
 */
export function toOcsf(line: AuditLine, version: string): object | undefined {
  const { record, requestId } = line
  if (typeof requestId !== 'string' || (record !== undefined && record !== 'key')) return undefined
  const operation = record === 'key' ? 'DeleteObjects' : text(line['operation'])
  const activity = activityOf(operation)
  const status = Number(line['status'] ?? 0)
  const isSuccess = record === 'key' ? line['result'] === 'deleted' : isDone(line, status)
  const code = record === 'key' ? {} : { code: status }
  return defined({
    activity_id: ACTIVITIES[activity],
    activity_name: activity,
    category_uid: 6,
    category_name: 'Application Activity',
    class_uid: CLASS_UID,
    class_name: 'Datastore Activity',
    type_uid: CLASS_UID * 100 + ACTIVITIES[activity],
    time: Date.parse(String(line['time'])),
    duration: line['durationMs'] === undefined ? undefined : Math.round(Number(line['durationMs'])),
    severity_id: severityOf(line, isSuccess),
    status_id: isSuccess ? 1 : 2,
    status: isSuccess ? 'Success' : 'Failure',
    status_code: text(line['errorCode']),
    status_detail: text(line['reason']),
    metadata: {
      version: '1.3.0',
      product: { name: 'Sealgate', vendor_name: 'Sealgate', version },
      log_name: 'sealgate.audit',
      uid: requestId,
    },
    actor: { user: userOf(line) },
    src_endpoint: defined({ ip: text(line['sourceIp']) }),
    api: defined({
      operation: operation ?? 'Unknown',
      service: { name: 's3.amazonaws.com' },
      request: defined({ uid: text(line['upstreamRequestId']) ?? requestId }),
      response: defined({ ...code, error: text(line['errorCode']) }),
    }),
    type_id: 2,
    type: 'Databucket',
    databucket: databucketOf(line),
    http_request: defined({ user_agent: text(line['userAgent']), length: line['requestBytes'] }),
    http_response: defined({ code: status, length: line['responseBytes'] }),
    unmapped: Object.fromEntries(
      Object.entries(line).filter(([name, value]) => value !== null && !MAPPED.has(name)),
    ),
  })
}

function isDone({ reason }: AuditLine, status: number): boolean {
  return status >= 200 && status < 400 && reason !== 'upstream-error-in-200'
}

const UNCONFIRMED: ReadonlySet<string> = new Set([
  'encryption-not-confirmed',
  'encryption-missing',
  'encryption-mismatched',
])

function severityOf({ reason }: AuditLine, isSuccess: boolean): number {
  if (UNCONFIRMED.has(String(reason))) return HIGH
  return isSuccess ? INFORMATIONAL : LOW
}

function userOf(line: AuditLine): object {
  const name = text(line['client'])
  const credential = text(line['accessKeyId'])
  if (name === undefined)
    return defined({ type_id: 0, type: 'Unknown', credential_uid: credential })
  return defined({ type_id: 1, type: 'User', name, credential_uid: credential })
}

function databucketOf(line: AuditLine): object {
  const key = text(line['key'])
  const { algorithm, keyId } = Object(line['confirmedEncryption'])
  const encryption = defined({ algorithm: text(algorithm), key_uid: text(keyId) })
  return defined({
    type_id: 1,
    type: 'S3',
    name: text(line['bucket']),
    file:
      key === undefined
        ? undefined
        : defined({
            type_id: 1,
            name: key.slice(key.lastIndexOf('/') + 1),
            path: key,
            size: line['objectSize'],
          }),
    encryption_details: Object.keys(encryption).length === 0 ? undefined : encryption,
  })
}

function activityOf(operation: string | undefined): Activity {
  if (operation === undefined) return 'Unknown'
  if (operation === 'UpdateObjectEncryption') return 'Encrypt'
  if (operation.startsWith('List')) return 'List'
  if (/^(?:Get|Head|Select|Options)/.test(operation)) return 'Read'
  if (/^(?:Delete|Abort)/.test(operation)) return 'Delete'
  if (operation.startsWith('Create')) return 'Create'
  return /^(?:PutObject|CopyObject|PostObject|CompleteMultipartUpload|UploadPart|UploadPartCopy)$/.test(
    operation,
  )
    ? 'Write'
    : 'Update'
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function defined(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).filter(([, item]) => item !== undefined && item !== null),
  )
}

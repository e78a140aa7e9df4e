import { headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { Policy } from '../policy/policy.ts'
import { childOf, childText, hasDescendant, type XmlElement } from '../s3/xml.ts'
import { inspectKeys } from './inspect-keys.ts'
import { policyFinding } from './inspect-policy.ts'
import type { BucketFacts } from './object-version.ts'
import { patientLink } from './patient-link.ts'
import { askS3, describeReply, documentOf, type S3Link } from './s3-request.ts'

/** What a preflight says of a bucket. */
export interface BucketInspection {
  readonly facts: BucketFacts
  /** New versions are retained: an object of our own could not be deleted. */
  readonly retainsByDefault: boolean
  readonly findings: readonly Finding[]
  /** Rules whose key is of an account that does not own the bucket: UpdateObjectEncryption refuses it. */
  readonly foreignRules: ReadonlySet<string>
}

/** What a preflight compares a bucket with. */
export interface InspectionContext {
  readonly policy: Pick<Policy, 'rules'>
  readonly isAws: boolean
}

/** One line of a preflight. */
export interface Finding {
  readonly name: string
  /** `warning`: read it before you go on. */
  readonly level: 'fact' | 'warning'
  readonly text: string
}

/** What a setting of a bucket is: its document, none, or nobody knows. */
type Setting =
  | { readonly kind: 'set'; readonly document: XmlElement }
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly why: string }

/** A directory bucket's name. Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-bucket-naming-rules.html */
const DIRECTORY_BUCKET = /--x-s3$/

/** Inspects all buckets of a sweep; fails at the first that cannot be swept. */
export async function inspectBuckets(
  link: S3Link,
  buckets: readonly string[],
  context: InspectionContext,
): Promise<Result<readonly BucketInspection[], string>> {
  const inspections: BucketInspection[] = []
  for (const bucket of buckets) {
    const inspected = await inspectBucket(patientLink(link), bucket, context)
    if (!inspected.ok) return inspected
    inspections.push(inspected.value)
  }
  return ok(inspections)
}

/**
 * Asks S3 for the settings of a bucket that a sweep has to know or to warn of. Only reads. Fails if
 * the bucket cannot be swept: out of reach, without versioning status, a directory bucket.
 */
async function inspectBucket(
  link: S3Link,
  bucket: string,
  context: InspectionContext,
): Promise<Result<BucketInspection, string>> {
  if (DIRECTORY_BUCKET.test(bucket)) {
    return failure(
      `${bucket} is a directory bucket: it has no versions and no UpdateObjectEncryption`,
    )
  }
  const head = await askS3(link, { method: 'HEAD', bucket })
  if (head.kind !== 'answer') return failure(`${bucket}: ${describeReply(head)}`)
  const versions = await readSetting(link, bucket, 'versioning', 'VersioningConfiguration')
  if (versions.kind === 'unknown') {
    return failure(`${bucket}: whether it keeps versions is not known: ${versions.why}`)
  }
  const versioning = versioningOf(versions)
  const lock = await readSetting(link, bucket, 'object-lock', 'ObjectLockConfiguration')
  const ownership = await readSetting(link, bucket, 'ownershipControls', 'OwnershipControls')
  const events = await readSetting(link, bucket, 'notification', 'NotificationConfiguration')
  const replication = await readSetting(link, bucket, 'replication', 'ReplicationConfiguration')
  const lifecycle = await readSetting(link, bucket, 'lifecycle', 'LifecycleConfiguration')
  const encryption = await readSetting(
    link,
    bucket,
    'encryption',
    'ServerSideEncryptionConfiguration',
  )
  const payment = await readSetting(link, bucket, 'requestPayment', 'RequestPaymentConfiguration')
  const policy = await askS3(link, {
    method: 'GET',
    bucket,
    query: [{ name: 'policy', value: '' }],
  })
  const region = headerValue(head.headers, 'x-amz-bucket-region')
  const keys = await inspectKeys(link, bucket, region, context)
  const isEnforced = isOwnerEnforced(ownership)
  const facts: BucketFacts = {
    bucket,
    versioning,
    isOwnerEnforced: isEnforced,
    ownerId: isEnforced === true ? undefined : await readOwner(link, bucket),
    sendsEvents: sendsEvents(events),
    isReplicated: replication.kind !== 'none',
    hasObjectLock: lock.kind === 'unknown' ? undefined : lock.kind === 'set',
    bucketKeyDefault: bucketKeyOf(encryption),
  }
  const findings = [
    versioningFinding(versioning),
    lockFinding(lock),
    ownershipFinding(ownership, facts),
    eventsFinding(events, facts),
    replicationFinding(replication),
    lifecycleFinding(lifecycle),
    encryptionFinding(encryption),
    policyFinding(policy),
    ...keys.findings,
    ...paymentFindings(payment),
  ]
  const retainsByDefault = lock.kind === 'set' && hasDescendant(lock.document, 'DefaultRetention')
  return ok({ facts, retainsByDefault, findings, foreignRules: keys.foreignRules })
}

/** A server that does not know a setting (501) has none. */
async function readSetting(
  link: S3Link,
  bucket: string,
  name: string,
  root: string,
): Promise<Setting> {
  const reply = await askS3(link, { method: 'GET', bucket, query: [{ name, value: '' }] })
  if (reply.kind === 'answer') {
    const document = documentOf(reply, root)
    return document === undefined
      ? { kind: 'unknown', why: 'S3 answers in an unknown form' }
      : { kind: 'set', document }
  }
  const isNone = reply.kind === 'refused' && (reply.status === 404 || reply.status === 501)
  return isNone ? { kind: 'none' } : { kind: 'unknown', why: describeReply(reply) }
}

/** The canonical id of the bucket's owner, as its ACL names it. */
async function readOwner(link: S3Link, bucket: string): Promise<string | undefined> {
  const acl = await readSetting(link, bucket, 'acl', 'AccessControlPolicy')
  const owner = acl.kind === 'set' ? childOf(acl.document, 'Owner') : undefined
  return owner && childText(owner, 'ID')
}

function versioningOf(setting: Setting): BucketFacts['versioning'] {
  if (setting.kind !== 'set') return 'never'
  switch (childText(setting.document, 'Status')) {
    case 'Enabled':
      return 'enabled'
    case 'Suspended':
      return 'suspended'
    default:
      return 'never'
  }
}

function isOwnerEnforced(setting: Setting): boolean | undefined {
  if (setting.kind === 'unknown') return undefined
  if (setting.kind === 'none') return false
  const rule = childOf(setting.document, 'Rule')
  return rule !== undefined && childText(rule, 'ObjectOwnership') === 'BucketOwnerEnforced'
}

function sendsEvents(setting: Setting): boolean {
  return (
    setting.kind === 'unknown' || (setting.kind === 'set' && setting.document.children.length > 0)
  )
}

function bucketKeyOf(setting: Setting): boolean | undefined {
  if (setting.kind === 'unknown') return undefined
  const rule = setting.kind === 'set' ? childOf(setting.document, 'Rule') : undefined
  return rule !== undefined && childText(rule, 'BucketKeyEnabled') === 'true'
}

function versioningFinding(versioning: BucketFacts['versioning']): Finding {
  const texts = {
    enabled: 'enabled: a copy makes a new version, and the old one stays under its old key',
    suspended: 'suspended: a copy overwrites the null version; older versions can only be updated',
    never: 'never enabled: a copy overwrites the object',
  }
  return { name: 'versioning', level: 'fact', text: texts[versioning] }
}

function lockFinding(setting: Setting): Finding {
  const name = 'Object Lock'
  if (setting.kind === 'unknown') return { name, level: 'warning', text: setting.why }
  if (setting.kind === 'none') return { name, level: 'fact', text: 'none' }
  return hasDescendant(setting.document, 'DefaultRetention')
    ? {
        name,
        level: 'warning',
        text: 'new versions are retained by default: each copy is one, and nothing can remove it before its time',
      }
    : { name, level: 'fact', text: 'possible, without a default' }
}

function ownershipFinding(setting: Setting, { isOwnerEnforced }: BucketFacts): Finding {
  const name = 'ownership'
  if (setting.kind === 'unknown') return { name, level: 'warning', text: setting.why }
  const text = isOwnerEnforced
    ? 'the bucket owner owns everything, ACLs are off'
    : 'ACLs are in use: they are read before a copy, and set on it'
  return { name, level: 'fact', text }
}

function eventsFinding(setting: Setting, { sendsEvents }: BucketFacts): Finding {
  const risk = 'receivers get an event s3:ObjectCreated for each copy, as if it were an upload'
  return assumedFinding('notification', setting, sendsEvents, risk)
}

function replicationFinding(setting: Setting): Finding {
  const risk =
    'copies are replicated; what is updated in place is not: replicas keep their old keys'
  return assumedFinding('replication', setting, setting.kind === 'set', risk)
}

/** Of a setting that is taken for set if nobody knows. */
function assumedFinding(name: string, setting: Setting, isSet: boolean, risk: string): Finding {
  if (setting.kind === 'unknown') {
    return { name, level: 'warning', text: `assumed, since ${setting.why}` }
  }
  return isSet ? { name, level: 'warning', text: risk } : { name, level: 'fact', text: 'none' }
}

function lifecycleFinding(setting: Setting): Finding {
  const name = 'lifecycle'
  if (setting.kind === 'unknown') return { name, level: 'warning', text: setting.why }
  if (setting.kind === 'none') return { name, level: 'fact', text: 'none' }
  const rules = setting.document.children.filter((element) => element.name === 'Rule')
  const removesOld = rules.some((rule) => hasDescendant(rule, 'NoncurrentVersionExpiration'))
  return {
    name,
    level: 'warning',
    text: `${rules.length} rule${rules.length === 1 ? '' : 's'}: a copy is as old as the copy, so days are counted anew${
      removesOld ? '; noncurrent versions expire by a rule' : ''
    }`,
  }
}

function encryptionFinding(setting: Setting): Finding {
  const name = 'default encryption'
  if (setting.kind === 'unknown') return { name, level: 'warning', text: setting.why }
  const rule = setting.kind === 'set' ? childOf(setting.document, 'Rule') : undefined
  const byDefault = rule && childOf(rule, 'ApplyServerSideEncryptionByDefault')
  const algorithm = (byDefault && childText(byDefault, 'SSEAlgorithm')) ?? 'none'
  const key = byDefault && childText(byDefault, 'KMSMasterKeyID')
  const blocked = rule && childOf(rule, 'BlockedEncryptionTypes')
  const types = (blocked?.children ?? []).map(({ text }) => text).filter((type) => type !== 'NONE')
  const suffix = types.length === 0 ? '' : `; uploads with ${types.join(', ')} are blocked`
  return { name, level: 'fact', text: `${algorithm}${key === undefined ? '' : ` ${key}`}${suffix}` }
}

function paymentFindings(setting: Setting): readonly Finding[] {
  const isRequester = setting.kind === 'set' && childText(setting.document, 'Payer') === 'Requester'
  const text = 'Requester Pays: whoever sweeps pays for the requests, unless it is the owner'
  return isRequester ? [{ name: 'payment', level: 'warning', text }] : []
}

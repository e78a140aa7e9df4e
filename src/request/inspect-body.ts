import type { BodyGuard } from '../policy/decision.ts'
import { hasGuards } from '../policy/guards.ts'
import { refusedByBody } from '../policy/judge-guards.ts'
import type { Policy } from '../policy/policy.ts'
import type { S3Error } from '../s3/error.ts'
import type { Operation } from '../s3/operation.ts'
import { refusal } from '../s3/refusals.ts'
import { hasDescendant, parseXml } from '../s3/xml.ts'
import { type Grants, hasAllBuckets, hasAllKeys, refusedDeletion } from './grants.ts'

/**
 * Inspects a body that can name other objects than the head: the keys of DeleteObjects must be among
 * the client's, and a restore must not write its result elsewhere, or open it to others. `streamed`: the body is too large
 * to inspect. Returns the refusal, if any.
 */
export function inspectBody(
  policy: Policy,
  client: Grants,
  operation: Operation,
  body: Buffer | 'streamed' | undefined,
): S3Error | undefined {
  if (body === undefined) return undefined
  if (operation.name === 'DeleteObjects') return refusedDeletion(client, body)
  const { name } = operation
  if (!mayRestoreElsewhere(policy, client, operation)) {
    const closed = refusal('operation-closed/output', { operation: name })
    return refusedRestore(body, RESTORE_OUTPUT, closed)
  }
  if (client.allow.includes('configure')) return undefined
  const notGranted = refusal('access-not-allowed', { operation: name, class: 'configure' })
  return refusedRestore(body, RESTORE_ACL, notGranted)
}

/**
 * Judges the body of a request by a guard of its rule. Returns the refusal, if any. Without a body, an ACL
 * is in the headers; tags are nowhere.
 */
export function inspectGuardedBody(
  guard: BodyGuard,
  body: Buffer | 'streamed' | undefined,
): S3Error | undefined {
  if (body === undefined) return guard.kind === 'acl' ? undefined : refusal('xml-malformed')
  return refusedByBody(guard, body === 'streamed' ? undefined : body.toString('utf8'))
}

/**
 * An open operation is open to clients who may use every bucket and key anyway; but not if a rule has
 * guards, because the document names bucket, key, class and ACL of what is written.
 */
function mayRestoreElsewhere(policy: Policy, client: Grants, { name }: Operation): boolean {
  const isOpen =
    policy.mode === 'observe' || (policy.allowOperations.has(name) && !hasGuards(policy.rules))
  return isOpen && hasAllBuckets(client) && hasAllKeys(client)
}

/**
 * A restore that writes its result elsewhere (`OutputLocation`, `SelectParameters`) sets bucket, key
 * and encryption of new objects in its XML. A plain restore from an archive keeps the object's
 * encryption.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html
 */
function refusedRestore(
  body: Buffer | 'streamed',
  names: readonly string[],
  error: S3Error,
): S3Error | undefined {
  if (body === 'streamed') return refusal('body-too-large')
  const document = parseXml(body.toString('utf8'), RESTORE_CHARACTERS_MAX)
  if (!document.ok) return document.error
  // Matches the name at any depth: how S3 reads an unusual document is unknown.
  return names.some((name) => hasDescendant(document.value, name)) ? error : undefined
}

/** A plain restore has about 200 characters; one with an output location is refused anyway. */
const RESTORE_CHARACTERS_MAX = 16 * 1024

const RESTORE_OUTPUT = ['OutputLocation', 'SelectParameters'] as const

/** Gives the result to others, as an ACL of an upload does. */
const RESTORE_ACL = ['AccessControlList', 'CannedACL'] as const

import type { Policy } from '../policy/policy.ts'
import type { S3Error } from '../s3/error.ts'
import type { Operation } from '../s3/operation.ts'
import { refusal } from '../s3/refusals.ts'
import { hasDescendant, parseXml } from '../s3/xml.ts'

/**
 * Inspects the body of RestoreObject. A restore that writes its result elsewhere (`OutputLocation`,
 * `SelectParameters`) sets the encryption of new objects in its XML, outside the policy's control.
 * A plain restore from an archive keeps the object's encryption. `streamed`: the body is too large
 * to inspect. Returns the refusal, if any.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html
 */
export function inspectBody(
  policy: Policy,
  operation: Operation,
  body: Buffer | 'streamed' | undefined,
): S3Error | undefined {
  if (policy.mode === 'observe' || policy.allowOperations.has(operation.name)) return undefined
  if (body === undefined) return undefined
  if (body === 'streamed') {
    return refusal('body-too-large')
  }
  const document = parseXml(body.toString('utf8'), RESTORE_CHARACTERS_MAX)
  if (!document.ok) return document.error
  // Matches the name at any depth: how S3 reads an unusual document is unknown.
  if (!RESTORE_OUTPUT.some((name) => hasDescendant(document.value, name))) return undefined
  return refusal('operation-closed/output', { operation: operation.name })
}

/** A plain restore has about 200 characters; one with an output location is refused anyway. */
const RESTORE_CHARACTERS_MAX = 16 * 1024

const RESTORE_OUTPUT = ['OutputLocation', 'SelectParameters'] as const

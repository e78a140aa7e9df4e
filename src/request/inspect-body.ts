import type { Policy } from '../policy/policy.ts'
import { refusal, type S3Error } from '../s3/error.ts'
import type { Operation } from '../s3/operation.ts'
import { hasDescendant, parseXml } from '../s3/xml.ts'

/**
 * Looks into the body of RestoreObject: a restore that writes its result elsewhere (`OutputLocation`,
 * `SelectParameters`) chooses the encryption of new objects in its XML, behind the policy's back. A
 * plain restore from an archive keeps the object's encryption. `streamed`: the body is too large to be
 * looked at. Returns why it is refused.
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
    return refusal('EntityTooLarge', 'body-too-large', 'The restore request is too large.')
  }
  const document = parseXml(body.toString('utf8'), RESTORE_CHARACTERS_MAX)
  if (!document.ok) return document.error
  // By name, wherever it stands: what S3 would read of an odd document is not ours to guess.
  if (!RESTORE_OUTPUT.some((name) => hasDescendant(document.value, name))) return undefined
  return refusal(
    'AccessDenied',
    'operation-closed',
    `${operation.name} with an output location is closed by the encryption policy.`,
  )
}

/** A plain restore has some 200 characters; one with an output location is refused anyway. */
const RESTORE_CHARACTERS_MAX = 16 * 1024

const RESTORE_OUTPUT = ['OutputLocation', 'SelectParameters'] as const

import type { Readable } from 'node:stream'
import type { Policy } from '../policy/policy.ts'
import { refusal, type S3Error } from '../s3/error.ts'
import type { Operation } from '../s3/operation.ts'
import { readDocument } from '../s3/xml.ts'

/**
 * Looks into the body of RestoreObject: a restore that writes its result elsewhere (`OutputLocation`,
 * `SelectParameters`) chooses the encryption of new objects in its XML, behind the policy's back. A
 * plain restore from an archive keeps the object's encryption. Gives why it is refused.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html
 */
export function inspectBody(
  policy: Policy,
  operation: Operation,
  body: Buffer | Readable | undefined,
): S3Error | undefined {
  if (policy.mode === 'observe' || policy.allowOperations.has(operation.name)) return undefined
  if (body === undefined) return undefined
  if (!Buffer.isBuffer(body)) {
    return refusal('EntityTooLarge', 'body-too-large', 'The restore request is too large.')
  }
  const document = readDocument(body.toString('utf8'))
  if (document === undefined) {
    return refusal(
      'MalformedXML',
      'malformed-xml',
      'The XML you provided was not well-formed or did not validate against our published schema',
    )
  }
  // By name, wherever it stands: what S3 would read of an odd document is not ours to guess.
  if (!mentions(document, RESTORE_OUTPUT)) return undefined
  return refusal(
    'AccessDenied',
    'operation-closed',
    `${operation.name} with an output location is closed by the encryption policy.`,
  )
}

const RESTORE_OUTPUT: ReadonlySet<string> = new Set(['OutputLocation', 'SelectParameters'])

function mentions(value: unknown, names: ReadonlySet<string>): boolean {
  if (typeof value !== 'object' || value === null) return false
  for (const [name, inner] of Object.entries(value)) {
    const local = name.slice(name.indexOf(':') + 1)
    if (names.has(local) || mentions(inner, names)) return true
  }
  return false
}

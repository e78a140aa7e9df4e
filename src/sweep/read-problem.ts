import type { S3Refusal, Unanswered } from './s3-request.ts'

/** Why something about an object is not known. */
export type ReadProblem =
  /** There is no such object or version any more. */
  | { readonly kind: 'gone' }
  /** A right is missing, or S3 does not say. */
  | { readonly kind: 'unknown'; readonly reason: string }

/** 405: the version is a delete marker. */
const GONE: ReadonlySet<string> = new Set([
  'NoSuchKey',
  'NoSuchVersion',
  'MethodNotAllowed',
  '404',
  '405',
])

/** Classifies what was not answered. `what`: the operation, for people. */
export function readProblem(what: string, reply: S3Refusal | Unanswered): ReadProblem {
  if (reply.kind === 'unanswered') return { kind: 'unknown', reason: `${what}: ${reply.reason}` }
  if (GONE.has(reply.code)) return { kind: 'gone' }
  return { kind: 'unknown', reason: `${what}: ${reply.status} ${reply.code}` }
}

import { type HeaderList, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { Allow, ReadCheck } from '../policy/decision.ts'
import {
  confirmEncryption,
  type ExpectedEncryption,
  readEncryption,
} from '../policy/expected-encryption.ts'
import type { S3Request } from '../request/read-request.ts'
import { refusal, type S3Error } from '../s3/error.ts'
import { lookUpObject } from '../upstream/ask.ts'
import { endsInError } from '../upstream/buffer-answer.ts'
import type { Forwarded } from '../upstream/forward.ts'
import { holdAnswer } from '../upstream/hold-answer.ts'
import { replayAnswer, withoutLength } from '../upstream/upstream-answer.ts'
import { upstreamClosed } from '../upstream/upstream-failure.ts'
import type { Exchange } from './exchange.ts'
import type { Gate } from './gate.ts'
import { explainLackingKms } from './lacking-kms.ts'
import { refuseLate } from './refuse.ts'

/** Shorter than clients wait for an answer, and longer than nearly all copies and completions take. */
const HOLD_MS = 10_000

/**
 * Checks that S3 did what it was told: the encryption in a success's head is the one that the policy
 * set. A silent answer to an operation that made an object is held back, the object is looked up with
 * one HEAD of our own, and only then counts as missing. What is missing or other is counted, audited
 * and, where the policy says `fail`, turned into 500 InternalError: Ceph RGW 16 answers 200 to a copy
 * that it did not encrypt.
 *
 * The head of some successes comes before the outcome is known: a body of theirs that ends in `<Error>`
 * is the client's to read, and passes as it is. Where such a one is silent and takes longer than `holdMs`,
 * the blanks that S3 sends meanwhile pass, or the client would give up; what is not confirmed then is told
 * as S3 tells a late error.
 */
export async function confirm(
  gate: Gate,
  exchange: Exchange,
  parsed: S3Request,
  { obligation }: Allow,
  forwarded: Forwarded,
  holdMs = HOLD_MS,
): Promise<Result<Forwarded, S3Error>> {
  const { status, headers } = forwarded.head
  if (status < 200 || status > 299) {
    return obligation.encryption.kind === 'set' ? explainLackingKms(forwarded) : ok(forwarded)
  }
  if (obligation.readCheck !== undefined) {
    return checkRead(exchange, obligation.readCheck, forwarded)
  }
  const expected = obligation.confirm
  if (expected === undefined) return ok(forwarded)

  const answered = confirmEncryption(expected, headers)
  if (answered === 'missing' && makesObject(parsed)) {
    const longestMs = failsLate(parsed) ? holdMs : undefined
    return confirmByLookUp(gate, exchange, parsed, expected, forwarded, longestMs)
  }
  exchange.noteConfirmation(answered, headers)
  // A part is no object yet: what its answer leaves out, the completed object's will show.
  if (answered !== 'mismatched' || gate.config.policy.confirmation === 'report')
    return ok(forwarded)
  forwarded.answer.abort(new Error('the encryption is not confirmed'))
  return failure(notConfirmed())
}

function checkRead(
  exchange: Exchange,
  check: ReadCheck,
  forwarded: Forwarded,
): Result<Forwarded, S3Error> {
  const found = readEncryption(check.expected, forwarded.head.headers)
  exchange.noteRead(found, forwarded.head.headers)
  if (found === 'policy' || !check.deny) return ok(forwarded)
  forwarded.answer.abort(new Error('the object is not under the encryption of the policy'))
  return failure(
    refusal(
      'AccessDenied',
      'read-not-under-policy',
      'The object is not under the encryption that the policy demands.',
    ),
  )
}

async function confirmByLookUp(
  gate: Gate,
  exchange: Exchange,
  parsed: S3Request,
  expected: ExpectedEncryption,
  { head, answer }: Forwarded,
  holdMs: number | undefined,
): Promise<Result<Forwarded, S3Error>> {
  const held = await holdAnswer(answer, holdMs)
  const mayPass = (document: Buffer) =>
    judgeSilent(gate, exchange, parsed, expected, head.headers, document)
  switch (held.kind) {
    case 'broken':
      return failure(upstreamClosed(held.cause))
    case 'whole': {
      const { document } = held
      if (!(await mayPass(document))) return failure(notConfirmed())
      return ok({ head, answer: replayAnswer(document) })
    }
    case 'slow':
      return ok({
        head: withoutLength(head),
        answer: held.pass(async (document) =>
          (await mayPass(document)) ? document : refuseLate(exchange, notConfirmed()),
        ),
      })
  }
}

/** Tells whether a silent answer with this document may pass; looks the object up where that tells. */
async function judgeSilent(
  gate: Gate,
  exchange: Exchange,
  parsed: S3Request,
  expected: ExpectedEncryption,
  headers: HeaderList,
  document: Buffer,
): Promise<boolean> {
  const isError = endsInError(document)
  if (isError && failsLate(parsed)) return true
  const versionId = headerValue(headers, 'x-amz-version-id')
  // An error says that nothing was stored: what a look-up finds was there before.
  const found = isError ? [] : await encryptionOf(gate, exchange, parsed, versionId)
  const confirmation = confirmEncryption(expected, found)
  exchange.noteConfirmation(confirmation, found)
  return confirmation === 'confirmed' || gate.config.policy.confirmation === 'report'
}

/** The head of the object as S3 has it; none if S3 does not say. */
async function encryptionOf(
  gate: Gate,
  exchange: Exchange,
  { resource }: S3Request,
  versionId: string | undefined,
): Promise<HeaderList> {
  const { cancellation, client } = exchange
  const asker = { credentials: client?.name, cancellation }
  const { head, failures } = await lookUpObject(gate.upstream, asker, resource, versionId)
  exchange.noteUpstreamFailures(failures)
  return head?.status === 200 ? head.headers : []
}

/**
 * These may answer 200 and then the error.
 *
 * Source: https://repost.aws/knowledge-center/s3-resolve-200-internalerror
 */
function failsLate({ operation }: S3Request): boolean {
  switch (operation.name) {
    case 'CopyObject':
    case 'UploadPartCopy':
    case 'CompleteMultipartUpload':
      return true
    default:
      return false
  }
}

/** After these an object is there that a HEAD can ask about. */
function makesObject({ operation }: S3Request): boolean {
  switch (operation.name) {
    case 'PutObject':
    case 'CopyObject':
    case 'CompleteMultipartUpload':
    case 'PostObject':
      return true
    default:
      return false
  }
}

/** The failure that the client gets instead of a success that S3 did not confirm. */
export function notConfirmed(): S3Error {
  return {
    code: 'InternalError',
    reason: 'encryption-not-confirmed',
    message:
      'S3 did not confirm that the object is encrypted as the policy demands. Please try again.',
    source: 'upstream',
  }
}

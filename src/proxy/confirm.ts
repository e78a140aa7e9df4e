import { combinedValue, type HeaderList, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { Allow, Decision, ReadCheck } from '../policy/decision.ts'
import {
  type Confirmation,
  confirmEncryption,
  type ExpectedEncryption,
  type ReadEncryption,
  readEncryption,
} from '../policy/expected-encryption.ts'
import type { Policy } from '../policy/policy.ts'
import type { S3Request } from '../request/read-request.ts'
import {
  CUSTOMER_ALGORITHM_HEADER,
  SSE_BUCKET_KEY_HEADER,
  SSE_HEADER,
  SSE_KEY_ID_HEADER,
} from '../s3/encryption-headers.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import type { AuditEncryption } from '../telemetry/audit-record.ts'
import { type Asker, lookUpObject } from '../upstream/ask.ts'
import { endsInError } from '../upstream/buffer-answer.ts'
import type { Forwarded } from '../upstream/forward.ts'
import { holdAnswer } from '../upstream/hold-answer.ts'
import type { Upstream } from '../upstream/upstream.ts'
import {
  type AnswerHead,
  type AnswerSource,
  replayAnswer,
  withoutLength,
} from '../upstream/upstream-answer.ts'
import type { UpstreamFailureKind } from '../upstream/upstream-failure.ts'
import { explainLackingKms } from './lacking-kms.ts'

/** Shorter than clients' timeouts, and longer than nearly all copies and completions. */
const HOLD_MS = 10_000

/** S3's statements about the encryption. */
export interface Findings {
  /** Undefined if the policy expects none. */
  readonly confirmation: Confirmation | undefined
  /** Set for a read object, if the policy checks reads. */
  readonly read: ReadEncryption | undefined
  /** The encryption as S3 names it. */
  readonly encryption: AuditEncryption | undefined
  /** Why attempts to look up the object failed. */
  readonly failures: readonly UpstreamFailureKind[]
}

export const NOTHING_FOUND: Findings = {
  confirmation: undefined,
  read: undefined,
  encryption: undefined,
  failures: [],
}

/** The verdict on an answer without encryption headers. */
interface Judged {
  /** Undefined if the answer may be relayed. */
  readonly error: S3Error | undefined
  readonly findings: Findings
}

export type Confirmed =
  | {
      readonly kind: 'known'
      readonly answer: Result<Forwarded, S3Error>
      readonly findings: Findings
    }
  /** The answer takes long: its blanks are relayed, and at the end the result of `conclude`. */
  | {
      readonly kind: 'late'
      readonly head: AnswerHead
      readonly pass: (conclude: (judged: Judged, document: Buffer) => Buffer) => AnswerSource
    }

/** The inputs of the step besides the request and its answer. */
interface ConfirmContext {
  readonly upstream: Upstream
  readonly asker: Asker
  /** What happens to a success that is not confirmed. */
  readonly consequence: Policy['confirmation']
}

/**
 * Checks that S3 applied the policy's encryption: the head of a success must name it. If the answer
 * to an operation that created an object names none, the answer is held back and the object is
 * looked up with a HEAD of our own; only then does it count as missing. A missing or other
 * encryption is counted, recorded and, if the policy says `fail`, turned into 501
 * EncryptionNotConfirmed: Ceph RGW 16 answers 200 to a copy that it did not encrypt.
 *
 * Some operations send the head of a success before the result is known. If such a body ends in
 * `<Error>`, it is relayed unchanged. If such an answer names no encryption and takes longer than
 * `holdMs`, S3's blanks are relayed, because the client would otherwise time out; a missing
 * confirmation is then reported like a late error of S3.
 */
export function confirm(
  context: ConfirmContext,
  request: S3Request,
  { obligation, observed }: Allow,
  forwarded: Forwarded,
  holdMs = HOLD_MS,
): Confirmed | Promise<Confirmed> {
  const { status, headers } = forwarded.head
  if (status < 200 || status > 299) {
    return status === 501 && obligation.encryption.kind === 'set'
      ? confirmLackingKms(forwarded)
      : confirmed(ok(forwarded), NOTHING_FOUND)
  }
  const readCheck = obligation.readCheck ?? observedReadCheck(observed)
  if (readCheck !== undefined) return checkRead(readCheck, forwarded)
  const expected = obligation.confirm
  if (expected === undefined) return confirmed(ok(forwarded), saidOf(headers))

  const answered = confirmEncryption(expected, headers)
  if (answered === 'missing' && request.operation.makesObject) {
    const longestMs = failsLate(request) ? holdMs : undefined
    return confirmByLookUp(context, request, expected, forwarded, longestMs)
  }
  // An upload that has begun, or a part, is not an object yet: the completed object's answer will
  // be checked. Ceph RGW names no encryption in its answers to part copies.
  if (answered === 'missing') return confirmed(ok(forwarded), saidOf(headers))
  const findings = findingsOf(answered, headers)
  const error = refusedResult(answered, context.consequence, expected)
  if (error === undefined) return confirmed(ok(forwarded), findings)
  forwarded.answer.abort(new Error('the encryption is not confirmed'))
  return confirmed(failure(error), findings)
}

/** What a success becomes by its confirmation; undefined if it may be relayed. */
function refusedResult(
  confirmation: Confirmation,
  consequence: Policy['confirmation'],
  expected: ExpectedEncryption,
): S3Error | undefined {
  return confirmation === 'confirmed' || consequence === 'report'
    ? undefined
    : refusal('encryption-not-confirmed', expected)
}

async function confirmLackingKms(forwarded: Forwarded): Promise<Confirmed> {
  return confirmed(await explainLackingKms(forwarded), NOTHING_FOUND)
}

function confirmed(answer: Result<Forwarded, S3Error>, findings: Findings): Confirmed {
  return { kind: 'known', answer, findings }
}

/** The encryption in S3's answer, if the policy does not expect any. */
function saidOf(headers: HeaderList): Findings {
  const encryption = encryptionIn(headers)
  return encryption === undefined ? NOTHING_FOUND : { ...NOTHING_FOUND, encryption }
}

function findingsOf(
  confirmation: Confirmation,
  headers: HeaderList,
  failures: Findings['failures'] = [],
): Findings {
  return { ...NOTHING_FOUND, confirmation, encryption: encryptionIn(headers), failures }
}

/** Mode observe counts reads, and refuses none. */
function observedReadCheck(observed: Decision | undefined): ReadCheck | undefined {
  if (observed?.kind !== 'allow' || observed.obligation.readCheck === undefined) return undefined
  return { ...observed.obligation.readCheck, deny: false }
}

function checkRead(check: ReadCheck, forwarded: Forwarded): Confirmed {
  const { headers } = forwarded.head
  const read = readEncryption(check.expected, headers)
  const findings: Findings = { ...NOTHING_FOUND, read, encryption: encryptionIn(headers) }
  if (read === 'policy' || !check.deny) return confirmed(ok(forwarded), findings)
  forwarded.answer.abort(new Error('the object is not under the encryption of the policy'))
  const error = refusal('read-not-under-policy', check.expected)
  return confirmed(failure(error), findings)
}

async function confirmByLookUp(
  context: ConfirmContext,
  request: S3Request,
  expected: ExpectedEncryption,
  { head, answer }: Forwarded,
  holdMs: number | undefined,
): Promise<Confirmed> {
  const held = await holdAnswer(answer, holdMs)
  switch (held.kind) {
    case 'broken':
      return confirmed(failure({ ...refusal('upstream-closed'), cause: held.cause }), NOTHING_FOUND)
    case 'whole': {
      const { document } = held
      const { error, findings } = await judgeSilent(
        context,
        request,
        expected,
        head.headers,
        document,
      )
      if (error !== undefined) return confirmed(failure(error), findings)
      return confirmed(ok({ head, answer: replayAnswer(document) }), findings)
    }
    case 'slow':
      return {
        kind: 'late',
        head: withoutLength(head),
        pass: (conclude) =>
          held.pass(async (document) => {
            const judged = await judgeSilent(context, request, expected, head.headers, document)
            return conclude(judged, document)
          }),
      }
  }
}

/**
 * Judges whether a silent answer with this document may be relayed; looks up the object if that
 * helps.
 */
async function judgeSilent(
  { upstream, asker, consequence }: ConfirmContext,
  request: S3Request,
  expected: ExpectedEncryption,
  headers: HeaderList,
  document: Buffer,
): Promise<Judged> {
  const isError = endsInError(document)
  if (isError && failsLate(request)) return { error: undefined, findings: NOTHING_FOUND }
  const versionId = headerValue(headers, 'x-amz-version-id')
  // An error means that nothing was stored: a lookup would find an older object.
  const asked = isError
    ? undefined
    : await lookUpObject(upstream, asker, request.resource, versionId)
  const found = asked?.head?.status === 200 ? asked.head.headers : []
  const confirmation = confirmEncryption(expected, found)
  const findings = findingsOf(confirmation, found, asked?.failures)
  return { error: refusedResult(confirmation, consequence, expected), findings }
}

/** Returns the encryption that the headers of an answer name; undefined if they name none. */
export function encryptionIn(headers: HeaderList): AuditEncryption | undefined {
  const algorithm = combinedValue(headers, SSE_HEADER)
  if (algorithm === undefined) {
    const customer = headerValue(headers, CUSTOMER_ALGORITHM_HEADER)
    return customer === undefined ? undefined : { algorithm: 'SSE-C' }
  }
  const bucketKey = combinedValue(headers, SSE_BUCKET_KEY_HEADER)
  return {
    algorithm,
    keyId: combinedValue(headers, SSE_KEY_ID_HEADER),
    bucketKey: bucketKey === undefined ? undefined : bucketKey.toLowerCase() === 'true',
  }
}

/**
 * Returns whether the operation may answer 200 and send an error later.
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

import type { Decision, EncryptionAction } from '../policy/decision.ts'
import type { S3Error } from '../s3/error.ts'
import type { Operation } from '../s3/operation.ts'
import { isGuardReason } from '../s3/reasons.ts'
import type { AuditedWrite } from '../telemetry/audit-record.ts'
import type { CountedAction, GuardOutcome, WriteOutcome } from '../telemetry/metric-words.ts'
import type { Ending } from './exchange.ts'
import type { Journal } from './journal.ts'

/** The label for an action that mode observe did not take. */
const WOULD = {
  added: 'would-add',
  overridden: 'would-override',
  unchanged: 'would-keep',
  exempt: 'would-exempt',
  refused: 'would-refuse',
} as const satisfies Readonly<Record<EncryptionAction, CountedAction>>

/** Returns the effect on an upload's encryption headers; undefined if it was not an upload. */
export function countedAction({ request, decision }: Journal): CountedAction | undefined {
  if (decision === undefined || request === undefined) return undefined
  if (decision.kind === 'deny' || decision.observed === undefined) {
    return actionOf(request.operation, decision)
  }
  const action = actionOf(request.operation, decision.observed)
  return action === undefined ? undefined : WOULD[action]
}

/** Returns how an object was written; undefined if S3 did not report success. */
export function writeOutcome({
  request,
  decision,
  findings,
  attempts,
  facts,
}: Journal): WriteOutcome | undefined {
  if (request?.operation.makesObject !== true || decision?.kind !== 'allow') return undefined
  if (facts.isLateError) return undefined
  switch (findings.confirmation) {
    case 'confirmed':
      return 'sealed'
    case 'missing':
    case 'mismatched':
      return 'unconfirmed'
    case undefined: {
      const status = attempts?.head?.status ?? 0
      if (status < 200 || status > 299) return undefined
      if (decision.observed !== undefined) return 'observed'
      return decision.obligation.exemption === undefined ? undefined : 'exempt'
    }
  }
}

/** Returns what the guards of a rule made of a request; undefined if none judged it. */
export function guardOutcome(
  { decision, guards, wouldRefuse }: Journal,
  refused: S3Error | undefined,
): GuardOutcome | undefined {
  if (guards.length === 0) return undefined
  if (decision?.kind === 'allow' && decision.observed !== undefined) {
    return wouldRefuse === undefined ? 'would-pass' : 'would-refuse'
  }
  return refused !== undefined && isGuardReason(refused.reason) ? 'refused' : 'passed'
}

/**
 * Returns what became of a request that would write an object or change its key; undefined for every
 * other request. Like {@link writeOutcome}, and with the requests that wrote nothing.
 */
export function auditedWrite(journal: Journal, ending: Ending): AuditedWrite | undefined {
  const { request, findings, facts } = journal
  if (request === undefined) return undefined
  const { name, makesObject } = request.operation
  if (!makesObject && name !== 'UpdateObjectEncryption') return undefined
  const outcome = writeOutcome(journal)
  if (outcome === 'unconfirmed' && findings.confirmation === 'mismatched') return 'mismatched'
  if (outcome !== undefined) return outcome
  if (ending.kind === 'refused') {
    return ending.error.source === 'downstream' ? 'refused' : 'failed'
  }
  const status = journal.attempts?.head?.status ?? 0
  const isStored = status >= 200 && status <= 299 && !facts.isLateError
  // S3's answer names no key here.
  return isStored ? 'unconfirmed' : 'failed'
}

function actionOf({ isUpload }: Operation, decision: Decision): EncryptionAction | undefined {
  if (decision.kind === 'allow') return decision.obligation.action
  return isUpload ? 'refused' : undefined
}

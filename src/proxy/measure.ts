import type { Decision, EncryptionAction } from '../policy/decision.ts'
import type { Operation } from '../s3/operation.ts'
import type { CountedAction, WriteOutcome } from '../telemetry/metric-words.ts'
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

function actionOf({ isUpload }: Operation, decision: Decision): EncryptionAction | undefined {
  if (decision.kind === 'allow') return decision.obligation.action
  return isUpload ? 'refused' : undefined
}

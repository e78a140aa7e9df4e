import { failure, ok, type Result } from '../base/result.ts'
import type { ConfigProblem } from '../config/config.ts'
import { AuditLog, type AuditLogOptions } from '../telemetry/audit-log.ts'
import type { AuditState } from '../telemetry/audit-stream.ts'
import type { Log } from '../telemetry/log.ts'
import { logAuditState } from './log-audit-state.ts'

/** What is opened, and who is told how it fares besides the log. */
interface AuditOptions extends Omit<AuditLogOptions, 'onState'> {
  readonly onState?: (state: AuditState) => void
}

/** Opens the audit; where that fails, says which setting is wrong. */
export async function openAudit(
  options: AuditOptions,
  log: Log,
): Promise<Result<AuditLog, ConfigProblem>> {
  const onState = (state: AuditState): void => {
    logAuditState(log, state)
    options.onState?.(state)
  }
  const isInTrail = options.evidence?.directory !== undefined
  try {
    return ok(await AuditLog.open({ ...options, onState }))
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error)
    return failure({
      path: isInTrail ? 'audit.evidence.directory' : 'audit.destination',
      message: `cannot open it: ${cause}; check the folder and the user that runs sealgate`,
    })
  }
}

/** Opens the file anew, after a rotation. */
export async function reopenAudit(audit: AuditLog, log: Log): Promise<void> {
  try {
    await audit.reopen()
  } catch (err) {
    log.error({ err }, 'the audit file cannot be reopened, the old one is kept')
  }
}

/** Writes out what is pending; says so where lines are missing. */
export async function closeAudit(audit: AuditLog, log: Log): Promise<void> {
  if (await audit.close()) return
  log.error({ lostLines: audit.lostLines }, 'the audit ends without all its lines')
}

import { failure, ok, type Result } from '../base/result.ts'
import type { Config, ConfigProblem } from '../config/config.ts'
import { AuditLog, type AuditLogOptions } from '../telemetry/audit-log.ts'
import type { AuditState } from '../telemetry/audit-stream.ts'
import type { LineForwarder } from '../telemetry/line-forwarder.ts'
import type { Log } from '../telemetry/log.ts'
import { AuditSink } from './audit-sink.ts'
import { logAuditState } from './log-audit-state.ts'

/** The options of the audit log, with an optional second listener of its state. */
interface AuditOptions extends Omit<AuditLogOptions, 'onState'> {
  readonly onState?: (state: AuditState) => void
}

/** Opens the audit log; on failure returns a problem that names the setting. */
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
      message: `cannot open the audit log: ${cause}; check the folder and the user that runs sealgate`,
    })
  }
}

/** The receivers of copies of the lines. */
export function openSinks({ audit }: Config, log: Log): readonly LineForwarder[] {
  return audit.sinks.map((sink) => new AuditSink(sink, log))
}

/** Reopens the file, after a rotation. */
export async function reopenAudit(audit: AuditLog, log: Log): Promise<void> {
  try {
    await audit.reopen()
  } catch (err) {
    log.error({ err }, 'cannot reopen the audit file; still using the previous one')
  }
}

/** Writes all pending lines; logs an error if lines are missing. */
export async function closeAudit(audit: AuditLog, log: Log): Promise<void> {
  if (await audit.close()) return
  log.error({ lostLines: audit.lostLines }, 'the audit log is incomplete')
}

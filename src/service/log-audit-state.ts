import type { AuditState } from '../telemetry/audit-stream.ts'
import type { Log } from '../telemetry/log.ts'

/** Logs changes of the audit log's state. */
export function logAuditState(log: Log, state: AuditState): void {
  switch (state.kind) {
    case 'stalled':
      log.error(
        { err: state.cause },
        'cannot write the audit log: buffering lines, refusing requests',
      )
      return
    case 'losing':
      log.error('audit buffer is full: dropping lines')
      return
    case 'damaged':
      log.error(
        { damage: state.damage, err: state.error },
        'an audit file was removed or truncated while in use',
      )
      return
    case 'recovered': {
      const { lostLines, brokenLines } = state
      log.info({ lostLines, brokenLines }, 'the audit log is writable again')
    }
  }
}

import type { AuditState } from '../telemetry/audit-stream.ts'
import type { Log } from '../telemetry/log.ts'

/** Tells the log how writing the audit fares. */
export function logAuditState(log: Log, state: AuditState): void {
  switch (state.kind) {
    case 'stalled':
      log.error(
        { err: state.cause },
        'the audit cannot be written: lines wait, requests are refused',
      )
      return
    case 'losing':
      log.error('audit lines are lost: as many wait as may')
      return
    case 'damaged':
      log.error(
        { damage: state.damage, err: state.error },
        'somebody has removed or cut an audit file while it was written',
      )
      return
    case 'recovered': {
      const { lostLines, brokenLines } = state
      log.info({ lostLines, brokenLines }, 'the audit is written again')
    }
  }
}

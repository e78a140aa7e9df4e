import type { LineWriterState } from '../telemetry/line-writer.ts'
import type { Log } from '../telemetry/log.ts'

/** Tells the log how writing the audit fares. */
export function logAuditState(log: Log, state: LineWriterState): void {
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
    case 'recovered': {
      const { lostLines, brokenLines } = state
      log.info({ lostLines, brokenLines }, 'the audit is written again')
    }
  }
}

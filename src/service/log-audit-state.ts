import type { LineWriterState } from '../telemetry/line-writer.ts'
import type { Log } from '../telemetry/log.ts'

/** Tells the log how writing the audit fares. */
export function logAuditState(log: Log, state: LineWriterState): void {
  switch (state.kind) {
    case 'failing':
      log.error({ err: state.cause }, 'the audit cannot be written, the lines wait')
      return
    case 'losing':
      log.error('audit lines are lost: as many wait as may')
      return
    case 'recovered':
      log.info({ lostLines: state.lostLines }, 'the audit is written again')
  }
}

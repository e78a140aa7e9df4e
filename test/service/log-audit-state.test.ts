import t from 'tap'
import { logAuditState } from '../../src/service/log-audit-state.ts'
import type { LineWriterState } from '../../src/telemetry/line-writer.ts'
import { openLog } from '../../src/telemetry/log.ts'

function logged(state: LineWriterState) {
  const lines: string[] = []
  logAuditState(
    openLog({ level: 'info', stream: { write: (line) => void lines.push(line) } }),
    state,
  )
  return JSON.parse(lines.join(''))
}

t.test('what fails is an error that says why', async (t) => {
  const cause = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  t.match(logged({ kind: 'stalled', cause }), {
    level: 'error',
    msg: 'cannot write the audit log: buffering lines, refusing requests',
    err: { message: 'no space left on device', code: 'ENOSPC' },
  })
  t.match(logged({ kind: 'losing' }), { level: 'error', msg: /audit buffer is full/ })
})

t.test('that it works again is no error, and says how many lines are missing', async (t) => {
  t.match(logged({ kind: 'recovered', lostLines: 3, brokenLines: 1 }), {
    level: 'info',
    msg: 'the audit log is writable again',
    lostLines: 3,
    brokenLines: 1,
  })
})

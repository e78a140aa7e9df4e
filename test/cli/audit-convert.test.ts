import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import { auditConvert } from '../../src/cli/audit-convert.ts'
import { formatAuditLine } from '../../src/telemetry/audit-line.ts'
import { UPLOAD } from '../support/audit-records.ts'
import { run } from './fake-terminal.ts'

const LINE = formatAuditLine({ ...UPLOAD, key: 'a\u2028b' }, 'gw-0:1')

t.test('lines of files and of the standard input become events, one a line', async (t) => {
  const file = join(t.testdir(), 'audit.jsonl')
  writeFileSync(file, LINE + LINE)
  const { code, stdout } = await run(['audit', 'convert', '--format', 'ocsf', file])
  t.equal(code, 0)
  const events = stdout.trimEnd().split('\n')
  t.equal(events.length, 2)
  const event = { class_uid: 6005, databucket: { file: { path: 'a\u2028b' } } }
  t.match(JSON.parse(events[1] ?? ''), event)
  let piped = ''
  const terminal = {
    stdout: (text: string) => {
      piped += text
    },
    stderr: (text: string) => t.fail(text),
    env: {},
  }
  t.equal(await auditConvert(['-'], Readable.from([LINE]), terminal), 0)
  t.match(JSON.parse(piped), event)
})

t.test('what is no line is left out and told of', async (t) => {
  const file = join(t.testdir(), 'audit.jsonl')
  writeFileSync(file, `${LINE}{"time":"20\n[1]\n${LINE}`)
  const { code, stdout, stderr } = await run(['audit', 'convert', file])
  t.equal(code, 1)
  t.equal(stdout.trimEnd().split('\n').length, 2)
  t.match(stderr, '2 lines are no lines of the audit')
  t.equal((await run(['audit', 'convert', `${file}x`])).code, 2)
})

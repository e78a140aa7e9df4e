import { execFile } from 'node:child_process'
import { readFileSync, renameSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { formatAuditLine } from '../../src/telemetry/audit-line.ts'
import { AuditLog } from '../../src/telemetry/audit-log.ts'
import { REFUSED, UPLOAD } from '../support/audit-records.ts'

/** Of this process. */
const INSTANCE = `${hostname()}:${process.pid}`

const unexpected = (state: unknown) => t.fail('no state is expected', { state })

t.test('each record is one line of the file', async (t) => {
  const file = join(t.testdir(), 'audit')
  const log = await AuditLog.open({ destination: { file }, onState: unexpected })
  log.write(UPLOAD)
  log.write(REFUSED)
  t.equal(log.isAccepting, true)
  t.equal(await log.close(), true)
  t.equal(log.lostLines, 0)
  t.equal(
    readFileSync(file, 'utf8'),
    formatAuditLine(UPLOAD, INSTANCE) + formatAuditLine(REFUSED, INSTANCE),
  )
})

t.test('a rotation is followed on request', async (t) => {
  const file = join(t.testdir(), 'audit')
  const log = await AuditLog.open({ destination: { file }, onState: unexpected })
  log.write(UPLOAD)
  log.flushSync()
  renameSync(file, `${file}.1`)
  await log.reopen()
  log.write(REFUSED)
  await log.close()
  t.equal(readFileSync(`${file}.1`, 'utf8'), formatAuditLine(UPLOAD, INSTANCE))
  t.equal(readFileSync(file, 'utf8'), formatAuditLine(REFUSED, INSTANCE))
})

t.test('the buffer has the given size', async (t) => {
  const log = await AuditLog.open({
    destination: { file: '/dev/full' },
    bufferBytesMax: 100,
    onState: () => undefined,
  })
  log.write(UPLOAD)
  t.equal(log.lostLines, 1)
  t.equal(await log.close(10), false)
})

t.test('stdout gets the lines', async (t) => {
  const module = new URL('../../src/telemetry/audit-log.js', import.meta.url)
  const records = new URL('../support/audit-records.js', import.meta.url)
  const program = `
      import { AuditLog } from ${JSON.stringify(module.href)}
      import { UPLOAD } from ${JSON.stringify(records.href)}
      const log = await AuditLog.open({ destination: 'stdout', onState: () => {} })
      for (let i = 0; i < 2000; i++) log.write({ ...UPLOAD, status: i })
      process.exitCode = (await log.close()) ? 0 : 1
    `
  const stdout = await new Promise<string>((resolve, reject) => {
    const args = ['--input-type=module', '--eval', program]
    const folder = fileURLToPath(new URL('.', import.meta.url))
    execFile(process.execPath, args, { cwd: folder, env: {}, maxBuffer: 1 << 24 }, (error, out) => {
      if (error === null) resolve(out)
      else reject(error)
    })
  })
  const statuses = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).status)
  t.strictSame(
    statuses,
    Array.from({ length: 2000 }, (_, i) => i),
  )
})

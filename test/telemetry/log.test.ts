import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import t from 'tap'
import { causeFor, openLog } from '../../src/telemetry/log.ts'

function logged(level: 'debug' | 'info' | 'error' = 'info') {
  const lines: string[] = []
  const log = openLog({ level, stream: { write: (line) => void lines.push(line) } })
  return { log, lines }
}

t.test('a line is JSON with time, level as a word, and the fields', async (t) => {
  const { log, lines } = logged()
  log.info({ requestId: 'A1' }, 'hello')
  t.equal(lines.length, 1)
  const { time, pid, ...rest } = JSON.parse(lines[0] ?? '')
  t.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  t.equal(pid, process.pid)
  t.strictSame(rest, { level: 'info', requestId: 'A1', msg: 'hello' })
})

t.test('levels below the chosen one are not written', async (t) => {
  const { log, lines } = logged('error')
  log.warn('no')
  log.error('yes')
  t.strictSame(
    lines.map((line) => JSON.parse(line).msg),
    ['yes'],
  )
})

t.test('no secret gets in: by fields, by text, by errors, by children', async (t) => {
  const { log, lines } = logged('debug')
  const secret = 'hunter2hunter2'
  log.info({ headers: { authorization: secret } }, `Signature=${secret}`)
  log.debug(`X-Amz-Security-Token=${secret}`)
  log.error(Object.assign(new Error(`Signature=${secret}`), { secretAccessKey: secret }))
  log.error({ err: new Error(`Signature=${secret}`) }, 'with text %s', `Signature=${secret}`)
  log.info('%o', { sessionToken: secret })
  log.child({ client: 'a' }).info({ sessionToken: secret }, 'x')
  t.equal(lines.length, 6)
  t.notMatch(lines.join(''), new RegExp(secret))
  const [, , third, fourth] = lines.map((line) => JSON.parse(line))
  t.match(third, { msg: 'Signature=[redacted]', err: { type: 'Error', stack: /log\.test/ } })
  t.match(fourth, { msg: 'with text Signature=[redacted]', err: { message: /redacted/ } })
  t.equal(JSON.parse(lines[5] ?? '').client, 'a')
})

t.test(
  'a full disk behind stderr does not end the process',
  { skip: !existsSync('/dev/full') },
  async (t) => {
    const module = new URL('../../src/telemetry/log.js', import.meta.url)
    const program = `
      const { openLog } = await import('${module}')
      const log = openLog({ level: 'info' })
      for (let i = 0; i < 5000; i++) log.error('x'.repeat(1000))
      setImmediate(() => process.stdout.write('alive'))`
    const full = openSync('/dev/full', 'w')
    const { status, stdout } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', program],
      { stdio: ['ignore', 'pipe', full] },
    )
    closeSync(full)
    t.equal(status, 0)
    t.equal(stdout.toString(), 'alive')
  },
)

t.test('a failure of others has its place in the code at level debug alone', async (t) => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const failure = new TypeError('not reached', { cause: refused })
  for (const level of ['info', 'debug'] as const) {
    const { log, lines } = logged(level)
    log.error({ err: causeFor(log, failure) }, 'S3 is not reached')
    const { err } = JSON.parse(lines[0] ?? '')
    t.match(err, {
      type: 'TypeError',
      message: 'not reached',
      cause: { message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' },
    })
    t.equal(lines[0]?.includes('    at '), level === 'debug', level)
  }
})

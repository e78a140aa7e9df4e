import type { Test } from 'tap'
import { type LifeRig, startLife } from '../support/program-scene.ts'
import { KEY, OTHER_KEY } from '../support/rig.ts'
import { ask, Load } from './load.ts'
import { SlowUpload } from './slow-upload.ts'

export const REFUSED = 'the new configuration is refused; still using the previous one'

const KEY_HEADER = 'x-amz-server-side-encryption-aws-kms-key-id'

const RELOADS = 4

/** Tests of one program, one after the other: it is what takes the time. */
export async function testReloads(t: Test, workers: number): Promise<LifeRig> {
  const more = `workers: ${workers}`
  const life = await startLife(t, { more })
  const title = (text: string) => `workers: ${workers}: ${text}`
  await t.test(title('reloads under load lose nothing'), (t) => reloadsUnderLoad(t, life))
  await t.test(title('a request ends by the configuration it began with'), (t) =>
    requestUnderWay(t, life),
  )
  await t.test(title('an invalid configuration is refused once, with all its problems'), (t) =>
    invalidConfiguration(t, life, more),
  )
  return life
}

/** Reloads under load lose nothing, and each takes effect. */
async function reloadsUnderLoad(t: Test, { sealgate, sandbox, yaml }: LifeRig): Promise<void> {
  const load = new Load(sealgate.port, { loops: 6 })
  await load.more(50)
  for (let i = 1; i <= RELOADS; i++) {
    await sealgate.configure(yaml({ keyId: i % 2 === 0 ? KEY : OTHER_KEY }))
    sealgate.signal('SIGHUP')
    await sealgate.logged('reloaded', i)
    await load.more(20)
  }
  const { lost, refusals } = await load.stop()
  t.strictSame(lost, [])
  t.strictSame(refusals, [])
  t.equal(await sealgate.metric('sealgate_config_reloads_total', { result: 'success' }), RELOADS)
  const keys = new Set(
    sandbox.list('bucket').map((key) => sandbox.inspect('bucket', key)?.keyId ?? 'none'),
  )
  t.strictSame([...keys].sort(), [KEY, OTHER_KEY])
}

/** A request ends by the configuration it began with. */
async function requestUnderWay(t: Test, { sealgate, sandbox, yaml }: LifeRig): Promise<void> {
  const reloads = sealgate.lines('reloaded').length
  const upload = new SlowUpload(sealgate.port, '/bucket/old', { pieces: 4, pieceOctets: 65_536 })
  await upload.send()
  await sealgate.busy()
  await sealgate.configure(yaml({ keyId: OTHER_KEY }))
  sealgate.signal('SIGHUP')
  await sealgate.logged('reloaded', reloads + 1)
  const put = await ask(sealgate.port, 'PUT', '/bucket/new', Buffer.from('new'))
  t.equal(put.headers[KEY_HEADER], OTHER_KEY)
  await upload.finish()
  const { status, headers } = await upload.answer
  t.equal(status, 200)
  t.equal(headers[KEY_HEADER], KEY)
  t.equal(sandbox.inspect('bucket', 'old')?.keyId, KEY)
}

/** An invalid configuration is refused with all its problems, and the old one serves on. */
async function invalidConfiguration(
  t: Test,
  { sealgate, yaml }: LifeRig,
  more: string,
): Promise<void> {
  const serves = async () =>
    t.equal((await ask(sealgate.port, 'PUT', '/bucket/x', Buffer.from('x'))).status, 200)
  await sealgate.configure(yaml({ keyId: '', more: `${more}\ndrain: { deadline: soon }` }))
  sealgate.signal('SIGHUP')
  const { problems, level } = await sealgate.logged(REFUSED)
  t.equal(level, 'error')
  t.match(problems?.join('\n'), /policy\.rules\[0\]\.encrypt\.keyId: .*\n.*drain\.deadline: /)
  t.equal(await sealgate.metric('sealgate_config_reloads_total', { result: 'failure' }), 1)
  await serves()

  // Valid by itself, but nothing can be signed with it: found out before it is put to work.
  await sealgate.configure(yaml({ credentials: '{ source: file, credentialsFile: ./none }' }))
  sealgate.signal('SIGHUP')
  const second = await sealgate.logged(REFUSED, 2)
  t.equal(second.problems?.length, 1)
  t.match(second.problems?.[0], /upstream\.credentials: no credentials from source file/)
  await serves()
}

/** The audit tells which configuration was at work, from when to when, and what a reload changed. */
export async function auditedReload(t: Test, workers: number): Promise<void> {
  const more = `workers: ${workers}\n`
  const { sealgate, yaml } = await startLife(t, { more })
  await ask(sealgate.port, 'PUT', '/bucket/x', Buffer.from('x'))
  await sealgate.configure(
    yaml({ more })
      .replace('policy:', 'policy:\n  mode: observe')
      .replace('name: all', 'name: every'),
  )
  sealgate.signal('SIGHUP')
  await sealgate.logged('reloaded')
  await ask(sealgate.port, 'PUT', '/bucket/x', Buffer.from('x'))
  sealgate.signal('SIGTERM')
  const { code, stdout } = await sealgate.end
  t.equal(code, 0)
  const lines = stdout.trimEnd().split('\n')
  const [start, first, reload, second, stop, ...others] = lines.map((line) => JSON.parse(line))
  t.strictSame(others, [])
  const common = { type: 'sealgate.audit', schema: 1, record: 'configuration' }
  const { configHash: old, instance } = start
  t.match(start, { ...common, event: 'start', mode: 'enforce', version: /^\d+\.\d+\.\d+/ })
  t.match(first, { operation: 'PutObject', configHash: old })
  t.match(reload, {
    ...{ ...common, instance, event: 'reload', mode: 'observe', previousMode: 'enforce' },
    ...{ previousConfigHash: old, sections: ['policy'] },
    ...{ rulesAdded: ['every'], rulesRemoved: ['all'], rulesChanged: [] },
  })
  t.not(reload.configHash, old)
  t.match(second, { decision: 'observe', configHash: reload.configHash })
  t.match(stop, { ...common, instance, event: 'stop', configHash: reload.configHash })
}

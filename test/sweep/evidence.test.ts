import { hash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { KEY, OTHER_KEY, run, startScene, under } from './sweep-scene.ts'

const ORIGIN = 'example.com/sweep'

t.test('what a sweep changed, and the population it is of, can be proved', async (t) => {
  const scene = await startScene(t)
  for (const key of ['a', 'b']) await scene.put(key, under(OTHER_KEY))
  await scene.put('logs/1')
  await scene.put('billing/1')
  const trail = join(scene.directory, 'trail')
  const config = JSON.parse(readFileSync(scene.config, 'utf8'))
  const audit = { evidence: { origin: ORIGIN, directory: trail } }
  writeFileSync(scene.config, JSON.stringify({ ...config, audit }))
  const state = join(scene.directory, 'state')
  const planned = await run([
    'sweep',
    'plan',
    '--config',
    scene.config,
    '--bucket',
    'bucket',
    '--state',
    state,
  ])
  t.equal(planned.code, 3, planned.stderr)
  const ran = await run(['sweep', 'run', '--state', state])
  t.equal(ran.code, 3, ran.stdout + ran.stderr)

  const key = join(scene.directory, 'key.pem')
  const made = await run(['audit', 'keygen', '--origin', ORIGIN, '--out', key])
  const sealed = await run(['audit', 'seal', '--dir', trail, '--key', key])
  // open, begin, two changes, end, close
  t.match(sealed.stdout, `sealed ${ORIGIN} 6 `)
  const vkey = ['--vkey', made.stdout.trim()]
  const verified = await run(['audit', 'verify', trail, ...vkey])
  t.equal(verified.code, 0, verified.stdout + verified.stderr)

  const found = await run(['audit', 'find', trail, '--bucket', 'bucket', '--key', 'a'])
  t.match(found.stdout, KEY, found.stderr)
  const reported = await run(['audit', 'report', trail, ...vkey, '--no-record', '--format', 'json'])
  const report = JSON.parse(reported.stdout)
  t.match(report.by.client, [{ name: 'sweep', sealed: 2 }])
  // A sweep is no process that serves: its stream says nothing about the proxy.
  t.equal(report.evidence.isKnown, false)

  const { stdout: lines } = await run(['audit', 'find', trail, '--bucket', 'bucket', '--key', 'b'])
  t.match(lines, 'UpdateObjectEncryption')
  const events = readTrail(trail).filter(({ record }) => record === 'sweep')
  const sha256 = (name: string) => hash('sha256', readFileSync(join(state, name)))
  const plan = { plan: sha256('plan.jsonl'), versions: 4, failed: 0 }
  t.match(events, [
    { event: 'begin', ...plan, fine: 1, done: 0, left: 3 },
    { event: 'end', ...plan, run: sha256('run.jsonl'), fine: 1, done: 2, left: 1 },
  ])
  t.type(events[0]?.['run'], 'string')
})

function readTrail(trail: string): readonly Record<string, unknown>[] {
  const folder = join(trail, 'lines')
  return readdirSync(folder).flatMap((name) => {
    const lines = readFileSync(join(folder, name), 'utf8').trim().split('\n')
    return lines.map((line): Record<string, unknown> => JSON.parse(line))
  })
}

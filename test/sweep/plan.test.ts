import { createHash } from 'node:crypto'
import { readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parsePlanned } from '../../src/sweep/plan-record.ts'
import { readJournal } from '../../src/sweep/read-journal.ts'
import {
  KEY,
  OTHER_KEY,
  run,
  type SweepScene,
  setVersioning,
  startScene,
  under,
} from './sweep-scene.ts'

function plan({ config }: SweepScene, state: string, ...more: readonly string[]) {
  return run(['sweep', 'plan', '--config', config, '--bucket', 'bucket', '--state', state, ...more])
}

async function planned(state: string): Promise<readonly string[]> {
  const found: string[] = []
  for await (const line of readJournal(join(state, 'plan.jsonl'))) {
    if (!line.ok) throw new Error(line.error)
    const one = line.value.record === 'planned' ? parsePlanned(line.value.fields) : undefined
    if (one === undefined) continue
    const { classification, state: object } = one
    const { class: name, reason, way } = classification
    const of = object.isCurrent ? '' : ' (old)'
    found.push([object.version.key + of, name, way?.method, reason].filter(Boolean).join(' '))
  }
  return found
}

const CUSTOMER_KEY = Buffer.alloc(32, 7)
const CUSTOMER = [
  'x-amz-server-side-encryption-customer-algorithm',
  'AES256',
  'x-amz-server-side-encryption-customer-key',
  CUSTOMER_KEY.toString('base64'),
  'x-amz-server-side-encryption-customer-key-md5',
  createHash('md5').update(CUSTOMER_KEY).digest('base64'),
]

t.test('a plan says of every version what it is', async (t) => {
  const scene = await startScene(t)
  await setVersioning(scene, 'Enabled')
  await scene.put('a', under(OTHER_KEY))
  await scene.put('a', under(KEY))
  await scene.put('b')
  await scene.put('billing/1')
  await scene.put('c', under(KEY, false))
  await scene.put('customer', CUSTOMER)
  await scene.put('deleted')
  await scene.send({ method: 'DELETE', bucket: 'bucket', key: 'deleted' })
  await scene.put('logs/1')
  const before = scene.s3.versions('bucket')

  const state = join(scene.directory, 'all')
  const { code, stdout, stderr } = await plan(scene, state, '--versions', 'all')
  t.equal(code, 3, stderr)
  t.strictSame(await planned(state), [
    'a sealed',
    'a (old) update update',
    'b update update',
    'billing/1 undecided client',
    'c update update',
    'customer customer-key sse-c',
    'deleted (old) update update',
    'logs/1 exempt written by S3',
  ])
  t.match(stdout, /^8 object versions/m)
  t.match(stdout, /^ {2}update +4 /m)
  t.match(stdout, /^1 delete markers/m)
  t.match(stdout, /versioning +enabled/)
  t.strictSame(scene.s3.versions('bucket'), before, 'nothing was written')

  const hash = createHash('sha256')
    .update(readFileSync(join(state, 'plan.jsonl')))
    .digest('hex')
  t.match(stdout, `plan sha256:${hash}`)
  t.equal(readFileSync(join(state, 'plan.jsonl.sha256'), 'utf8'), `${hash}  plan.jsonl\n`)
  t.equal(statSync(state).mode & 0o777, 0o700)
  t.equal(statSync(join(state, 'plan.jsonl')).mode & 0o777, 0o600)

  t.test('of current versions, by prefix, as a client, as JSON', async (t) => {
    const state = join(scene.directory, 'billing')
    const result = await plan(
      scene,
      state,
      '--prefix',
      'billing/',
      '--as',
      'billing',
      '--format',
      'json',
    )
    t.equal(result.code, 3, result.stderr)
    t.strictSame(await planned(state), ['billing/1 update update'])
    const { event, objects, classes } = JSON.parse(result.stdout)
    t.strictSame([event, objects, classes.length], ['plan', 1, 1])
  })

  t.test('a finished plan is not begun again', async (t) => {
    const again = await plan(scene, state, '--versions', 'all')
    t.equal(again.code, 1)
    t.match(again.stderr, 'finished plan')
  })
})

t.test('a plan without anything to do exits 0', async (t) => {
  const scene = await startScene(t)
  await scene.put('a', under(KEY))
  await scene.put('logs/1')
  const { code, stdout } = await plan(scene, join(scene.directory, 'state'))
  t.equal(code, 0)
  t.match(stdout, 'nothing to do')
})

t.test('a plan that was cut at any byte goes on, and is as it would have been', async (t) => {
  const scene = await startScene(t)
  for (const key of ['a', 'b', 'logs/1']) await scene.put(key)
  const state = join(scene.directory, 'state')
  t.equal((await plan(scene, state)).code, 3)
  const whole = await planned(state)
  const file = join(state, 'plan.jsonl')
  const bytes = readFileSync(file)
  for (let size = bytes.length - 1; size >= 0; size -= 397) {
    writeFileSync(file, bytes)
    truncateSync(file, size)
    writeFileSync(join(state, 'lock'), '999999999 1\n')
    rmSync(join(state, 'plan.jsonl.sha256'), { force: true })
    const { code, stderr } = await plan(scene, state)
    t.equal(code, 3, stderr)
    t.strictSame(await planned(state), whole, `cut at ${size}`)
  }

  t.test('but not for another prefix', async (t) => {
    rmSync(join(state, 'plan.jsonl.sha256'))
    const { code, stderr } = await plan(scene, state, '--prefix', 'x')
    t.equal(code, 1)
    t.match(stderr, 'use another folder')
  })

  t.test('and not if a record was changed', async (t) => {
    writeFileSync(file, bytes.toString('latin1').replace('"key":"b"', '"key":"c"'), 'latin1')
    const { code, stderr } = await plan(scene, state)
    t.equal(code, 1)
    t.match(stderr, 'the chain is broken')
  })

  t.test('and not while another process has the state', async (t) => {
    writeFileSync(join(state, 'lock'), `${process.ppid} \n`)
    const { code, stderr } = await plan(scene, state)
    t.equal(code, 1)
    t.match(stderr, `process ${process.ppid}`)
  })
})

t.test('what is wrong is said before anything is asked', async (t) => {
  const scene = await startScene(t)
  const state = join(scene.directory, 'state')
  const noClient = await plan(scene, state, '--as', 'nobody')
  t.strictSame([noClient.code, /no client 'nobody'/.test(noClient.stderr)], [2, true])
  const noBucket = await run([
    'sweep',
    'plan',
    '--config',
    scene.config,
    '--bucket',
    'none',
    '--state',
    state,
  ])
  t.strictSame([noBucket.code, /none: S3 answers 404/.test(noBucket.stderr)], [1, true])
  const directory = await run([
    'sweep',
    'plan',
    '--config',
    scene.config,
    '--bucket',
    'b--use1-az4--x-s3',
    '--state',
    state,
  ])
  t.match(directory.stderr, 'is a directory bucket')
  const source = await plan(scene, state, '--source', 'orc')
  t.equal(source.code, 2)
})

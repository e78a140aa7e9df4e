import {
  existsSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  writeFileSync,
} from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { runCommand } from '../../src/cli/run-command.ts'
import { SweepProgress } from '../../src/cli/sweep-progress.ts'
import { startForwarder } from './forwarder.ts'
import { run, startScene } from './sweep-scene.ts'

const FACTS = { done: 30, of: 100, text: '2 failed' }

t.test('a line a minute without a terminal, one that changes on one', (t) => {
  let now = 0
  const said: string[] = []
  const stderr = (text: string): void => {
    said.push(text)
  }
  const terminal = { stdout: stderr, stderr, env: {} }
  const lines = new SweepProgress(terminal, false, 10, () => now)
  lines.show(FACTS)
  t.strictSame(said, [], 'not before a minute is over')
  now = 60_000
  lines.show({ ...FACTS, bytes: 120 * 1024 ** 2, remaining: 61 })
  lines.show(FACTS)
  lines.end()
  t.strictSame(said, ['30 of 100 objects, 0/s, 120 MiB copied, 2.0 MiB/s, 61 s left; 2 failed\n'])
  const bars: string[] = []
  const bar = new SweepProgress(
    { ...terminal, progress: (text) => bars.push(text) },
    false,
    0,
    () => now,
  )
  now += 10_000
  bar.show(FACTS)
  bar.end()
  t.strictSame(bars, ['30 of 100 objects, 3/s, 24 s left; 2 failed', ''])
  t.end()
})

t.test('metrics are answered while a run is under way', async (t) => {
  const scene = await startScene(t)
  for (const key of ['a', 'b']) await scene.put(key)
  const state = join(scene.directory, 'state')
  const scraped: string[] = []
  let address = ''
  const port = await startForwarder(t, scene.s3.port, async ({ method, url = '' }, body) => {
    // The second update: one version is done.
    if (method === 'PUT' && /\/b\?encryption/.test(url)) {
      scraped.push(await ask(address, 'GET'), await ask(address.replace('metrics', 'x'), 'GET'))
      scraped.push(await ask(address, 'POST'))
    }
    return body
  })
  const config = readFileSync(scene.config, 'utf8')
  writeFileSync(scene.config, config.replace(scene.s3.url, `http://127.0.0.1:${port}`))
  await run(['sweep', 'plan', '--config', scene.config, '--bucket', 'bucket', '--state', state])
  const args = ['--state', state, '--concurrency', '1', '--metrics', '127.0.0.1:0']
  const code = await runCommand(['sweep', 'run', ...args], {
    stdout: () => undefined,
    stderr: (text) => {
      address = /http:\S*\/metrics/.exec(text)?.[0] ?? address
    },
    env: {},
  })
  t.equal(code, 0)
  const [metrics = '', other, wrong] = scraped
  t.match(metrics, /^200 /)
  t.match(metrics, /^sealgate_sweep_versions\{status="done"\} 1$/m)
  t.match(metrics, /^sealgate_sweep_versions\{status="left"\} 1$/m)
  t.match(metrics, /^sealgate_sweep_requests_total \d+$/m)
  t.match(metrics, /^sealgate_sweep_request_rate 200$/m)
  t.match([other, wrong], [/^404 /, /^405 /])
  await t.rejects(ask(address, 'GET'), { code: 'ECONNREFUSED' })

  const taken = await run(['sweep', 'run', '--state', state, '--metrics', `127.0.0.1:${port}`])
  t.equal(taken.code, 1)
  t.match(taken.stderr, `--metrics: cannot listen on 127.0.0.1:${port}`)
  t.strictSame(openFilesBelow(state), [], 'no file of the state is left open')
})

/** Files below a folder that this process has open; Linux tells. */
function openFilesBelow(folder: string): readonly string[] {
  const place = '/proc/self/fd'
  if (!existsSync(place)) return []
  const files = readdirSync(place).flatMap((name) => {
    try {
      return [readlinkSync(join(place, name))]
    } catch {
      return [] // that of the listing itself
    }
  })
  return files.filter((file) => file.startsWith(realpathSync(folder)))
}

function ask(url: string, method: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request(url, { method, agent: false }, async (answer) => {
      resolve(`${answer.statusCode} ${await text(answer)}`)
    })
      .on('error', reject)
      .end()
  })
}

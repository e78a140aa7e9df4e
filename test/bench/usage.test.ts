import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import t from 'tap'

const PROGRAMS = readdirSync('bench').filter((name) => name.endsWith('.mjs'))

/** Arguments that a program refuses; each start costs a sixth of a second, so one that takes none stands for all. */
const WRONG_WORDS: Readonly<Record<string, readonly string[]>> = {
  'floor-proxy.mjs': ['1', '2', 'no-such-variant'],
  'obvious-proxy.mjs': ['1'],
  'plot.mjs': ['circles', 'package.json'],
  'run.mjs': ['a-word'],
}

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function runBench(name: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [`bench/${name}`, ...args])
  const out = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    out.stdout += part
  })
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    out.stderr += part
  })
  const [code] = await once(child, 'close')
  return { code, ...out }
}

t.ok(PROGRAMS.length >= 8)

for (const name of PROGRAMS) {
  t.test(`bench/${name} --help says what it takes`, async (t) => {
    const { code, stdout, stderr } = await runBench(name, ['--help'])
    t.strictSame({ code, stderr }, { code: 0, stderr: '' })
    t.match(stdout, `node bench/${name}`)
    const declared = readFileSync(`bench/${name}`, 'utf8').matchAll(/^ {2}'?([\w-]+)'?: \{ type:/gm)
    for (const [, option = ''] of declared) t.match(stdout, `--${option}`, option)
  })

  t.test(`bench/${name} refuses what it does not know in one sentence`, async (t) => {
    for (const args of [['--no-such-option'], WRONG_WORDS[name]]) {
      if (args === undefined) continue
      const { code, stdout, stderr } = await runBench(name, args)
      t.strictSame({ code, stdout }, { code: 2, stdout: '' }, args.join(' '))
      t.match(stderr, /^[^\n]+\n$/, 'one line')
      t.notMatch(stderr, /\bat \w|node:/, 'no stack')
    }
  })
}

t.test('a number that is none is a usage error, before anything is started', async (t) => {
  for (const [name, option, text] of [
    ['run.mjs', '--rounds', '0'],
    ['compare.mjs', '--starts', 'many'],
    ['profile.mjs', '--duration', '-1'],
    ['seal-latency.mjs', '--rate', ''],
    ['instructions.mjs', '--warm-up', '1e999'],
  ] as const) {
    const { code, stderr } = await runBench(name, [`${option}=${text}`])
    t.equal(code, 2, `${name} ${option}=${text}`)
    t.equal(stderr, `${option} takes a number above 0, and '${text}' is none.\n`)
  }
})

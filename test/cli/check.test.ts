import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { fileSchema } from '../../src/config/schema.ts'
import { SOUND } from '../support/load-config.ts'
import { blocksUnder, PAGES, readBlocks } from '../support/pages.ts'
import { run } from './fake-terminal.ts'

t.test('a good file exits 0 and says so', async (t) => {
  const directory = t.testdir({ 'good.yaml': JSON.stringify(SOUND) })
  const file = join(directory, 'good.yaml')
  t.strictSame(await run(['check', '--config', file]), {
    code: 0,
    stdout: `${file}: good\n`,
    stderr: '',
  })
  t.equal((await run(['check', '-c', file])).code, 0, 'the short form')
})

t.test('limits beyond the memory that there is are warned of', async (t) => {
  const directory = t.testdir({ 'good.yaml': JSON.stringify(SOUND) })
  const file = join(directory, 'good.yaml')
  const small = await run(['check', '--config', file], {}, '', 512 * 1024 * 1024)
  t.equal(small.code, 0)
  t.match(small.stderr, `${file}: warning: limits: connections and requests up to their limits`)
  t.equal((await run(['check', '--config', file], {}, '', 2 ** 40)).stderr, '')
})

t.test('the file that npm start serves is good', async (t) => {
  t.match(await run(['check', '--config', 'config/sandbox.yaml']), { code: 0, stderr: '' })
})

t.test('every problem is printed with its line and its path, and the exit code is 1', async (t) => {
  const directory = t.testdir({
    'bad.yaml': `version: 1
listen:
  - address: nonsense
upstream: { region: eu-central-1, credentials: { source: default } }
clients:
  - name: app
    accessKeyId: SGAPP0000000000001
    secretAccessKey: a-secret-of-some-length
    buckets: ['*']
policy:
  mode: enforced
  rules:
    - name: all
      encrypt: { keyId: alias/mine }
surprise: 1
`,
  })
  const file = join(directory, 'bad.yaml')
  const { code, stdout, stderr } = await run(['check', '--config', file])
  t.equal(code, 1)
  t.equal(stdout, '')
  const [count, ...lines] = stderr.trimEnd().split('\n')
  t.match(count, /^\d+ problems in /)
  t.ok(lines.length >= 4, stderr)
  for (const line of lines) t.ok(line.startsWith(`${file}:`), line)
  for (const path of [
    `${file}:3:5: listen[0].address: `,
    `${file}:11:3: policy.mode: `,
    'policy.rules[0].encrypt.keyId: ',
    'surprise: ',
  ]) {
    t.ok(stderr.includes(path), `${path} is named in ${stderr}`)
  }
})

t.test('a problem never repeats a secret', async (t) => {
  const client = { ...SOUND.clients[0], accessKeyId: 5, secretAccessKey: 'THE-SECRET' }
  const directory = t.testdir({
    'bad.yaml': JSON.stringify({ ...SOUND, clients: [client, client] }),
  })
  const { code, stderr } = await run(['check', '--config', join(directory, 'bad.yaml')])
  t.equal(code, 1)
  t.notMatch(stderr, 'THE-SECRET')
})

t.test('a file that is not there, is no file, or is no YAML', async (t) => {
  const directory = t.testdir({ 'broken.yaml': 'version: [1\n', folder: {} })
  for (const name of ['absent.yaml', 'folder', 'broken.yaml']) {
    const { code, stderr } = await run(['check', '--config', join(directory, name)])
    t.equal(code, 1, name)
    t.match(stderr, join(directory, name))
  }
})

t.test('warnings go to stderr, and the file is good all the same', async (t) => {
  const listen = [{ address: '0.0.0.0:8080', hosts: ['s3.corp.example'] }]
  const directory = t.testdir({ 'plain.yaml': JSON.stringify({ ...SOUND, listen }) })
  const file = join(directory, 'plain.yaml')
  const { code, stdout, stderr } = await run(['check', '--config', file])
  t.equal(code, 0)
  t.equal(stdout, `${file}: good\n`)
  t.match(stderr, `${file}: warning: listen[0]: plain HTTP beyond loopback`)
})

t.test('secrets come from the environment that the terminal has', async (t) => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own form.
  const client = { ...SOUND.clients[0], secretAccessKey: '${env:APP_SECRET}' }
  const directory = t.testdir({ 'env.yaml': JSON.stringify({ ...SOUND, clients: [client] }) })
  const file = join(directory, 'env.yaml')
  t.equal((await run(['check', '--config', file], { APP_SECRET: 'a-long-enough-secret' })).code, 0)
  const unset = await run(['check', '--config', file])
  t.equal(unset.code, 1)
  t.match(unset.stderr, /clients\[0\]\.secretAccessKey: .*APP_SECRET/)
})

const FILES = {
  ...SOUND,
  listen: [
    {
      address: '0.0.0.0:8443',
      hosts: ['s3.corp.example'],
      tls: { certFile: 'tls.crt', keyFile: 'tls.key', clientCaFile: 'ca.crt' },
    },
  ],
  clients: [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own form.
    { ...SOUND.clients[0], secretAccessKey: '${env:APP_SECRET}' },
    { name: 'b', accessKeyId: 'SGB0000000000001', secretAccessKey: { file: 'b' }, buckets: ['b'] },
  ],
}

t.test('--no-files reads no file, needs no variable, and finds all else', async (t) => {
  const directory = t.testdir({
    'good.yaml': JSON.stringify(FILES),
    'bad.yaml': JSON.stringify({ ...FILES, version: 2 }),
  })
  const good = join(directory, 'good.yaml')
  t.equal((await run(['check', '--config', good])).code, 1)
  t.match(await run(['check', '--no-files', '--config', good]), {
    code: 0,
    stdout: `${good}: good\n`,
  })
  const bad = await run(['check', '--no-files', '--config', join(directory, 'bad.yaml')])
  t.match(bad, { code: 1, stderr: /^1 problem .*\n.* version: must be 1$/m })
})

t.test('- is the standard input', async (t) => {
  const good = JSON.stringify(SOUND)
  t.match(await run(['check', '-'], {}, good), { code: 0, stdout: '-: good\n' })
  t.match(await run(['check', '--config', '-'], {}, good), { code: 0 })
  t.match(await run(['check', '-'], {}, 'version: 2'), { code: 1, stderr: /^-:1:1: version: /m })
  t.match(await run(['check']), { code: 2, stderr: /name one configuration/ })
  t.match(await run(['check', '-', '--config', 'a']), { code: 2 })
})

t.test("what `check` says of the page's mistakes", async (t) => {
  const [printed] = blocksUnder('docs/configuration.md', 'Configuration', 'text', 1)
  const yaml = readFileSync('config/gateway.yaml', 'utf8')
    .replace('address: :8443', 'adress: :8443')
    .replace(
      /keyId: .*1234abcd-12ab-34cd-56ef-1234567890ab$/m,
      'keyId: 1234abcd-12ab-34cd-56ef-1234567890ab',
    )
  const folder = t.testdir({ 'gateway.yaml': yaml })
  const { code, stdout, stderr } = await run(['check', '--no-files', join(folder, 'gateway.yaml')])
  t.equal(code, 1)
  t.equal((stdout + stderr).replaceAll(`${folder}/`, ''), printed?.text)
})

/** Sections of a file; blocks with other keys are of Kubernetes, of other programs, or parts of an entry. */
const SECTIONS = new Set(Object.keys(fileSchema.shape))

t.test('every configuration that a page shows is good, beside what it leaves out', async (t) => {
  let count = 0
  for (const { page, heading, language, text } of PAGES.flatMap(readBlocks)) {
    const shown = language === 'yaml' ? parse(text, { uniqueKeys: false }) : undefined
    if (shown === undefined || !Object.keys(shown).every((key) => SECTIONS.has(key))) continue
    count++
    const whole = { ...SOUND, ...shown, policy: { ...SOUND.policy, ...shown.policy } }
    const { code, stdout, stderr } = await run(
      ['check', '--no-files', '-'],
      {},
      JSON.stringify(whole),
    )
    t.equal(code, 0, `${page}, ${heading}\n${stdout}${stderr}`)
  }
  t.ok(count > 12, `${count} configurations`)
})

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import t from 'tap'

/** What each folder of src may import, itself apart. The order is the order of the layers. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  s3: ['base', 'fast-xml-parser'],
  sigv4: ['base', 's3', 'node:crypto'],
  policy: ['base', 's3', 'sigv4'],
  body: ['base', 's3', 'sigv4', 'node:stream', 'node:crypto', 'node:zlib'],
  config: [
    'base',
    's3',
    'policy',
    'evidence',
    'yaml',
    'zod',
    'node:os',
    'node:path',
    'node:crypto',
    'node:net',
  ],
  credentials: [
    'base',
    's3',
    'config',
    '@aws-sdk/credential-providers',
    'node:http',
    'node:https',
    'node:fs',
    'node:path',
  ],
  telemetry: [
    'base',
    's3',
    'config',
    'evidence',
    'prom-client',
    'pino',
    '@opentelemetry/api',
    'node:crypto',
    'node:fs',
    'node:os',
  ],
  // Identity tokens, and the session keys that are issued for them.
  sts: ['base', 's3', 'sigv4', 'policy', 'config', 'jose', 'node:'],
  // What a request is, who sent it and what becomes of it. Pure.
  request: ['base', 's3', 'sigv4', 'policy', 'body', 'config', 'node:crypto', 'node:stream'],
  upstream: [
    'base',
    's3',
    'sigv4',
    'body',
    'config',
    'credentials',
    'telemetry',
    'undici',
    'node:',
  ],
  proxy: [
    'base',
    's3',
    'sigv4',
    'policy',
    'body',
    'config',
    'telemetry',
    'sts',
    'request',
    'upstream',
    'node:',
  ],
  service: [
    'base',
    's3',
    'policy',
    'config',
    'credentials',
    'telemetry',
    'sts',
    'upstream',
    'proxy',
    'trail',
    'node:',
  ],
  // A second opinion, which shares nothing with what it checks.
  sandbox: ['base', 'aws4', 'busboy', 'fast-xml-parser', 'node:'],
  // Pure: lines, trees, notes and proofs of the audit trail.
  evidence: ['base', 'node:crypto'],
  // The files of an audit trail: sealing and verifying them.
  trail: ['base', 'evidence', 'node:'],
  // Objects that are there already: finding them, and sealing them again.
  sweep: [
    'base',
    's3',
    'policy',
    'config',
    'evidence',
    'telemetry',
    'upstream',
    'hyparquet',
    'zod',
    'node:',
  ],
  // What a trail says, for people: sums, reports, pages.
  report: ['base', 'telemetry', 'evidence', 'trail', 'node:'],
  inject: ['base', 'zod', 'node:'],
  egress: ['base', 's3', 'config', 'telemetry', 'proxy', 'service', 'httpxy', 'node:'],
  cli: [
    'base',
    's3',
    'sigv4',
    'policy',
    'body',
    'config',
    'credentials',
    'telemetry',
    'sts',
    'request',
    'upstream',
    'proxy',
    'service',
    'sandbox',
    'inject',
    'egress',
    'evidence',
    'trail',
    'report',
    'sweep',
    'aws4',
    'commander',
    '@commander-js/extra-typings',
    'node:',
  ],
  'main.ts': ['cli', 'node:stream'],
}

const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('src', file))

function importsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'utf8')
  const still = text.matchAll(/^(?:import|export) .*? from '([^']+)'/gms)
  const dynamic = text.matchAll(/import\('([^']+)'\)/g)
  return [...still, ...dynamic].map(([, specifier = '']) =>
    specifier.startsWith('.') ? layerOf(join(dirname(file), specifier)) : moduleOf(specifier),
  )
}

function layerOf(file: string): string {
  return relative('src', file).split('/')[0] ?? ''
}

/** `node:fs/promises` is `node:fs`, a file of a package its package. */
function moduleOf(specifier: string): string {
  const [name = '', inScope = ''] = specifier.split('/')
  return name.startsWith('@') ? `${name}/${inScope}` : name
}

function isAllowed(name: string, allowed: readonly string[]): boolean {
  return allowed.some((entry) => entry === name || (entry === 'node:' && name.startsWith('node:')))
}

for (const file of sources) {
  t.test(`${file} imports only what its layer may`, async (t) => {
    const layer = layerOf(file)
    const allowed = [layer, ...(MAY_IMPORT[layer] ?? [])]
    t.strictSame(
      importsOf(file).filter((name) => !isAllowed(name, allowed)),
      [],
    )
  })
}

/** Where a function is values in, values out: each file has its own test. The shell is tested as a whole, over real sockets. */
const PURE = ['base', 's3', 'sigv4', 'policy', 'body', 'evidence', 'request']

t.test('every pure source file with code has a test of the same name', async (t) => {
  const untested = sources.filter((file) => {
    if (!PURE.includes(layerOf(file))) return false
    const hasCode = /^export (?:async )?(?:function|class)/m.test(readFileSync(file, 'utf8'))
    return hasCode && !existsSync(file.replace('src/', 'test/').replace('.ts', '.test.ts'))
  })
  t.strictSame(untested, [])
})

t.test('only main.ts ends the process', async (t) => {
  const enders = sources.filter((file) => /process\.exit\(/.test(readFileSync(file, 'utf8')))
  t.strictSame(enders, ['src/main.ts'])
})

/** The package's own interface, and what it is made of. */
const PUBLIC = ['src/sandbox/sandbox.ts']

/** The package's declarations cannot name the type of a function's result without it. */
const NAMED_IN_DECLARATIONS = ['src/inject/inject-settings.ts: SidecarResources']

t.test('what nobody imports is not exported', async (t) => {
  const users = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && file !== 'architecture.test.ts')
    .map((file) => join('test', file))
  const texts = new Map([...sources, ...users].map((file) => [file, readFileSync(file, 'utf8')]))
  const unused: string[] = []
  for (const file of sources) {
    if (PUBLIC.includes(file)) continue
    const names = (texts.get(file) ?? '').matchAll(
      /^export (?:async )?(?:function\*?|class|const|interface|type) (\w+)/gm,
    )
    for (const [, name = ''] of names) {
      const word = new RegExp(`\\b${name}\\b`)
      const isUsed = [...texts].some(([other, text]) => other !== file && word.test(text))
      if (!isUsed) unused.push(`${file}: ${name}`)
    }
  }
  t.strictSame(unused, NAMED_IN_DECLARATIONS)
})

/** Suites that run on a real server what others run on the embedded one, or check as files. */
const SUITES: Readonly<Record<string, readonly string[]>> = {
  cluster: ['deploy'],
  fips: ['contract', 'deploy'],
  clients: ['contract'],
  recipes: ['clients', 'docs', 'fips'],
  rgw: ['contract', 'clients', 'sweep'],
  upstreams: ['contract', 'clients', 'rgw'],
}

t.test('what folders of tests share is in test/support', async (t) => {
  const files = readdirSync('test', { recursive: true, encoding: 'utf8' })
  const found: string[] = []
  for (const file of files.filter((file) => file.endsWith('.ts'))) {
    const [folder = ''] = file.split('/')
    const allowed = [folder, 'support', ...(SUITES[folder] ?? [])]
    const text = readFileSync(join('test', file), 'utf8')
    for (const [, specifier = ''] of text.matchAll(/(?:from |import\()'(\.[^']+)'/g)) {
      const path = join('test', dirname(file), specifier)
      const [root, other = ''] = path.split('/')
      if (root === 'test' && !allowed.includes(other)) found.push(`${file}: ${specifier}`)
    }
  }
  t.strictSame(found, [])
})

t.test('test/support is for more than one folder', async (t) => {
  const texts = readdirSync('test', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => [file, readFileSync(join('test', file), 'utf8')] as const)
  const usersOf = (name: string): ReadonlySet<string> =>
    new Set(
      texts
        .filter(([, text]) => text.includes(`/${name}'`))
        .map(([file]) => file.split('/')[0] ?? ''),
    )
  const single = readdirSync('test/support').filter((name) => {
    const users = usersOf(name)
    return users.size < 2 && !users.has('support')
  })
  t.strictSame(single, [])
})

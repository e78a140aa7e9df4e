import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { CONTRACT } from '../contract/contract.ts'
import type { ContractCase } from '../contract/contract-case.ts'
import { CLIENT_PROGRAMS } from './client-programs.ts'
import { CLIENTS } from './clients.ts'
import { updateCompatibility, updatePrograms } from './compatibility.ts'
import { registryOf } from './registries/registries.ts'
import type { ClientRow } from './run-client.ts'

const PAGE = readFileSync('docs/compatibility.md', 'utf8')
const PROGRAMS = 'test/clients/programs'
const PINS: Readonly<Record<string, string>> = Object(
  JSON.parse(readFileSync(`${PROGRAMS}/package.json`, 'utf8')),
).dependencies
/** How a version is written where it stands beside the name. */
const EXACT: Readonly<Record<string, RegExp>> = {
  Go: /@v\d+\.\d+\.\d+(-[\w.-]+)?$/,
  Maven: /:\d+(\.\w+)+$/,
  'crates.io': /@\d+\.\d+\.\d+(\+[\w,-]+)?$/,
}
const ROWS: readonly ClientRow[] = CLIENTS.map((client) => ({
  client,
  version: '1.0',
  unavailable: undefined,
  direct: new Map(),
  through: new Map(),
}))

t.test('a run writes the three tables and nothing else', async (t) => {
  const written = updateCompatibility(PAGE, ROWS, CONTRACT)
  t.equal(handWritten(written), handWritten(PAGE))
  t.match(written, '| awscli | 1.0, Debian 12 | not run |')
  t.equal(updateCompatibility(written, ROWS, CONTRACT), written)
})

t.test('what needs no run is as the code says it: single requests and settings', async (t) => {
  const written = updateCompatibility(PAGE, ROWS, CONTRACT)
  t.equal(block(PAGE, 'requests'), block(written, 'requests'))
  t.equal(block(PAGE, 'settings'), block(written, 'settings'))
})

t.test('a page without the place of a table is an error', async (t) => {
  const none: readonly ContractCase[] = []
  t.throws(() => updateCompatibility('# Compatibility\n', ROWS, none), /no <!-- features -->/)
})

t.test(
  'the page has every program: its settings as the code says them, and the version that is pinned if it ran',
  async (t) => {
    const written = updatePrograms(PAGE, [], '2026-01-01')
    t.equal(block(PAGE, 'programs'), block(written, 'programs'), 'as the code says it')
    for (const program of CLIENT_PROGRAMS.filter(({ from }) => from !== 'Debian 12')) {
      const pinned = `${await registryOf(program).version(program)}, ${program.from}`
      t.ok(
        [` ${pinned} `, ' not run '].some((one) => rowOf(program.name).includes(one)),
        pinned,
      )
    }
  },
)

t.test('a run gives its programs its version and its day, and leaves the others', async (t) => {
  const [program] = CLIENT_PROGRAMS
  if (program === undefined) throw new Error('no programs')
  const written = updatePrograms(PAGE, [{ program, version: '9.8.7', right: true }], '2030-02-01')
  const lines = (page: string) => new Set(block(page, 'programs').split('\n'))
  const fresh = [...lines(written)].filter((line) => !lines(PAGE).has(line))
  t.equal(fresh.length, 1)
  t.match(fresh[0], `| ${program.name} | 9.8.7, ${program.from} | 2030-02-01 |`)
})

t.test(
  'every program has a file of its own, and a name of its own where it comes from',
  async (t) => {
    const [files, names] = [new Set<string>(), new Set<string>()]
    for (const { file, name, from } of CLIENT_PROGRAMS) {
      files.add(file)
      names.add(`${name} ${from}`)
      t.ok(existsSync(`${PROGRAMS}/${file}`), file)
    }
    t.equal(files.size, CLIENT_PROGRAMS.length)
    t.equal(names.size, CLIENT_PROGRAMS.length)
  },
)

t.test('every pin is exact, as the lock file has it', async (t) => {
  const lock: unknown = JSON.parse(readFileSync(`${PROGRAMS}/package-lock.json`, 'utf8'))
  t.same(Object(lock).packages[''].dependencies, PINS)
  for (const version of Object.values(PINS)) t.match(version, /^\d+\.\d+\.\d+$/)
  for (const { from, package: name, with: more = [] } of CLIENT_PROGRAMS) {
    const pin = EXACT[from] ?? /./
    const all = [name, ...more].filter((one) => !one.startsWith('-'))
    t.same(
      all.filter((one) => !pin.test(one)),
      [],
      name,
    )
  }
})

function rowOf(name: string): string {
  const rows = block(PAGE, 'programs').split('\n')
  return rows.filter((row) => row.startsWith(`| ${name} `)).join('\n')
}

function handWritten(page: string): string {
  return page.replaceAll(/<!-- (\w+) -->\n[\s\S]*?<!-- end of \1 -->/g, '$1')
}

function block(page: string, name: string): string {
  return page.split(`<!-- ${name} -->`)[1]?.split(`<!-- end of ${name} -->`)[0] ?? ''
}

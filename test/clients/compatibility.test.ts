import { readFileSync } from 'node:fs'
import t from 'tap'
import { CONTRACT } from '../contract/contract.ts'
import type { ContractCase } from '../contract/contract-case.ts'
import { CLIENT_PROGRAMS } from './client-programs.ts'
import { CLIENTS } from './clients.ts'
import { updateCompatibility } from './compatibility.ts'
import type { ClientRow } from './run-client.ts'

const PAGE = readFileSync('docs/compatibility.md', 'utf8')
const PROGRAMS = 'test/clients/programs'
const PINS: Readonly<Record<string, string>> = Object(
  JSON.parse(readFileSync(`${PROGRAMS}/package.json`, 'utf8')),
).dependencies
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

t.test('the page names every client that the suite runs, and its version', async (t) => {
  for (const { name, npm } of CLIENT_PROGRAMS) {
    const version = npm === undefined ? '' : ` ${Object(PINS)[npm]}`
    const named = name === 'aws-sdk 2' ? `aws-sdk${version}` : `${name}${version}`
    t.match(PAGE.toLowerCase(), named.toLowerCase(), named)
  }
})

t.test('every pin is exact, as the lock file has it', async (t) => {
  const lock: unknown = JSON.parse(readFileSync(`${PROGRAMS}/package-lock.json`, 'utf8'))
  t.same(Object(lock).packages[''].dependencies, PINS)
  for (const version of Object.values(PINS)) t.match(version, /^\d+\.\d+\.\d+$/)
})

function handWritten(page: string): string {
  return page.replaceAll(/<!-- (\w+) -->\n[\s\S]*?<!-- end of \1 -->/g, '$1')
}

function block(page: string, name: string): string {
  return page.split(`<!-- ${name} -->`)[1]?.split(`<!-- end of ${name} -->`)[0] ?? ''
}

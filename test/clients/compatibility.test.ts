import { readFileSync } from 'node:fs'
import t from 'tap'
import { CONTRACT } from '../contract/contract.ts'
import type { ContractCase } from '../contract/contract-case.ts'
import { CLIENTS } from './clients.ts'
import { updateCompatibility } from './compatibility.ts'
import type { ClientRow } from './run-client.ts'

const PAGE = readFileSync('docs/compatibility.md', 'utf8')
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

function handWritten(page: string): string {
  return page.replaceAll(/<!-- (\w+) -->\n[\s\S]*?<!-- end of \1 -->/g, '$1')
}

function block(page: string, name: string): string {
  return page.split(`<!-- ${name} -->`)[1]?.split(`<!-- end of ${name} -->`)[0] ?? ''
}

import { isDeepStrictEqual } from 'node:util'
import { type ContractCase, POLICY } from '../contract/contract-case.ts'
import { type ClientProgram, GROUPS, type Task } from './client-program.ts'
import { CLIENT_PROGRAMS } from './client-programs.ts'
import { FEATURES, type Feature } from './client-under-test.ts'
import type { ClientRow, FeatureOutcome } from './run-client.ts'
import type { ProgramRow } from './run-programs.ts'

/** docs/compatibility.md with its generated tables as this run saw them; all else is written by hand. */
export function updateCompatibility(
  page: string,
  rows: readonly ClientRow[],
  contract: readonly ContractCase[],
): string {
  const tables = {
    features: featureTable(rows),
    requests: requestTable(contract),
    settings: settingsTable(rows),
  }
  return Object.entries(tables).reduce((text, [name, lines]) => replace(text, name, lines), page)
}

/** How a program was seen: its version, and the day. */
type Seen = readonly [version: string, date: string]

/** docs/compatibility.md with the rows of these programs as of this day; the others keep the version and the day that they have. */
export function updatePrograms(page: string, rows: readonly ProgramRow[], date: string): string {
  const seen = new Map(seenOn(page))
  for (const { program, version } of rows) seen.set(nameOf(program), [version, date])
  return replace(page, 'programs', programTables(seen))
}

/** What the page says: the first, second and third column of its generated rows. */
function seenOn(page: string): readonly (readonly [string, Seen])[] {
  const [, block = ''] = page.split(/<!-- (?:end of )?programs -->/)
  const rows = block.matchAll(/^\| ([^|]+) \| ([^|,]+), [^|]+ \| ([\d-]+) \|/gm)
  return [...rows].map(([, name = '', version = '', date = '']) => [name, [version, date]])
}

function programTables(seen: ReadonlyMap<string, Seen>): readonly string[] {
  return GROUPS.flatMap((group) => {
    const programs = CLIENT_PROGRAMS.filter((one) => one.group === group)
    const sorted = programs.toSorted((one, other) => nameOf(one).localeCompare(nameOf(other), 'en'))
    const rows = sorted.map((one) => programRow(one, seen.get(nameOf(one))))
    if (rows.length === 0) return []
    const head = [
      'client',
      'version',
      'run',
      'does',
      'endpoint and addressing',
      'authority and others',
    ]
    const line = `| ${head.join(' | ')} |`
    return ['', `### ${group}`, '', line, `|${' --- |'.repeat(head.length)}`, ...rows]
  }).concat('')
}

function programRow(program: ClientProgram, [version, date]: Seen = ['', 'not run']): string {
  const from = version === '' ? program.from : `${version}, ${program.from}`
  const cells = [from, date, tasksOf(program), ...program.settings]
  return `| ${[nameOf(program), ...cells.map(cell)].join(' | ')} |`
}

/** Two rows of a name are told apart by where they come from. */
function nameOf({ name, from }: ClientProgram): string {
  const others = CLIENT_PROGRAMS.filter((one) => one.name === name && one.from !== from)
  return others.length === 0 ? name : `${name} (${from})`
}

const SAYS: Readonly<Record<Task, string>> = {
  small: 'write',
  large: 'large',
  parts: 'parts',
  read: 'read',
  list: 'list',
  delete: 'delete',
  encryption: 'encryption',
}

function tasksOf({ tasks, ownKeys, refused, complains }: ClientProgram): string {
  if (refused !== undefined) return `refused: \`${refused}\``
  if (complains !== undefined) return 'writes, then fails'
  const own = ownKeys ? ['its own objects'] : []
  return [...own, ...tasks.map((task) => SAYS[task])].join(', ')
}

/** Puts lines between `<!-- NAME -->` and `<!-- end of NAME -->`. */
function replace(page: string, name: string, lines: readonly string[]): string {
  const [begin, end] = [`<!-- ${name} -->\n`, `<!-- end of ${name} -->\n`]
  const [before, rest = ''] = page.split(begin)
  const [, after] = rest.split(end)
  if (after === undefined) throw new Error(`no ${begin.trim()} … ${end.trim()}`)
  return [before, begin, ...lines.map((line) => `${line}\n`), end, after].join('')
}

function settingsTable(rows: readonly ClientRow[]): readonly string[] {
  return [
    '| client | endpoint and addressing | authority and others |',
    '| --- | --- | --- |',
    ...rows.map(({ client }) => `| ${[client.name, ...client.settings].map(cell).join(' | ')} |`),
  ]
}

function featureTable(rows: readonly ClientRow[]): readonly string[] {
  return [
    `| client | version | ${FEATURES.join(' | ')} |`,
    `| --- | --- |${FEATURES.map(() => ' --- |').join('')}`,
    ...rows.map((row) => {
      const marks = FEATURES.map((feature) => markOf(row, feature))
      return `| ${[row.client.name, `${row.version}, ${row.client.from}`, ...marks].join(' | ')} |`
    }),
  ]
}

function markOf(row: ClientRow, feature: Feature): string {
  if (row.client.features[feature] === undefined) return '–'
  const through: FeatureOutcome | undefined = row.through.get(feature)
  switch (through) {
    case 'works':
      // The server of the run has no TLS of its own.
      if (feature === 'TLS') return 'yes'
      return row.direct.get(feature) === 'works' ? 'yes' : 'yes ⁺'
    case 'refused':
    case 'fails':
      return through
    case undefined:
      return 'not run'
  }
}

/** One line for each way in which Sealgate itself answers otherwise, with the first case of it. */
function requestTable(contract: readonly ContractCase[]): readonly string[] {
  const groups = new Map<string, { readonly says: string; more: number }>()
  for (const one of contract) {
    const difference = one.differs?.sealgate
    if (!difference || difference.cause === POLICY || isDeepStrictEqual(difference.see, one.aws)) {
      continue
    }
    const answers = `${cell(answerOf(one.aws))} | ${cell(answerOf(difference.see))}`
    const way = `${answers} | ${cell(difference.cause)}`
    const group = groups.get(way)
    if (group) group.more++
    else groups.set(way, { says: cell(one.says), more: 0 })
  }
  const lines = [...groups].map(([way, { says, more }]) => {
    const others = more === 0 ? '' : ` (and ${more} like it)`
    return `| ${says}${others} | ${way} |`
  })
  return ['| request | S3 | Sealgate | cause |', '| --- | --- | --- | --- |', ...lines]
}

function answerOf(see: Readonly<Record<string, unknown>>): string {
  const { answer } = see
  return typeof answer === 'string' ? answer : JSON.stringify(see)
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}

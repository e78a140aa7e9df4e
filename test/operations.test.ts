import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { STS_REASONS } from '../src/sts/sts-error.ts'
import {
  formatAuditLine,
  formatConfigurationLine,
  formatKeyLine,
} from '../src/telemetry/audit-line.ts'
import { Metrics } from '../src/telemetry/metrics.ts'
import { UPLOAD } from './support/audit-records.ts'

const PAGE = readFileSync('docs/operations.md', 'utf8')
/** The embedded S3 has no log of its own; the command line writes usage errors to the terminal. */
const SOURCES = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/^(?:sandbox\/|cli\/run-command\.ts$)/.test(file))
  .map((file) => readFileSync(join('src', file), 'utf8'))

/** What the pattern's first group finds, in any file. */
function findAll(pattern: RegExp): readonly string[] {
  const found = SOURCES.flatMap((text) => [...text.matchAll(pattern)])
  return [...new Set(found.map(([, word = '']) => word))]
}

t.test('every warning and error of the log is in docs/operations.md', async (t) => {
  // The text, up to what is put into it.
  const texts = findAll(
    /\.(?:warn|error)\(\s*(?:(?:\{[^}]*\}|fields),\s*)?['`]([^'`$]+?)(?:: \$\{[^`]*)?['`]/g,
  )
  t.ok(texts.length > 16, `${texts.length} texts found`)
  t.strictSame(
    texts.filter((text) => !PAGE.includes(`\`${text}`)),
    [],
  )
})

/** Registered by the sealer, if there is one. */
const OF_THE_SEALER = [
  'sealgate_evidence_anchor_age_seconds',
  'sealgate_evidence_checkpoint_age_seconds',
  'sealgate_evidence_sealed_lines',
]

t.test('every metric is in docs/operations.md, and no other', async (t) => {
  const metrics = new Metrics({ bucketLabel: false, clientLabel: false, withDefaults: false })
  const names = metrics.registry.getMetricsAsArray().map(({ name }) => name)
  t.ok(names.length > 12, `${names.length} metrics found`)
  const rows = PAGE.split('\n').filter((line) => line.startsWith('| `sealgate_'))
  const cells = rows.map((row) => row.split(' | ')[0] ?? '')
  const told = cells.flatMap((cell) => cell.match(/sealgate_\w+/g) ?? [])
  t.strictSame(told.sort(), [...names, 'sealgate_worker_restarts_total', ...OF_THE_SEALER].sort())
})

/** Names in the first cells of a section's rows. */
function toldIn(heading: string): readonly string[] {
  const [, section = ''] = new RegExp(`^${heading}$(.*?)^##`, 'ms').exec(PAGE) ?? []
  const cells = [...section.matchAll(/^\| (`[^|]*`) \|/gm)].map(([, cell = '']) => cell)
  return cells.flatMap((cell) => cell.split(', ')).map((name) => name.replaceAll('`', ''))
}

/** Athena's types that hold the value. */
function athenaTypes(value: unknown): readonly string[] {
  if (typeof value === 'string') return ['string']
  if (typeof value === 'boolean') return ['boolean']
  if (typeof value === 'number') {
    return Number.isInteger(value) ? ['int', 'bigint', 'double'] : ['double']
  }
  if (Array.isArray(value)) return ['array<string>']
  // A field that is null here has a type all the same.
  const fields = Object.entries(Object(value)).map(([name, inner]) => {
    const type = name === 'bucketKey' ? 'boolean' : (athenaTypes(inner ?? '')[0] ?? '')
    return `${name.toLowerCase()}:${type}`
  })
  return [`struct<${fields.join(', ')}>`]
}

t.test('every field of an audit line is in docs/operations.md, in its order', async (t) => {
  const line = formatAuditLine(
    {
      ...UPLOAD,
      etag: 'e',
      objectSize: 1,
      uploadId: 'u',
      partNumber: '1',
      copySource: { bucket: 'b', key: 'k', versionId: undefined },
      write: 'sealed',
      read: 'policy',
      guards: ['publicAcl'],
      keyCount: 1,
      errorCode: 'AccessDenied',
      accessKeyId: 'AKID',
      userAgent: 'curl',
      ignoredParameters: ['x-user'],
      host: 'repo.corp.example:443',
      traceId: 'f'.repeat(32),
      session: { issuer: 'cluster', subject: 's', sessionName: 'n', tokenId: 'a'.repeat(32) },
    },
    'gw-0:1',
  )
  t.strictSame(toldIn('## The audit line'), Object.keys(JSON.parse(line)))
  // Athena's names have no case.
  const [, table = ''] =
    /TABLE sealgate_audit \((.*?)\n\)/s.exec(readFileSync('docs/audit-recipes.md', 'utf8')) ?? []
  const columns = [...table.matchAll(/`(\w+)`/g)].map(([, name]) => name)
  const fields = Object.keys(JSON.parse(line)).map((name) => name.toLowerCase())
  t.strictSame(columns.sort(), [...fields, 'record', 'result'].sort(), 'the columns of the recipe')
  const types = new Map(
    [...table.matchAll(/`(\w+)` (struct<[^>]*>|array<string>|\w+)/g)].map(
      ([, name = '', type = '']) => [name, type] as const,
    ),
  )
  for (const [name, value] of Object.entries(JSON.parse(line))) {
    const type = types.get(name.toLowerCase()) ?? ''
    if (value !== null) t.ok(athenaTypes(value).includes(type), `${name} is ${type}`)
  }
})

t.test('every field of a line about the configuration is in docs/operations.md', async (t) => {
  const { configHash } = UPLOAD
  const names = { sections: [], rulesAdded: [], rulesRemoved: [], rulesChanged: [] }
  const replaced = { configHash, mode: 'enforce', ...names } as const
  const event = { timeMs: 0, event: 'reload', configHash, version: '1', mode: 'observe' } as const
  const line = formatConfigurationLine({ ...event, replaced }, 'gw-0:1')
  t.strictSame(toldIn('### The configuration in the audit'), Object.keys(JSON.parse(line)))
})

t.test('every field of a line about a key is in docs/operations.md', async (t) => {
  const { time, requestId, configHash } = UPLOAD
  const names = { client: 'app', bucket: 'b', key: 'k', versionId: undefined } as const
  const entry = { time, requestId, configHash, ...names, result: 'deleted' } as const
  const line = formatKeyLine({ ...entry, errorCode: undefined }, 'gw-0:1')
  t.strictSame(toldIn('### Keys of DeleteObjects'), Object.keys(JSON.parse(line)))
})

t.test('every reason of the listener for session keys is in docs/identity.md', async (t) => {
  const page = readFileSync('docs/identity.md', 'utf8')
  t.strictSame(
    STS_REASONS.filter((reason) => !page.includes(`\`${reason}\``)),
    [],
  )
})

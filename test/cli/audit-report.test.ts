import { hash } from 'node:crypto'
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import t from 'tap'
import { verifierKeyOf } from '../support/make-trail.ts'
import { KEY_ARN, reportTrail } from '../support/report-trail.ts'
import { verify } from '../support/sealed-trail.ts'
import { run } from './fake-terminal.ts'

const PERIOD = ['--from', '2026-11-28', '--to', '2026-11-29T00:00:00Z'] as const

t.test('a report says what was written under which key, and all that was not', async (t) => {
  const directory = t.testdir()
  reportTrail(directory)
  const args = ['audit', 'report', directory, ...PERIOD, '--vkey', verifierKeyOf()]
  const json = await run([...args, '--format', 'json', '--no-record'])
  t.equal(json.code, 3, json.stderr)
  const report = JSON.parse(json.stdout)
  t.match(report.total, {
    ...{ uploads: 10, sealed: 3, exempt: 2, observed: 1, unconfirmed: 1, mismatched: 1 },
    ...{ refused: 1, failed: 1, objects: 8, bytes: 307, sizeUnknown: 5 },
  })
  t.match(report.by.key, [
    { name: '(S3 named none)', unconfirmed: 1 },
    { name: '(not stored)', uploads: 2, objects: 0 },
    { name: "AES256 (S3's own key)", objects: 3, exempt: 2, observed: 1 },
    { name: KEY_ARN, objects: 3, sealed: 3, bytes: 300 },
    { name: 'k2', mismatched: 1 },
  ])
  t.match(report.exemptions.items, [
    { rule: 'old', reason: 'an old tool', objects: 2, clients: { items: ['app', 'billing'] } },
  ])
  t.match(report.unconfirmed.items, [{ write: 'unconfirmed' }, { write: 'mismatched' }])
  t.match(report.reads, [
    { name: 'policy', count: 1 },
    { name: 'sse-s3', count: 1 },
  ])
  t.match(report.readsNotUnderPolicy.items, [{ key: 'plain', read: 'sse-s3' }])
  t.match(report.refusals, [
    { name: 'encryption-not-confirmed', count: 1 },
    { name: 'no-matching-rule', count: 1 },
  ])
  t.match(report.failures, [{ name: 'SlowDown', count: 1 }])
  t.match(report.configurations.items, [
    { event: 'start', mode: 'enforce' },
    { event: 'reload', mode: 'observe', previousMode: 'enforce' },
    { event: 'reload', mode: 'enforce', previousMode: 'observe' },
  ])
  const { files, answers, checkpoints, command } = report.report
  t.equal(
    command,
    [
      'sealgate',
      ...args.slice(0, 3),
      '--from',
      '2026-11-28T00:00:00.000Z',
      '--to',
      '2026-11-29T00:00:00.000Z',
      '--format',
      'json',
      '--vkey',
      verifierKeyOf(),
      '--no-record',
    ].join(' '),
  )
  const one = join(directory, 'lines/one.0000.jsonl')
  t.match(files, [
    {
      path: one,
      lines: 19,
      sha256: hash('sha256', readFileSync(one)),
      bytes: readFileSync(one).length,
    },
    { lines: 2 },
  ])
  t.match(checkpoints, [{ size: 19 }])
  t.match(answers, { verdict: 'gaps', integrity: /^verified/, gaps: [/stream two.* is cut/] })

  const text = await run([...args, '--no-record'])
  t.match(text.stdout, '37.5 % of the 8 objects that were written')
  t.match(
    text.stdout,
    'Uploads  10 = 3 sealed + 2 exempt + 1 observed + 1 unconfirmed + 1 mismatched + 1 refused + 1 failed',
  )
  t.match(text.stdout, /unconfirmed: \(S3 named none\)/)
  t.match(text.stdout, '=1+1\\u{202e}"x"', 'what turns the direction of writing is visible')
  t.match(text.stderr, `SHA-256 of the report: ${hash('sha256', text.stdout)}\n`)
  const byDay = await run([...args, '--no-record', '--by', 'day'])
  t.match(byDay.stdout, 'By day\n')
  t.notMatch(byDay.stdout, 'By key\n')
})

t.test('CSV is one table, and nothing in it is a formula', async (t) => {
  const directory = t.testdir()
  reportTrail(directory)
  const { stdout } = await run(['audit', 'report', directory, '--no-record', '--format', 'csv'])
  const rows = parseCsv(stdout)
  const [columns = []] = rows
  t.ok(rows.every((row) => row.length === columns.length))
  const cell = (row: readonly string[] | undefined, name: string) => row?.[columns.indexOf(name)]
  const total = rows.find((row) => row[0] === 'total')
  t.equal(cell(total, 'uploads'), '10')
  t.equal(cell(total, 'sealed'), '3')
  const line = rows.find((row) => row[0] === 'unconfirmed')
  t.equal(cell(line, 'name'), 'billing-eu/=1+1\u202e"x"')
  t.ok(rows.flat().every((text) => !/^[=+@-]/.test(text)))
})

/** As RFC 4180 has it. */
function parseCsv(text: string): readonly (readonly string[])[] {
  t.match(text, /\r\n$/)
  return text
    .slice(0, -2)
    .split('\r\n')
    .map((row) =>
      [...row.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^",]*))/g)].map(
        ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
      ),
    )
}

t.test('OCSF: a finding, and an event for each listed line', async (t) => {
  const directory = t.testdir()
  reportTrail(directory)
  const { stdout } = await run(['audit', 'report', directory, '--no-record', '--format', 'ocsf'])
  const [finding, ...events] = stdout
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text))
  t.match(finding, { class_uid: 2003, type_uid: 200301, compliance: { status: 'Fail' } })
  t.match(events, [{ class_uid: 6005 }, { class_uid: 6005 }, { api: { operation: 'GetObject' } }])
})

t.test('the report is recorded in the trail, which still verifies', async (t) => {
  const directory = t.testdir()
  reportTrail(directory)
  const out = join(directory, 'report.json')
  const args = ['audit', 'report', directory, ...PERIOD, '--vkey', verifierKeyOf()]
  const first = await run([...args, '--format', 'json', '--out', out])
  t.match(first.stdout, /^Sealgate audit report\n\nCommand {7}sealgate audit report /)
  t.match(first.stderr, `recorded in ${directory}`)
  const [name = ''] = readdirSync(join(directory, 'lines')).filter((file) => /report/.test(file))
  const lines = readFileSync(join(directory, 'lines', name), 'utf8')
    .trimEnd()
    .split('\n')
  t.match(
    lines.map((line) => JSON.parse(line)),
    [
      { record: 'open', policy: null, previous: { size: 19 } },
      {
        record: 'report',
        sha256: hash('sha256', readFileSync(out)),
        to: '2026-11-29T00:00:00.000Z',
      },
      { record: 'close', lines: 3 },
    ],
  )
  t.match(await verify(directory), { verdict: 'gaps', findings: { failureCount: 0, gapCount: 1 } })
  const again = await run([...args, '--format', 'json', '--no-record'])
  t.strictSame(JSON.parse(again.stdout).total, JSON.parse(readFileSync(out, 'utf8')).total)
  t.strictSame(JSON.parse(again.stdout).evidence, JSON.parse(readFileSync(out, 'utf8')).evidence)
})

t.test('compressed files and lines that a crash wrote twice are counted once', async (t) => {
  const directory = t.testdir()
  reportTrail(directory)
  const path = join(directory, 'lines/one.0000.jsonl')
  const text = readFileSync(path, 'utf8')
  const last = text.trimEnd().split('\n').slice(-4).join('\n')
  writeFileSync(`${path}.gz`, gzipSync(`${text}${last}\n`))
  rmSync(path)
  const { stdout } = await run(['audit', 'report', directory, '--no-record', '--format', 'json'])
  const report = JSON.parse(stdout)
  t.equal(report.total.uploads, 10)
  t.equal(report.reads.length, 2)
  t.equal(report.report.files[0].lines, 23)
})

t.test('an edited line shows in the report and in the exit code', async (t) => {
  const directory = t.testdir()
  reportTrail(directory)
  const path = join(directory, 'lines/one.0000.jsonl')
  writeFileSync(path, readFileSync(path, 'utf8').replace('"write":"exempt"', '"write":"sealed"'))
  const args = ['audit', 'report', directory, '--no-record', '--vkey', verifierKeyOf()]
  const { code, stdout } = await run(args)
  t.equal(code, 1)
  t.match(stdout, /^Verdict {7}NOT VERIFIED$/m)
  t.match(stdout, /one\.0000\.jsonl line \d+: /)
})

t.test('wrong usage', async (t) => {
  const directory = t.testdir()
  reportTrail(directory)
  for (const args of [
    [directory, '--from', '2026-02-30'],
    [directory, '--to', 'yesterday'],
    [directory, '--by', 'colour'],
    [directory, '--from', '2026-11-29', '--to', '2026-11-29'],
    [directory, '--vkey', 'x'],
    [join(directory, 'none')],
  ]) {
    t.equal((await run(['audit', 'report', ...args])).code, 2, args.join(' '))
  }
  chmodSync(join(directory, 'lines'), 0o500)
})

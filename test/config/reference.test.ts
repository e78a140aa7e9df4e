import { readFileSync } from 'node:fs'
import t from 'tap'
import {
  formatReference,
  insertReference,
  REFERENCE_BEGIN,
  REFERENCE_END,
} from '../../src/config/reference.ts'

t.test('docs/configuration.md holds the reference of today (npm run schema)', async (t) => {
  const document = readFileSync('docs/configuration.md', 'utf8')
  t.equal(insertReference(document), document)
})

t.test('the reference names keys, kinds, defaults and meanings', async (t) => {
  const lines = formatReference().split('\n')
  for (const line of [
    '| `version` | `1` | required | The version of this format: 1. |',
    '| `drain.deadline` | [Duration](#values) | `30s` | Time that running requests then have to end. |',
    '| `policy.mode` | `enforce` \\| `observe` | `enforce` | `observe` decides and records, but changes nothing. |',
    "| `upstream.buckets.NAME.region` | text |  | The bucket's region. |",
  ]) {
    t.ok(lines.includes(line), line)
  }
})

t.test('every row of a table has four cells', async (t) => {
  const rows = formatReference()
    .split('### Values')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('|'))
  t.ok((rows?.length ?? 0) > 60)
  for (const row of rows ?? []) t.equal(row.split(/(?<!\\)\|/).length, 6, row)
})

t.test('what stands around the reference is kept', async (t) => {
  const document = `head\n${REFERENCE_BEGIN}\nold\n${REFERENCE_END}\ntail\n`
  const written = insertReference(document) ?? ''
  t.ok(written.startsWith(`head\n${REFERENCE_BEGIN}\n\n### `))
  t.ok(written.endsWith(`\n\n${REFERENCE_END}\ntail\n`))
  t.equal(insertReference(written), written)
})

t.test('a document without the two lines is not touched', async (t) => {
  t.equal(insertReference('text'), undefined)
  t.equal(insertReference(`${REFERENCE_END}${REFERENCE_BEGIN}`), undefined)
})

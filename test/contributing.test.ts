import { existsSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import t from 'tap'

const CONTRIBUTING = readFileSync('CONTRIBUTING.md', 'utf8')
const README = readFileSync('README.md', 'utf8')
const FRONT_DOOR = readFileSync('src/proxy/handle-request.ts', 'utf8')

/** The rows of "Where a change goes": the change, and its place. */
const ROWS = [...CONTRIBUTING.matchAll(/^\| ([^|`]+) \| (.+) \|$/gm)].map(
  ([, change = '', place = '']) => ({ change, place }),
)

/** Changes that a newcomer may be given, and a file where each begins. */
const EXERCISES = [
  [/an S3 operation/, 'src/s3/operation-table.ts'],
  [/a metric/, 'src/telemetry/metric-words.ts'],
  [/a payload mode/, 'src/s3/payload.ts'],
  [/a source of upstream credentials/, 'src/config/schema-credentials.ts'],
  [/a match of rules/, 'src/policy/find-rule.ts'],
  [/does not confirm/, 'src/proxy/confirm.ts'],
  [/a command/, 'src/cli/program.ts'],
  [/a destination of the audit log/, 'src/telemetry/line-sink.ts'],
  [/what a client may do/, 'src/request/grants.ts'],
] as const

for (const [change, file] of EXERCISES) {
  t.test(`the table of places leads from "${change.source}" to ${file}`, async (t) => {
    const found = ROWS.filter((row) => change.test(row.change))
    t.equal(found.length, 1, 'one row')
    t.ok(found[0]?.place.includes(`\`${file}\``), file)
  })
}

t.test('every place in the table exists', async (t) => {
  t.ok(ROWS.length >= EXERCISES.length)
  for (const { place } of ROWS) {
    for (const [, path = ''] of place.matchAll(/`((?:src|test|docs)\/[^`]*)`/g)) {
      // Of `schema*.ts` the folder.
      t.ok(existsSync(path.includes('*') ? dirname(path) : path), path)
    }
  }
})

t.test('README and the front door walk the same steps', async (t) => {
  const section = README.slice(README.indexOf('## Life of a request'))
  const steps = [...section.matchAll(/^\d\. \*\*(\w+)\*\*:/gm)].map(([, step]) => step)
  t.equal(steps.length, 8)
  t.match(FRONT_DOOR, `* ${steps.join(' → ')}\n`)
  t.match(CONTRIBUTING, '[src/proxy/handle-request.ts](src/proxy/handle-request.ts) first')
})

t.test('every function of the front door says what it does', async (t) => {
  const functions = [...FRONT_DOOR.matchAll(/(\*\/\n)?^(?:export )?(?:async )?function (\w+)/gm)]
  t.ok(functions.length > 5)
  for (const [, comment, name = ''] of functions) t.ok(comment, name)
})

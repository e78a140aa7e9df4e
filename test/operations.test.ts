import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

/** Guesses of `explain`, and words of the audit that are no refusals. */
const NO_REFUSALS: readonly string[] = [
  'egress-tunnel',
  'headers-joined-with-space',
  'other-host',
  'other-method',
  'other-payload-hash',
  'path-encoded-twice',
  'path-needs-encoding',
  'path-normalized',
  'path-signed-as-sent',
  'query-not-signed',
  'query-plus',
  'query-space-as-plus',
  'secret-with-white-space',
]

const FOLDERS = ['s3', 'sigv4', 'policy', 'body', 'upstream', 'proxy', 'egress']

t.test('every reason to refuse is in docs/operations.md', async (t) => {
  const reasons = new Set<string>()
  for (const folder of FOLDERS) {
    for (const file of readdirSync(join('src', folder))) {
      const text = readFileSync(join('src', folder, file), 'utf8')
      const found = text.matchAll(
        /(?:reason: |refusal\(\s*'[A-Za-z0-9]+',\s*)'([a-z0-9]+(?:-[a-z0-9]+)+)'/g,
      )
      for (const [, reason = ''] of found) reasons.add(reason)
    }
  }
  t.ok(reasons.size > 60, `${reasons.size} reasons found`)
  const page = readFileSync('docs/operations.md', 'utf8')
  const missing = [...reasons].filter((reason) => !page.includes(`\`${reason}\``))
  t.strictSame(
    missing.filter((reason) => !NO_REFUSALS.includes(reason)),
    [],
  )
})

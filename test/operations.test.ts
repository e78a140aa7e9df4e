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

const FOLDERS = [
  ...['s3', 'sigv4', 'policy', 'body', 'upstream', 'proxy', 'service', 'egress'],
  ...['telemetry', 'credentials', 'inject', 'cli'],
]

const PAGE = readFileSync('docs/operations.md', 'utf8')
const SOURCES = FOLDERS.flatMap((folder) =>
  readdirSync(join('src', folder)).map((file) => readFileSync(join('src', folder, file), 'utf8')),
)

/** What the pattern's first group finds, in any file. */
function findAll(pattern: RegExp): readonly string[] {
  const found = SOURCES.flatMap((text) => [...text.matchAll(pattern)])
  return [...new Set(found.map(([, word = '']) => word))]
}

const WORD = '([a-z0-9]+(?:-[a-z0-9]+)+)'

t.test('every reason to refuse is in docs/operations.md', async (t) => {
  // `refusal`, and the functions that give it a reason of their caller's: their first or second argument.
  const makers = findAll(/function (\w+)\([^()]*\breason: /g).join('|')
  const reasons = [
    ...findAll(new RegExp(`reason: '?${WORD}\\b`, 'g')),
    ...findAll(new RegExp(`PROXY_AUTHENTICATION = '${WORD}'`, 'g')),
    ...findAll(new RegExp(`\\b(?:${makers})\\((?:\\s*['\\w-]+,)?\\s*'${WORD}'`, 'g')),
  ]
  t.ok(reasons.length > 160, `${reasons.length} reasons found`)
  const missing = reasons.filter((reason) => !PAGE.includes(`\`${reason}\``))
  t.strictSame(
    missing.filter((reason) => !NO_REFUSALS.includes(reason)),
    [],
  )
})

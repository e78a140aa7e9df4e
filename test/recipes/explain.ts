import { equal, ok } from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { blocksUnder } from '../support/pages.ts'
import { KEY, REGION } from './embedded.ts'
import type { Group } from './group.ts'

const PAGE = 'docs/explain-and-test.md'

/** What the page's requests are judged by. */
const CONFIGURATION = `version: 1
listen: [{ address: '127.0.0.1:8080', hosts: [s3.corp.example] }]
upstream: { region: ${REGION}, credentials: { source: default } }
clients:
  - { name: billing, accessKeyId: SGBILLING0000000001, secretAccessKey: a-secret-of-some-length, buckets: ['billing-*', bucket] }
policy: { rules: [{ name: all, encrypt: { keyId: '${KEY}' } }] }
`

/** Exit code and a line of each command of the page, in its order. */
const EXPECTED: readonly (readonly [code: number, line: RegExp])[] = [
  [0, /^encryption: +overridden$/m],
  // The page's presigned URL is cut short.
  [3, /^answer: +4\d\d /m],
  [0, /^key: +"a key"$/m],
  [0, /^operation: +PostObject$/m],
]

/** docs/explain-and-test.md: each command line. */
export const EXPLAIN: Group = {
  name: 'explain',
  pages: [PAGE],
  packages: [],
  check: async (report, shell) => {
    writeFileSync(shell.path('sealgate.yaml'), CONFIGURATION)
    writeFileSync(shell.path('fields.txt'), 'key=up/k\nfile=a.txt\n')
    const [block] = blocksUnder(PAGE, 'Testing the policy: `explain` and `test`', 'sh', 1)
    if (block === undefined) return
    const ends = await shell.attemptLines(block)
    equal(ends.length, EXPECTED.length)
    for (const [i, { line, code, output }] of ends.entries()) {
      await report.check('explain', line, async () => {
        const [expected, pattern] = EXPECTED[i] ?? [0, /./]
        ok(pattern.test(output), output)
        equal(code, expected, output)
      })
    }
  },
}

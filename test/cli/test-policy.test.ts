import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { SOUND } from '../support/load-config.ts'
import { blocksUnder } from '../support/pages.ts'
import { run } from './fake-terminal.ts'

/** Folders of configurations; each has its tables in `tests`. */
const FOLDERS = ['config', 'config/profiles']

t.test('every shipped configuration is sound, has a table, and answers as it says', async (t) => {
  for (const folder of FOLDERS) {
    const shipped = readdirSync(folder).filter((file) => file.endsWith('.yaml'))
    const tables = readdirSync(join(folder, 'tests'))
    t.strictSame(tables.sort(), shipped.map((file) => file.replace('.yaml', '.test.yaml')).sort())
    for (const file of shipped) {
      const { code, stdout, stderr } = await run(['check', '--no-files', join(folder, file)])
      t.equal(code, 0, `${file}\n${stdout}${stderr}`)
    }
    for (const table of tables) {
      const { code, stdout, stderr } = await run(['test', join(folder, 'tests', table)])
      t.equal(code, 0, `${table}\n${stdout}${stderr}`)
      t.match(stdout, /^\d+ passed, 0 failed$/m)
    }
  }
})

t.test("the page's table of requests holds for the shipped gateway", async (t) => {
  const heading = 'A table of requests: `sealgate test`'
  const [table] = blocksUnder('docs/explain-and-test.md', heading, 'yaml', 1)
  const folder = t.testdir({
    'gateway.yaml': readFileSync('config/gateway.yaml', 'utf8'),
    'gateway.test.yaml': table?.text ?? '',
  })
  const { code, stdout, stderr } = await run(['test', join(folder, 'gateway.test.yaml')])
  t.equal(code, 0, stdout + stderr)
  t.match(stdout, '2 passed, 0 failed')
})

t.test('what differs is said, with the answer, and the exit code is 1', async (t) => {
  const { code, stdout } = await run([
    'test',
    join(
      t.testdir({
        'a.yaml': JSON.stringify(SOUND),
        'a.test.yaml': JSON.stringify({
          config: 'a.yaml',
          tests: [
            {
              name: 'not signed',
              request: { method: 'PUT', url: 's3://billing-a/k' },
              expect: { decision: 'allow', rule: 'all' },
            },
            {
              name: 'no such client',
              request: { client: 'nobody', method: 'PUT', url: '/billing-a/k' },
              expect: { decision: 'refuse' },
            },
            {
              name: 'refused as expected',
              request: { method: 'GET', url: '/billing-a/k' },
              expect: { decision: 'refuse', status: 403, reason: 'anonymous' },
            },
          ],
        }),
      }),
      'a.test.yaml',
    ),
  ])
  t.equal(code, 1)
  t.match(stdout, /^FAILED {2}not signed\n {4}decision: expected allow, found refuse$/m)
  t.match(stdout, /^ {4}rule: expected all, found \(none\)$/m)
  t.match(stdout, /^ {4}answer: 403 AccessDenied \(anonymous\): Access Denied$/m)
  t.match(stdout, /^FAILED {2}no such client\n {4}client: the configuration has no client nobody$/m)
  t.match(stdout, /^ok {2}refused as expected\n1 passed, 2 failed$/m)
})

t.test('a table that is not sound exits 2 and names line and column', async (t) => {
  const directory = t.testdir({
    'bad.yaml': 'config: a.yaml\ntests:\n  - name: a\n    request: { methd: PUT, url: /b/k }\n',
    'lost.yaml':
      'config: absent.yaml\ntests:\n  - { name: a, request: { method: PUT, url: /b/k }, expect: { decision: allow } }\n',
  })
  const bad = await run(['test', join(directory, 'bad.yaml')])
  t.equal(bad.code, 2)
  t.match(
    bad.stderr,
    /bad\.yaml:4:16: tests\[0\]\.request\.methd: unknown key; did you mean method\?/,
  )
  t.match(bad.stderr, /tests\[0\]\.expect: is missing/)
  const lost = await run(['test', join(directory, 'lost.yaml')])
  t.match(lost, { code: 2, stderr: /absent\.yaml: cannot read the file: no such file/ })
  t.match(await run(['test', join(directory, 'absent')]), { code: 2, stderr: /absent/ })
  t.equal((await run(['test'])).code, 2)
})

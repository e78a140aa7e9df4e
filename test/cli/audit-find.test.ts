import t from 'tap'
import { StreamFile } from '../support/make-trail.ts'
import { KEY_ARN, RequestWriter } from '../support/report-trail.ts'
import { run } from './fake-terminal.ts'

const OBJECT = { bucket: 'b', key: 'a "key"' } as const
const FIND = ['--bucket', OBJECT.bucket, '--key', OBJECT.key] as const
const OTHER = { algorithm: 'aws:kms', keyId: 'other' } as const

function trail(directory: string): RequestWriter {
  return new RequestWriter(new StreamFile(directory, 'one'))
}

async function found(directory: string, more: readonly string[] = []) {
  const { code, stdout } = await run([
    'audit',
    'find',
    directory,
    ...FIND,
    ...more,
    '--format',
    'json',
  ])
  t.equal(code, 0)
  return JSON.parse(stdout)
}

t.test(
  'every line of an object, newest first, and the key of the newest that stored it',
  async (t) => {
    const directory = t.testdir()
    const requests = trail(directory)
    const first = requests.write({ ...OBJECT, write: 'sealed', versionId: 'v1' })
    requests.write({ ...OBJECT, bucket: 'c', write: 'sealed' })
    requests.write({ bucket: 'b', key: 'other', write: 'sealed' })
    const moved = { operation: 'CopyObject', confirmedEncryption: OTHER, versionId: 'v2' }
    const second = requests.write({ ...OBJECT, ...moved, write: 'sealed' })
    requests.write({ ...OBJECT, write: 'refused', status: 403, decision: 'deny' })
    const read = requests.write({ ...OBJECT, operation: 'GetObject', read: 'policy' })
    const { now, lines } = await found(directory)
    t.match(
      lines.map(({ requestId }: { requestId: string }) => requestId),
      [read, /./, second, first],
    )
    t.match(now, { kind: 'written', key: 'other', uncertain: 0, line: { requestId: second } })
    t.match(await found(directory, ['--version-id', 'v1']), {
      now: { kind: 'written', key: KEY_ARN },
      lines: [{ requestId: first }],
    })
    const { stdout } = await run(['audit', 'find', directory, ...FIND])
    t.match(stdout, `Object  b/a "key"\nNow     under other (sealed): CopyObject at `)
    t.match(stdout, 'a write or deletion around it is not in this trail')
  },
)

t.test('a deletion, and writes whose end nobody knows', async (t) => {
  const directory = t.testdir()
  const requests = trail(directory)
  requests.write({ ...OBJECT, write: 'sealed' })
  requests.write({ ...OBJECT, write: 'failed', status: 503 })
  requests.write({ ...OBJECT, write: 'failed', status: 404 })
  t.match(await found(directory), { now: { kind: 'written', uncertain: 1 } })
  requests.write({ ...OBJECT, operation: 'DeleteObject', status: 204 })
  t.match(await found(directory), { now: { kind: 'deleted' } })
  requests.write({
    ...OBJECT,
    operation: 'UpdateObjectEncryption',
    write: 'unconfirmed',
    confirmedEncryption: undefined,
  })
  t.match(await found(directory), { now: { kind: 'written', key: '(S3 named none)' } })
})

t.test('the deletion of an older version leaves the newest one', async (t) => {
  const directory = t.testdir()
  const requests = trail(directory)
  requests.write({ ...OBJECT, write: 'sealed', versionId: 'v1' })
  const newest = requests.write({ ...OBJECT, write: 'sealed', versionId: 'v2' })
  requests.write({ ...OBJECT, operation: 'DeleteObject', status: 204, versionId: 'v1' })
  t.match(await found(directory), { now: { kind: 'written', line: { requestId: newest } } })
  // The version that a line names here is the marker's.
  requests.write({ ...OBJECT, operation: 'DeleteObject', status: 204, versionId: 'marker' })
  t.match(await found(directory), { now: { kind: 'deleted' } })
})

t.test('writes whose end nobody knows are counted behind the newest that is known', async (t) => {
  const directory = t.testdir()
  const requests = trail(directory)
  for (let i = 0; i < 1000; i++) requests.write({ ...OBJECT, write: 'failed', status: 503 })
  requests.write({ ...OBJECT, write: 'sealed' })
  requests.write({ ...OBJECT, write: 'failed', status: 503 })
  t.match(await found(directory), { now: { kind: 'written', uncertain: 1 } })
})

t.test('an object without a line', async (t) => {
  const directory = t.testdir()
  trail(directory)
  const { code, stdout } = await run(['audit', 'find', directory, ...FIND])
  t.equal(code, 1)
  t.match(stdout, 'Now     not known')
  t.equal((await run(['audit', 'find', directory, '--bucket', 'b'])).code, 2)
})

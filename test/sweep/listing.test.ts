import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import {
  type ListedVersion,
  type ListingPosition,
  type ListingScope,
  listPage,
} from '../../src/sweep/listing.ts'
import { askS3, type S3Link } from '../../src/sweep/s3-request.ts'
import { openLink, type TestLink } from './s3-link.ts'

/** Keys that XML, URLs and listings treat in their own way, in S3's order. */
const KEYS = [
  '\u0001control',
  ' blank',
  '%41',
  '&amp;',
  '+plus',
  './dot',
  '//slashes',
  '<tag>',
  'A%2fB',
  'a',
  'a b',
  'a+b',
  'z\r\n',
  '\u007f',
  'ü',
  '\ufeffbom',
  '\uffff',
  '😀',
]

t.test('listings against the embedded S3', async (t) => {
  const s3 = await startSandbox({ buckets: ['bucket'] })
  const link = openLink(s3.port)
  t.teardown(() => Promise.all([link.close(), s3.close()]))
  for (const key of KEYS) await put(link, key)

  t.test('every key comes back as it was written, in pages of any size', async (t) => {
    for (const entriesMax of [1, 2, 5, 1000]) {
      const current = await listAll(link, scope('current'), entriesMax)
      t.strictSame(
        current.map(({ key }) => key),
        KEYS,
      )
      const all = await listAll(link, scope('all'), entriesMax)
      t.strictSame(
        all.map(({ key, versionId }) => [key, versionId]),
        KEYS.map((key) => [key, 'null']),
      )
    }
  })

  t.test('versions and delete markers come newest first, and a position is enough', async (t) => {
    const status = '<Status>Enabled</Status>'
    const body = Buffer.from(`<VersioningConfiguration>${status}</VersioningConfiguration>`)
    const query = [{ name: 'versioning', value: '' }]
    await askS3(link, { method: 'PUT', bucket: 'bucket', query, body })
    await put(link, 'a')
    await put(link, 'a')
    await askS3(link, { method: 'DELETE', bucket: 'bucket', key: 'a' })
    const expected = s3.versions('bucket').map(({ key, versionId }) => [key, versionId])
    for (const entriesMax of [1, 3, 1000]) {
      const all = await listAll(link, scope('all'), entriesMax)
      t.strictSame(
        all.map(({ key, versionId }) => [key, versionId]),
        expected,
      )
      t.strictSame(
        all.filter(({ key }) => key === 'a').map(({ kind, isLatest }) => [kind, isLatest]),
        [
          ['delete-marker', true],
          ['object', false],
          ['object', false],
          ['object', false],
        ],
      )
    }
  })

  t.test('a missing bucket is a failure in words', async (t) => {
    const page = await listPage(link, { ...scope('all'), bucket: 'missing' }, undefined)
    t.match(page, { ok: false, error: /^S3 answers 404 NoSuchBucket: .* \(request id \w+\)$/ })
  })
})

for (const [name, document, from, prefix = ''] of [
  ['a page that repeats its position', page(['b'], true), { key: 'b', versionId: undefined }],
  ['a page that goes back', page(['a'], false), { key: 'b', versionId: undefined }],
  ['a key twice', page(['a', 'a'], false), undefined],
  ['keys out of order', page(['b', 'a'], false), undefined],
  ['a truncated page without keys', page([], true), undefined],
  ['a page that does not say whether it is the last', '<ListBucketResult/>', undefined],
  ['a key outside of the prefix', page(['%2e'], false), undefined, 'p'],
  ['a page without its end', page(['a'], false).slice(0, -5), undefined],
  ['another document', '<Error><Code>InternalError</Code></Error>', undefined],
] as const) {
  t.test(`${name} ends the listing with a failure`, async (t) => {
    const link = await standIn(t, (response) => response.end(document))
    const listed = await listPage(link, { ...scope('current'), prefix }, from)
    t.match(listed, { ok: false, error: /^S3 / })
  })
}

t.test('a key that is not UTF-8 is reported, and the page goes on', async (t) => {
  const link = await standIn(t, (response) => response.end(page(['a', '%ff', 'b'], false)))
  const listed = await listPage(link, scope('current'), undefined)
  t.match(listed, { ok: true, value: { unreadable: ['%ff'], next: undefined } })
  t.strictSame(listed.ok && listed.value.entries.map(({ key }) => key), ['a', 'b'])
})

t.test('versions of one key that come again are a failure', async (t) => {
  const versions = ['v1', 'v2', 'v1'].map(version).join('')
  const document = `<ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>${versions}</ListVersionsResult>`
  const link = await standIn(t, (response) => response.end(document))
  t.match(await listPage(link, scope('all'), undefined), { ok: false })
  const from = { key: 'k', versionId: 'v1' }
  t.match(await listPage(link, scope('all'), from), { ok: false })
})

t.test('an answer that is too long, and one that breaks, are failures', async (t) => {
  const long = await standIn(t, (response) => response.end(Buffer.alloc(9 * 1024 * 1024, 32)))
  t.match(await listPage(long, scope('current'), undefined), { ok: false })
  const broken = await standIn(t, (response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('<ListBucketResult>')
    setImmediate(() => response.destroy())
  })
  t.match(await listPage(broken, scope('current'), undefined), { ok: false })
})

t.test('a stopped link sends nothing', async (t) => {
  const link = openLink(1, AbortSignal.abort())
  t.teardown(() => link.close())
  t.strictSame(await askS3(link, { method: 'GET', bucket: 'bucket' }), {
    kind: 'unanswered',
    reason: 'stopped before it was sent',
  })
})

t.test('an error document behind a 200 is a refusal, whatever precedes it', async (t) => {
  const link = await standIn(t, (response) => {
    const error = '<Error><Code>KMS.DisabledException</Code><Message>Off</Message></Error>'
    response.end(`<?xml version="1.0" encoding="UTF-8"?>\n   \n  ${error}\n`)
  })
  const question = { method: 'PUT', bucket: 'bucket', key: 'key' } as const
  t.match(await askS3(link, question), {
    kind: 'refused',
    status: 200,
    code: 'KMS.DisabledException',
    message: 'Off',
  })
  t.match(await askS3(link, { ...question, method: 'GET' }), { kind: 'answer' })
})

function scope(versions: ListingScope['versions']): ListingScope {
  return { bucket: 'bucket', prefix: '', versions }
}

async function put(link: S3Link, key: string): Promise<void> {
  const body = Buffer.from(key)
  const reply = await askS3(link, { method: 'PUT', bucket: 'bucket', key, body })
  if (reply.kind !== 'answer') throw new Error(JSON.stringify({ key, reply }))
}

async function listAll(
  link: S3Link,
  what: ListingScope,
  entriesMax: number,
): Promise<readonly ListedVersion[]> {
  const entries: ListedVersion[] = []
  let from: ListingPosition | undefined
  for (;;) {
    const listed = await listPage(link, what, from, entriesMax)
    if (!listed.ok) throw new Error(listed.error)
    entries.push(...listed.value.entries)
    from = listed.value.next
    if (from === undefined) return entries
  }
}

function page(keys: readonly string[], isTruncated: boolean): string {
  const contents = keys.map(
    (key) =>
      `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>1</Size></Contents>`,
  )
  return `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${isTruncated}</IsTruncated>${contents.join('')}</ListBucketResult>`
}

function version(id: string): string {
  return `<Version><Key>k</Key><VersionId>${id}</VersionId><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>1</Size></Version>`
}

async function standIn(t: Test, answer: (response: ServerResponse) => void): Promise<TestLink> {
  const server = createServer((request, response) => {
    request.resume()
    answer(response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const link = openLink(port)
  t.teardown(async () => {
    await link.close()
    server.closeAllConnections()
    server.close()
  })
  return link
}

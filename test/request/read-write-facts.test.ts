import t from 'tap'
import type { FormContent } from '../../src/request/read-request.ts'
import { readWriteFacts } from '../../src/request/read-write-facts.ts'
import { type OperationName, operationByName } from '../../src/s3/operation.ts'

const PLAIN = {
  headers: [],
  form: undefined,
  copySource: undefined,
  payload: { kind: 'unsigned' },
  operation: operationByName('PutObject'),
} as const
const plan = { kind: 'form', boundary: 'x', bytes: 1 } as const

function formOf(...fields: readonly (readonly [string, string])[]): FormContent {
  return {
    fields: fields.map(([name, value]) => ({ name, key: name.toLowerCase(), value })),
    authentication: undefined,
    fileContentType: undefined,
    plan,
  }
}

t.test('headers say what is written, each of them', async (t) => {
  const headers = [
    ...['x-amz-acl', 'private', 'x-amz-acl', ' public-read '],
    ...['x-amz-grant-read', 'a', 'x-amz-grant-later', 'b'],
    ...['x-amz-storage-class', 'GLACIER', 'acl', 'public-read'],
  ]
  t.match(readWriteFacts({ ...PLAIN, headers }), {
    acls: ['private', 'public-read'],
    grants: ['a', 'b'],
    storageClasses: ['GLACIER'],
  })
})

t.test('the fields of a form say it instead of its head', async (t) => {
  const headers = ['x-amz-acl', 'private', 'x-amz-storage-class', 'GLACIER']
  const form = formOf(['ACL', 'public-read'], ['x-amz-acl', 'private'], ['X-Amz-Grant-Read', 'a'])
  t.match(readWriteFacts({ ...PLAIN, headers, form }), {
    acls: ['public-read', 'private'],
    grants: ['a'],
    storageClasses: [],
  })
})

t.test('the length is the one that the framing enforces', async (t) => {
  const headers = ['content-length', '300', 'x-amz-decoded-content-length', '200']
  const chunked = { kind: 'chunked', framing: 'signed' } as const
  t.equal(readWriteFacts({ ...PLAIN, headers }).bytes, 300)
  t.equal(readWriteFacts({ ...PLAIN, headers, payload: chunked }).bytes, 200)
  t.equal(readWriteFacts(PLAIN).bytes, undefined)
  const of = (name: OperationName) => ({ ...PLAIN, operation: operationByName(name) })
  t.equal(readWriteFacts({ ...of('PostObject'), headers, form: formOf() }).bytes, undefined)
  t.equal(readWriteFacts({ ...of('CompleteMultipartUpload'), headers }).bytes, undefined)
  const stated = ['x-amz-mp-object-size', '7', ...headers]
  t.equal(readWriteFacts({ ...of('CompleteMultipartUpload'), headers: stated }).bytes, 7)
  const copySource = { bucket: 'b', key: 'k', versionId: undefined }
  const ranged = ['content-length', '0', 'x-amz-copy-source-range', 'bytes=10-19']
  t.equal(readWriteFacts({ ...PLAIN, headers: ranged, copySource }).bytes, 10)
  t.equal(readWriteFacts({ ...PLAIN, headers, copySource }).bytes, undefined)
})

t.test('a checksum counts if it can be one, in a header or announced as a trailer', async (t) => {
  const crc = ['x-amz-checksum-crc32', 'AAAAAA==']
  const md5 = ['content-md5', '1B2M2Y8AsgTpgAmY7PhCfg==']
  const checksums = (headers: readonly string[], form?: FormContent) =>
    readWriteFacts({ ...PLAIN, headers, form }).checksums
  t.strictSame(checksums([...crc, ...md5]), ['CRC32', 'Content-MD5'])
  t.strictSame(checksums(['x-amz-trailer', 'x-amz-checksum-crc64nvme']), ['CRC64NVME'])
  for (const [name, value] of [
    ['x-amz-checksum-crc32', ''],
    ['x-amz-checksum-crc32', 'AAAA'],
    ['x-amz-checksum-algorithm', 'CRC32'],
    ['x-amz-checksum-type', 'COMPOSITE'],
    ['x-amz-checksum-newly', 'AAAAAA=='],
    ['x-amz-trailer', 'x-amz-meta-a'],
    ['content-md5', 'x'],
  ] as const) {
    t.strictSame(checksums([name, value]), [], `${name}: ${value}`)
  }
  const trailer = ['x-amz-trailer', 'x-amz-checksum-crc32'] as const
  t.strictSame(checksums([], formOf(trailer)), [], 'a form has no trailers')
  t.strictSame(checksums([], formOf(['Content-MD5', md5[1] ?? ''])), ['Content-MD5'])
})

t.test(
  'tags are those of the header, the document of a form, or the source of a copy',
  async (t) => {
    const copySource = { bucket: 'b', key: 'k', versionId: undefined }
    const tagging = ['x-amz-tagging', 'team=a']
    const tags = (headers: readonly string[], more = {}) => {
      const read = readWriteFacts({ ...PLAIN, headers, ...more }).tags
      return typeof read === 'string' ? read : Object.fromEntries(read)
    }
    t.strictSame(tags(tagging), { team: 'a' })
    t.strictSame(tags([]), {})
    t.equal(tags(['x-amz-tagging', 'a=1&a=2']), 'unreadable')
    t.equal(tags([...tagging, ...tagging]), 'unreadable')
    t.equal(tags(tagging, { copySource }), 'source')
    const directive = (value: string) => ['x-amz-tagging-directive', value]
    t.equal(tags([...tagging, ...directive('COPY')], { copySource }), 'source')
    t.equal(tags([...tagging, ...directive('replace')], { copySource }), 'source')
    t.strictSame(tags([...tagging, ...directive('REPLACE')], { copySource }), { team: 'a' })
    t.strictSame(tags(directive('REPLACE'), { copySource }), {})
    const document =
      '<Tagging><TagSet><Tag><Key>team</Key><Value>b</Value></Tag></TagSet></Tagging>'
    t.strictSame(tags(tagging, { form: formOf(['tagging', document]) }), { team: 'b' })
    t.strictSame(tags(tagging, { form: formOf() }), {}, 'the head of a form says nothing')
    t.equal(tags([], { form: formOf(['tagging', 'team=b']) }), 'unreadable')
    const both = formOf(['tagging', document], ['x-amz-tagging', 'team=a'])
    t.equal(tags([], { form: both }), 'unreadable')
  },
)

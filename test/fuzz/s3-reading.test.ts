import { readFileSync } from 'node:fs'
import t from 'tap'
import { readS3Request, type S3Reading } from './s3-reading.ts'
import type { WireRequest } from './wire-reading.ts'

interface Row {
  readonly name: string
  readonly method: string
  readonly level: 'service' | 'bucket' | 'object'
  readonly selectors: {
    readonly query: Readonly<Record<string, string | null>>
    readonly requiredQueryParams: readonly string[]
    readonly requiredHeaders: readonly string[]
  }
  readonly uploadClass: boolean
  readonly encryptionRole: string
  readonly deprecated: boolean
}

const TABLE: { readonly operations: readonly Row[] } = JSON.parse(
  readFileSync('test/fixtures/s3-operations.json', 'utf8'),
)

function read(
  method: string,
  target: string,
  fields: readonly (readonly [string, string])[] = [],
): S3Reading {
  const request: WireRequest = {
    method,
    target,
    version: 'HTTP/1.1',
    fields: [['Host', 's3.test'] as const, ...fields].map(([name, value]) => ({ name, value })),
    body: Buffer.alloc(0),
    isWhole: true,
  }
  return readS3Request(request, { hosts: ['s3.test'] })
}

function kindOf(reading: S3Reading): string {
  return reading.kind === 'read' ? reading.request.kind : reading.kind
}

const PATHS = { service: '/', bucket: '/bucket', object: '/bucket/k' } as const

/** Not by its role: shut because it is another endpoint's, or streams data out of it. */
const ALSO_CLOSED = ['SelectObjectContent', 'ListDirectoryBuckets']
const CLOSED_ROLES = [
  ...['mutates', 'session-default', 'moves', 'inherits-object', 'indirect-write'],
  'bucket-default',
]
const OPEN_ALL_THE_SAME = ['CreateBucket', 'RestoreObject']

for (const row of TABLE.operations) {
  t.test(`${row.name} is read as AWS's models have it`, async (t) => {
    const { query, requiredQueryParams, requiredHeaders } = row.selectors
    const parameters = [
      ...Object.entries(query).map(([name, value]) => (value === null ? name : `${name}=${value}`)),
      ...requiredQueryParams.map((name) => `${name}=1`),
      ...(row.name === 'ListDirectoryBuckets' ? ['max-directory-buckets=1'] : []),
    ]
    const text = [...new Set(parameters)].join('&')
    const form = row.name === 'PostObject' ? ['content-type'] : []
    const fields = [...requiredHeaders, ...form].map(
      (name) => [name, form.includes(name) ? 'multipart/form-data; boundary=b' : '/b/k'] as const,
    )
    const reading = read(row.method, `${PATHS[row.level]}${text === '' ? '' : `?${text}`}`, fields)
    const isClosed =
      ALSO_CLOSED.includes(row.name) ||
      (CLOSED_ROLES.includes(row.encryptionRole) && !OPEN_ALL_THE_SAME.includes(row.name))
    if (row.name === 'WriteGetObjectResponse') t.equal(kindOf(reading), 'unreadable')
    else if (row.uploadClass) t.equal(kindOf(reading), 'upload')
    else if (isClosed) t.equal(kindOf(reading), 'closed')
    else t.match(kindOf(reading), /^(read|part|other)$/)
  })
}

const UNREADABLE: readonly (readonly [string, string])[] = [
  ['PUT', '/bucket/k?acl&uploads'],
  ['PUT', '/bucket/k?partNumber=1'],
  ['PUT', '/bucket/k?uploadId=u'],
  ['PUT', '/bucket/k?partNumber=1&partNumber=1&uploadId=u'],
  ['PUT', '/bucket/k?tagging&uploadId=u'],
  ['POST', '/bucket/k'],
  ['POST', '/bucket/k?partNumber=1&uploadId=u'],
  ['PUT', '/bucket/k?uploads'],
  ['PATCH', '/bucket/k'],
  ['GET', 'http://s3.test/bucket/k'],
  ['GET', '//bucket/k'],
  ['GET', '/bucket%2Fk'],
  ['GET', '/bucket/%zz'],
  ['GET', '/bucket/%00'],
  ['GET', '/bucket/%ff'],
  ['GET', '/bucket/k?a=%zz'],
  ['GET', '/bucket/k#f'],
]

for (const [method, target] of UNREADABLE) {
  t.test(`${method} ${target} is nothing`, async (t) => {
    t.equal(kindOf(read(method, target)), 'unreadable')
  })
}

t.test('encoded names select all the same', async (t) => {
  t.equal(kindOf(read('PUT', '/bucket/k?encryptio%6E')), 'closed')
  t.match(read('POST', '/bucket/k?upload%73='), { request: { operation: 'POST object?uploads' } })
  t.match(read('PUT', '/bucket/k?UPLOADS'), { request: { operation: 'PUT object' } })
})

t.test('the bucket stands in the path or in the host', async (t) => {
  t.match(read('GET', '/bucket/a%2Fb'), { request: { bucket: 'bucket', key: 'a/b' } })
  t.match(read('GET', '/bucket/../k'), { request: { bucket: 'bucket', key: '../k' } })
  t.match(read('GET', '/bucket/a+b'), { request: { key: 'a+b', otherKey: 'a b' } })
  const request: WireRequest = {
    ...{ method: 'GET', target: '/k', version: 'HTTP/1.1', body: Buffer.alloc(0), isWhole: true },
    fields: [{ name: 'host', value: 'a.b.S3.test.:80' }],
  }
  t.match(readS3Request(request, { hosts: ['s3.test'] }), { request: { bucket: 'a.b', key: 'k' } })
})

t.test('a presigned URL carries headers', async (t) => {
  const reading = read('PUT', '/bucket/k?X-Amz-Copy-Source=other%2Fk&X-Amz-Signature=0')
  t.match(reading, { request: { operation: 'PUT object+copy', parameters: [] } })
  t.equal(kindOf(read('PUT', '/bucket/k?X-Amz-Copy-Source=other%2Fk')), 'upload')
})

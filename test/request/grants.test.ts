import fc from 'fast-check'
import t from 'tap'
import { fieldValue } from '../../src/body/form-fields.ts'
import { compilePattern, matchesAny } from '../../src/policy/pattern.ts'
import { type Grants, refusedByGrants, refusedDeletion } from '../../src/request/grants.ts'
import { readRequest, type S3Request } from '../../src/request/read-request.ts'
import { OPERATIONS, type OperationName, operationByName } from '../../src/s3/operation.ts'
import { ACCESS_CLASSES, type AccessClass } from '../../src/s3/operation-table.ts'
import { canonicalQuery } from '../../src/s3/query.ts'

const HOST = 's3.corp.example'
const POINT = 'arn:aws:s3:eu-central-1:111122223333:accesspoint:point'
const DEFAULT: readonly AccessClass[] = ['read', 'write', 'delete', 'list', 'create']

interface Given {
  readonly buckets?: readonly string[]
  readonly prefixes?: readonly string[]
  readonly allow?: readonly AccessClass[]
}

function grantsOf({ buckets = ['*'], prefixes = [''], allow = ACCESS_CLASSES }: Given): Grants {
  return { buckets: buckets.map(compilePattern), prefixes, allow }
}

function parse(method: string, target: string, headers: readonly string[] = []): S3Request {
  const all = ['host', HOST, ...headers]
  const request = readRequest(method, target, all, [HOST], new Set([POINT]))
  if (!request.ok) throw new Error(`${method} ${target}: ${request.error.message}`)
  return request.value
}

function verdict(given: Given, request: S3Request): string {
  const { reason, message } = refusedByGrants(grantsOf(given), request) ?? {}
  return reason === undefined ? 'allowed' : `${reason}: ${message}`
}

const IN = { prefixes: ['in/', 'tmp/a'] }

const KEYS: readonly (readonly [
  string,
  S3Request,
  'allowed' | 'key-not-allowed' | 'copy-source',
])[] = [
  ['a key', parse('GET', '/box/in/k'), 'allowed'],
  ['another prefix', parse('PUT', '/box/tmp/abc', ['content-length', '0']), 'allowed'],
  ['a prefix alone', parse('GET', '/box/in/'), 'allowed'],
  ['a key before', parse('GET', '/box/in'), 'key-not-allowed'],
  ['a key beside', parse('DELETE', '/box/out/k'), 'key-not-allowed'],
  ['another case', parse('GET', '/box/IN/k'), 'key-not-allowed'],
  ['a slash before', parse('GET', '/box//in/k'), 'key-not-allowed'],
  ['dots', parse('GET', '/box/in/../out/k'), 'key-not-allowed'],
  ['escaped dots', parse('GET', '/box/in/%2e%2e/out/k'), 'key-not-allowed'],
  ['a dot at the end', parse('GET', '/box/in/x/.'), 'key-not-allowed'],
  ['dots in a name', parse('GET', '/box/in/..x/..y.'), 'allowed'],
  ['a bucket’s head', parse('HEAD', '/box'), 'allowed'],
  ['a bucket’s location', parse('GET', '/box?location'), 'allowed'],
  ['a list of all', parse('GET', '/box?list-type=2'), 'key-not-allowed'],
  ['a list with a delimiter', parse('GET', '/box?delimiter=/'), 'key-not-allowed'],
  ['a list of more', parse('GET', '/box?list-type=2&prefix=i'), 'key-not-allowed'],
  ['a list of another', parse('GET', '/box?versions&prefix=out/'), 'key-not-allowed'],
  ['a list from there on', parse('GET', '/box?list-type=2&start-after=in/'), 'key-not-allowed'],
  ['a list of dots', parse('GET', '/box?prefix=in/../'), 'key-not-allowed'],
  ['its list', parse('GET', '/box?list-type=2&prefix=in/&delimiter=/&start-after=a'), 'allowed'],
  ['its versions', parse('GET', '/box?versions&prefix=in/x&key-marker=z'), 'allowed'],
  ['its uploads', parse('GET', '/box?uploads&prefix=tmp/a'), 'allowed'],
  ['all uploads', parse('GET', '/box?uploads'), 'key-not-allowed'],
  ['parts of another', parse('GET', '/box/out?uploadId=1'), 'key-not-allowed'],
  ['a copy', copy('/box/in/x'), 'allowed'],
  ['a copy of another', copy('/box/out/x'), 'copy-source'],
  ['an escaped copy', copy('box%2Fout%2Fx'), 'copy-source'],
  ['a copy from dots', copy('/box/in/../x'), 'copy-source'],
  ['a copy by ARN', copy(`${POINT}/in/x`), 'copy-source'],
  ['a part copied', part('/box/out/x'), 'copy-source'],
  ['a lifecycle', parse('PUT', '/box?lifecycle'), 'key-not-allowed'],
  ['the end of the bucket', parse('DELETE', '/box'), 'key-not-allowed'],
  ['a session', parse('GET', '/box?session'), 'key-not-allowed'],
  [
    'a new name',
    parse('PUT', '/box/in/y?renameObject', ['x-amz-rename-source', '/in/x']),
    'key-not-allowed',
  ],
]

function copy(source: string): S3Request {
  return parse('PUT', '/box/in/y', ['x-amz-copy-source', source])
}

function part(source: string): S3Request {
  return parse('PUT', '/box/in/y?partNumber=1&uploadId=u', ['x-amz-copy-source', source])
}

for (const [name, request, expected] of KEYS) {
  t.test(`a client with prefixes, ${name}: ${expected}`, async (t) => {
    t.ok(verdict(IN, request).startsWith(expected), verdict(IN, request))
    t.equal(verdict({}, request), 'allowed', 'without prefixes')
  })
}

t.test('a client may use what is of its classes', async (t) => {
  for (const operation of OPERATIONS) {
    const request = { ...parse('GET', '/box/k'), operation }
    for (const allow of ACCESS_CLASSES) {
      const isAllowed = verdict({ allow: [allow] }, request) === 'allowed'
      const isOnly = operation.encryptionRole !== 'moves'
      t.equal(isAllowed, allow === operation.access && isOnly, `${operation.name} ${allow}`)
    }
  }
})

t.test('settings of buckets and ACLs need configure, which is no default', async (t) => {
  const given = { allow: DEFAULT }
  for (const target of ['policy', 'acl', 'cors', 'lifecycle', 'versioning', 'publicAccessBlock']) {
    const refused = verdict(given, parse('PUT', `/box?${target}`))
    t.match(refused, /^access-not-allowed: .* it lacks the class configure/, target)
  }
  t.match(verdict(given, parse('PUT', '/box/k?acl')), /configure/)
  const put = (name: string, value: string) =>
    verdict(given, parse('PUT', '/box/k', ['content-length', '0', name, value]))
  for (const acl of ['public-read', 'public-read-write', 'authenticated-read', 'PRIVATE', '']) {
    t.match(put('x-amz-acl', acl), /configure/, acl)
  }
  for (const acl of ['private', 'bucket-owner-read', 'bucket-owner-full-control']) {
    t.equal(put('x-amz-acl', acl), 'allowed', acl)
  }
  t.match(put('x-amz-grant-read', 'uri="x"'), /configure/)
  t.match(verdict(given, parse('PUT', '/new', ['x-amz-acl', 'public-read'])), /configure/)
  t.match(
    verdict(
      given,
      parse(
        'PUT',
        '/box/k?x-amz-acl=public-read&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=SGAPP0000000000001%2F20260115%2Feu-central-1%2Fs3%2Faws4_request&X-Amz-Date=20260115T120000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=00',
      ),
    ),
    /configure/,
    'in a presigned URL',
  )
  const form = (name: string, value: string) => {
    const field = { name, key: name.toLowerCase(), value }
    const request = parse('POST', '/box', ['content-type', 'multipart/form-data; boundary=x'])
    const plan = { kind: 'form', boundary: 'x', bytes: 1 } as const
    const content = { fields: [field], authentication: undefined, fileContentType: undefined, plan }
    return verdict(given, { ...request, form: content })
  }
  t.match(form('ACL', 'public-read'), /configure/)
  t.match(form('x-amz-grant-read', 'uri="x"'), /configure/)
  t.equal(form('acl', 'private'), 'allowed')
})

t.test('a copy reads its source, a new name also deletes', async (t) => {
  t.match(verdict({ allow: ['write'] }, copy('/box/x')), /lacks the class read/)
  t.equal(verdict({ allow: ['write', 'read'] }, copy('/box/x')), 'allowed')
  const renamed = parse('PUT', '/box/y?renameObject', ['x-amz-rename-source', '/x'])
  t.match(verdict({ allow: ['write', 'read'] }, renamed), /lacks the class delete/)
})

t.test(
  'the list of buckets is for every client that may list, other answers are not',
  async (t) => {
    const some = { buckets: ['app-*'] }
    t.equal(verdict(some, parse('GET', '/')), 'allowed')
    t.match(verdict({ ...some, allow: ['read'] }, parse('GET', '/')), /^access-not-allowed/)
    t.match(verdict(some, parse('GET', '/?max-directory-buckets=1')), /^bucket-not-allowed/)
  },
)

const LIST = '<Delete><Object><Key>in/a</Key></Object><Object><Key>KEY</Key></Object></Delete>'

t.test('each key of a list to delete must be the client’s', async (t) => {
  const reasonOf = (document: string | Buffer, given: Given = IN) =>
    refusedDeletion(grantsOf(given), Buffer.from(document))?.reason ?? 'allowed'
  t.equal(reasonOf(LIST.replace('KEY', 'in/b')), 'allowed')
  t.equal(reasonOf(LIST.replace('KEY', 'out/b')), 'key-not-allowed')
  t.equal(reasonOf(LIST.replace('KEY', 'in/../b')), 'key-not-allowed')
  t.equal(reasonOf(LIST.replace('KEY', '&#105;n/b')), 'allowed', 'entities are read')
  t.equal(reasonOf(LIST.replace('KEY', ' in/b')), 'key-not-allowed')
  t.equal(reasonOf(LIST.replace('KEY', 'out/b'), {}), 'allowed', 'without prefixes')
  t.equal(refusedDeletion(grantsOf(IN), 'streamed')?.reason, 'body-too-large')
  const valid = LIST.replace('KEY', 'in/b')
  for (const unusual of [
    valid.replace('<Key>in/b', '<Key>in/b</Key><Key>out/b'),
    valid.replace('<Key>in/b', '<Key xmlns:a=">in/b">out/b'),
    valid.replace('<Key>in/b', "<Key xmlns:a='>in/b'>out/b"),
    valid.replace('in/b', '<![CDATA[out/b]]>'),
    valid.replace('<Object>', '<!-- x --><Object>'),
    `<!DOCTYPE Delete>${valid}`,
    `<?xml version="1.0" encoding="UTF-7"?>${valid}`,
    `<?xml version="1.0" encoding="utf-16"?>${valid}`,
    `<?xml version="1.0" encoding=utf-8 ?>${valid}`,
    `${valid}<Delete/>`,
    Buffer.from(valid.replace('in/b', 'in/\xff'), 'latin1'),
    Buffer.from(valid, 'utf16le'),
    '',
  ]) {
    t.equal(reasonOf(unusual), 'xml-malformed', String(unusual))
  }
  t.equal(reasonOf(`<?xml version="1.0" encoding="UTF-8"?>\n${valid}`), 'allowed')
})

/** Written from S3's reference, without the code under test: what a request touches. */
function touches(request: S3Request, key: string, prefix: string | undefined, source?: string) {
  const { level, name } = operationByName(request.operation.name)
  const keys = level === 'object' ? [key] : []
  const lists = /^ListObjects|^ListObjectVersions$|^ListMultipartUploads$/.test(name)
  if (lists) keys.push(prefix ?? '')
  if (source !== undefined) keys.push(source)
  return keys
}

t.test('no client reaches a key outside of its buckets, prefixes and classes', async (t) => {
  const text = fc.constantFrom('in/', 'in/x', 'in', 'out/x', 'i', '', 'in/../x', 'tmp/', 'a b+c')
  const bucket = fc.constantFrom('app-a', 'app-b', 'other')
  const names = fc.constantFrom(
    ...OPERATIONS.filter(({ deprecated }) => !deprecated).map((o) => o.name),
  )
  const given = fc.record({
    buckets: fc.constantFrom(['app-*'], ['*'], ['app-a']),
    prefixes: fc.constantFrom<readonly string[]>([''], ['in/'], ['in/', 'tmp/']),
    allow: fc.subarray([...ACCESS_CLASSES]),
  })
  fc.assert(
    fc.property(
      names,
      bucket,
      text,
      fc.option(text, { nil: undefined }),
      fc.record({ bucket, key: text }),
      given,
      (name, bucket, key, prefix, source, given) => {
        const request = build(name, bucket, key === '' ? 'k' : key, prefix, source)
        if (request === undefined) return
        const grants = grantsOf(given)
        if (refusedByGrants(grants, request) !== undefined) return
        const overreach = findOverreach(request, given, key === '' ? 'k' : key, prefix)
        if (overreach !== undefined) throw new Error(overreach)
      },
    ),
    { numRuns: 3000 },
  )
  t.pass('no counterexample')
})

/** What of a request that is allowed is beyond the grants. */
function findOverreach(
  request: S3Request,
  given: Required<Given>,
  key: string,
  prefix: string | undefined,
): string | undefined {
  const { resource, operation, copySource } = request
  const patterns = given.buckets.map(compilePattern)
  const buckets = [resource.bucket, copySource?.bucket].filter((name) => name !== undefined)
  const keys = touches(request, key, prefix, copySource?.key)
  return [
    ...keys.filter((one) => !isInside(one, given.prefixes)),
    ...buckets.filter((name) => !matchesAny(patterns, name)),
    ...(given.allow.includes(operation.access) ? [] : [operation.access]),
  ][0]
}

function isInside(key: string, prefixes: readonly string[]): boolean {
  if (prefixes.includes('')) return true
  return prefixes.some((begin) => key.startsWith(begin)) && !key.split('/').includes('..')
}

/** A request for the operation; undefined if the parts do not make one. */
function build(
  name: OperationName,
  bucket: string,
  key: string,
  prefix: string | undefined,
  source: { readonly bucket: string; readonly key: string },
): S3Request | undefined {
  const { method, level, query, requiredQuery, optionalQuery, requiredHeaders } =
    operationByName(name)
  const parameters = [
    ...query.map((selector) => ({ name: selector.name, value: selector.value ?? '' })),
    ...requiredQuery.map((parameter) => ({ name: parameter, value: '1' })),
  ]
  if (prefix !== undefined && optionalQuery.includes('prefix')) {
    parameters.push({ name: 'prefix', value: prefix })
  }
  const headers = requiredHeaders.flatMap((header) => [
    header,
    header === 'x-amz-copy-source' ? encodeURIComponent(`${source.bucket}/${source.key}`) : 'x',
  ])
  const paths = {
    service: '/',
    bucket: `/${bucket}`,
    object: `/${bucket}/${encodeURIComponent(key)}`,
  }
  const path = paths[level]
  const target = `${path}?${canonicalQuery(parameters)}`
  const request = readRequest(method, target, ['host', HOST, ...headers], [HOST], new Set())
  return request.ok ? request.value : undefined
}

t.test('the key of a form is judged as it is after its file name is in it', async (t) => {
  const fields = [{ name: 'key', key: 'key', value: 'out/x' }]
  t.equal(fieldValue(fields, 'key'), 'out/x')
  const request = parse('POST', '/box', ['content-type', 'multipart/form-data; boundary=x'])
  const withKey = (key: string) => ({ ...request, resource: { ...request.resource, key } })
  t.equal(verdict(IN, withKey('in/x')), 'allowed')
  t.match(verdict(IN, withKey('out/x')), /^key-not-allowed/)
  t.match(verdict(IN, withKey('in/../x')), /^key-not-allowed/)
})

import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { type ClassifyInput, classify, levelOf } from '../../src/s3/classify.ts'
import { OPERATIONS, type Operation } from '../../src/s3/operation.ts'
import { parseQuery, type QueryParameter } from '../../src/s3/query.ts'
import type { Resource } from '../../src/s3/resource.ts'

const SERVICE: Resource = { style: 'path', bucket: undefined, key: undefined }
const BUCKET: Resource = { style: 'path', bucket: 'bucket', key: undefined }
const OBJECT: Resource = { style: 'path', bucket: 'bucket', key: 'key' }
const ROUTE: Resource = { ...SERVICE, route: 'WriteGetObjectResponse' }

function inputOf(line: string, headers: readonly string[] = []): ClassifyInput {
  const [method = '', target = ''] = line.split(' ')
  const [level = '', raw = ''] = target.split('?')
  const query = parseQuery(raw)
  if (!query.ok) throw new Error(query.error.reason)
  return { method, resource: resourceOf(level), query: query.value, headers }
}

function resourceOf(level: string): Resource {
  switch (level) {
    case 'service':
      return SERVICE
    case 'bucket':
      return BUCKET
    case 'route':
      return ROUTE
    default:
      return OBJECT
  }
}

/** The operation's name, or code and reason of the refusal. */
function outcomeOf(line: string, headers: readonly string[] = []): string {
  const result = classify(inputOf(line, headers))
  return result.ok ? result.value.operation.name : `${result.error.code} ${result.error.reason}`
}

const COPY = ['x-amz-copy-source', 'source/key']
const FORM = ['content-type', 'multipart/form-data; boundary=x']

/** A request that is that operation and has every parameter it takes. */
function fullRequest(operation: Operation): ClassifyInput {
  const query: QueryParameter[] = [{ name: 'x-id', value: operation.name }]
  for (const { name, value } of operation.query) query.push({ name, value: value ?? '' })
  for (const name of [...operation.requiredQuery, ...operation.optionalQuery]) {
    query.push({ name, value: '1' })
  }
  const headers = operation.requiredHeaders.flatMap((name) => [name, 'value'])
  return {
    method: operation.method,
    resource: operation.name === 'WriteGetObjectResponse' ? ROUTE : resourceOf(operation.level),
    query,
    headers: operation.name === 'PostObject' ? FORM : headers,
  }
}

for (const operation of OPERATIONS.filter((o) => !o.deprecated)) {
  t.test(`${operation.name} is found with everything that it takes`, async (t) => {
    const result = classify(fullRequest(operation))
    t.equal(result.ok ? result.value.operation.name : result.error.reason, operation.name)
  })
}

t.test('each request is classified as its operation', async (t) => {
  const rows = [
    ['GET service', 'ListBuckets'],
    ['GET service?max-directory-buckets=1', 'ListDirectoryBuckets'],
    ['GET bucket', 'ListObjects'],
    ['GET bucket?list-type=2', 'ListObjectsV2'],
    ['GET bucket?list-type=2&prefix=a&delimiter=/&encoding-type=url', 'ListObjectsV2'],
    ['HEAD bucket', 'HeadBucket'],
    ['PUT bucket', 'CreateBucket'],
    ['DELETE bucket', 'DeleteBucket'],
    ['GET object', 'GetObject'],
    ['HEAD object', 'HeadObject'],
    ['PUT object', 'PutObject'],
    ['DELETE object', 'DeleteObject'],
    ['PUT object?x-id=PutObject', 'PutObject'],
    ['GET object?partNumber=1', 'GetObject'],
    ['GET object?versionId=null&response-content-type=a', 'GetObject'],
    ['GET object?uploadId=u&max-parts=1&encoding-type=url', 'ListParts'],
    ['GET bucket?analytics&id=1', 'GetBucketAnalyticsConfiguration'],
    ['GET bucket?analytics', 'ListBucketAnalyticsConfigurations'],
    ['GET bucket?lifecycle', 'GetBucketLifecycleConfiguration'],
    ['PUT bucket?notification', 'PutBucketNotificationConfiguration'],
    ['PUT object?encryption', 'UpdateObjectEncryption'],
    ['PUT bucket?encryption', 'PutBucketEncryption'],
  ] as const
  for (const [line, expected] of rows) t.equal(outcomeOf(line), expected, line)
})

t.test('multipart is selected by presence, whatever the spelling', async (t) => {
  const rows = [
    ['POST object?uploads', 'CreateMultipartUpload'],
    ['POST object?uploads=', 'CreateMultipartUpload'],
    ['POST object?uploads=x', 'CreateMultipartUpload'],
    ['POST object?upload%73', 'CreateMultipartUpload'],
    ['POST object?uploads&x=1', 'InvalidArgument unknown-parameter'],
    ['POST object?Uploads', 'InvalidArgument unknown-parameter'],
    ['PUT object?partNumber=1&uploadId=u', 'UploadPart'],
    ['POST object?uploadId=u', 'CompleteMultipartUpload'],
    ['DELETE object?uploadId=u', 'AbortMultipartUpload'],
  ] as const
  for (const [line, expected] of rows) t.equal(outcomeOf(line), expected, line)
})

t.test('a copy is known by its source header', async (t) => {
  const rows = [
    ['PUT object', 'CopyObject'],
    ['PUT object?x-id=PutObject', 'CopyObject'],
    ['PUT object?partNumber=1&uploadId=u', 'UploadPartCopy'],
    ['PUT object?uploadId=u', 'InvalidArgument partial-selectors'],
    ['PUT object?tagging', 'InvalidArgument mixed-selectors'],
    ['POST object?uploads', 'InvalidArgument mixed-selectors'],
    ['GET object', 'InvalidArgument mixed-selectors'],
    ['PUT bucket', 'InvalidArgument mixed-selectors'],
  ] as const
  for (const [line, expected] of rows) t.equal(outcomeOf(line, COPY), expected, line)
  t.equal(outcomeOf('PUT object', [...COPY, ...COPY]), 'InvalidArgument duplicate-header')
  t.equal(outcomeOf('PUT object?x-amz-copy-source=a/b'), 'InvalidArgument unknown-parameter')
  t.equal(outcomeOf('PUT object?X-Amz-Copy-Source=a/b'), 'InvalidArgument unknown-parameter')
})

t.test('a rename has its selector and its header', async (t) => {
  const source = ['x-amz-rename-source', '/bucket/source']
  t.equal(outcomeOf('PUT object?renameObject', source), 'RenameObject')
  t.equal(outcomeOf('PUT object?renameObject'), 'InvalidArgument partial-selectors')
  t.equal(outcomeOf('PUT object', source), 'InvalidArgument mixed-selectors')
})

t.test('an archive that would be unpacked where it is stored is no PutObject', async (t) => {
  const extract = ['x-amz-meta-snowball-auto-extract', 'true']
  t.equal(outcomeOf('PUT object', extract), 'NotImplemented unknown-operation')
  t.equal(outcomeOf('PUT object?x-id=PutObject', extract), 'NotImplemented unknown-operation')
  t.equal(outcomeOf('PUT object', [...extract, ...COPY]), 'CopyObject', 'there it is metadata')
  t.equal(outcomeOf('POST object?uploads', extract), 'CreateMultipartUpload')
  t.equal(outcomeOf('PUT object', ['x-amz-meta-snowball', 'true']), 'PutObject')
})

t.test('CreateSession is a GET of its own', async (t) => {
  t.equal(outcomeOf('GET bucket?session'), 'CreateSession')
})

t.test('S3 Control is not served', async (t) => {
  const outcome = 'AccessDenied s3-control'
  t.equal(outcomeOf('GET bucket', ['x-amz-account-id', '111122223333']), outcome)
  t.equal(outcomeOf('PUT object', ['x-amz-outpost-id', 'op-1']), outcome)
  const resource: Resource = { style: 'path', bucket: 'v20180820', key: 'jobs' }
  const result = classify({ method: 'POST', resource, query: [], headers: [] })
  t.match(result, { ok: false, error: { reason: 's3-control' } })
})

t.test('WriteGetObjectResponse is known as what it is', async (t) => {
  t.equal(outcomeOf('POST route'), 'WriteGetObjectResponse')
  t.equal(outcomeOf('PUT route'), 'MethodNotAllowed unknown-operation')
  t.equal(outcomeOf('POST route?uploads'), 'MethodNotAllowed unknown-operation')
  const resource: Resource = { style: 'virtual', bucket: 'route1', key: 'WriteGetObjectResponse' }
  t.match(classify({ method: 'POST', resource, query: [], headers: [] }), { ok: false })
})

t.test('partial selectors do not fall through', async (t) => {
  const lines = [
    'PUT object?uploadId=u',
    'PUT object?partNumber=1',
    'PUT object?uploadId=&partNumber=1',
    'PUT object?uploadId=u&partNumber=',
    'POST object?uploadId=',
    'DELETE object?uploadId=',
    'POST object?select',
    'POST object?select&select-type=1',
    'POST object?select-type=2',
    'POST object?partNumber=1',
    'GET object?attributes',
    'PUT bucket?analytics',
    'PUT bucket?analytics&id=',
    'PUT object?annotation',
    'GET bucket?list-type=1',
    'GET bucket?list-type',
  ]
  for (const line of lines) t.equal(outcomeOf(line), 'InvalidArgument partial-selectors', line)
  const attributes = ['x-amz-object-attributes', 'ETag']
  t.equal(outcomeOf('GET object?attributes', attributes), 'GetObjectAttributes')
  t.equal(outcomeOf('GET object', attributes), 'GetObject')
})

t.test('selectors of two operations are refused', async (t) => {
  const lines = [
    'GET bucket?acl&uploads',
    'GET object?tagging&uploadId=u',
    'PUT object?tagging&uploadId=u&partNumber=1',
    'PUT object?acl&encryption',
    'POST object?uploads&uploadId=u',
    'POST object?uploads&restore',
    'GET bucket?versions&list-type=2',
    'HEAD object?uploadId=u',
    'GET bucket?id=1',
  ]
  for (const line of lines) t.equal(outcomeOf(line), 'InvalidArgument mixed-selectors', line)
})

t.test('parameters that no operation has, or not this one', async (t) => {
  for (const line of ['PUT object?newthing', 'GET bucket?acl&cache', 'GET object?ACL']) {
    t.equal(outcomeOf(line), 'InvalidArgument unknown-parameter', line)
  }
  const signed = ['X-Amz-Signature', 'x-amz-server-side-encryption', 'AWSAccessKeyId', 'Signature']
  for (const name of signed) {
    t.equal(outcomeOf(`GET object?${name}=x`), 'InvalidArgument unknown-parameter', name)
  }
  const lines = ['PUT object?versionId=v', 'GET bucket?versionId=v']
  for (const line of [...lines, 'DELETE object?tagging&prefix=a', 'PUT bucket?prefix=a']) {
    t.equal(outcomeOf(line), 'InvalidArgument unknown-parameter', line)
  }
})

/** The operation, what goes on, and what is left out. */
function partsOf(line: string, headers: readonly string[] = []): string {
  const result = classify(inputOf(line, headers))
  if (!result.ok) return `${result.error.code} ${result.error.reason}`
  const { operation, query, ignored } = result.value
  return `${operation.name} [${query.map(({ name }) => name).join()}] [${ignored.join()}]`
}

t.test('what selects nothing is left out, and only that', async (t) => {
  const rows = [
    // Names that S3 ignores in writing, on every operation.
    ['GET object?x-user=johndoe', 'GetObject [] [x-user]'],
    ['GET object?X-User&x-id=GetObject&x-', 'GetObject [x-id] [X-User,x-]'],
    ['PUT object?x-foo&x-foo=1', 'PutObject [] [x-foo,x-foo]'],
    ['DELETE object?x-foo', 'DeleteObject [] [x-foo]'],
    ['POST object?uploads&x-foo', 'CreateMultipartUpload [uploads] [x-foo]'],
    ['POST object?x-foo', 'MethodNotAllowed unknown-operation'],
    ['POST bucket?delete&x-foo', 'DeleteObjects [delete] [x-foo]'],
    ['PUT object?X-ID=PutObject&x-amz=1&x_amz_acl=1', 'InvalidArgument unknown-parameter'],
    ['PUT object?X-ID=PutObject&x-amz=1', 'PutObject [] [X-ID,x-amz]'],
    ['POST route?x-foo', 'WriteGetObjectResponse [] [x-foo]'],
    // Links with a tracker's parameters, empty ones too.
    ['GET object?utm_source=a&utm_content=', 'GetObject [] [utm_source,utm_content]'],
    // aws-sdk 2 presigns these fields into the query, Bun the overrides of an answer into a PUT.
    [
      'PUT object?Content-Type=a&Cache-Control=b&Content-MD5=c',
      'PutObject [] [Content-Type,Cache-Control,Content-MD5]',
    ],
    [
      'PUT object?partNumber=1&uploadId=u&Content-MD5=c',
      'UploadPart [partNumber,uploadId] [Content-MD5]',
    ],
    [
      'POST object?uploads&content-type=a&Expires=b',
      'CreateMultipartUpload [uploads] [content-type,Expires]',
    ],
    ['PUT object?tagging&Content-MD5=a', 'PutObjectTagging [tagging] [Content-MD5]'],
    ['PUT object?response-content-type=a', 'PutObject [] [response-content-type]'],
    [
      'DELETE object?response-content-disposition=a',
      'DeleteObject [] [response-content-disposition]',
    ],
    // Reads: names with a value that no operation has (libcloud, minio-go), or another one has.
    ['GET object?Version=2006-03-01', 'GetObject [] [Version]'],
    ['GET bucket?list-type=2&metadata=true', 'ListObjectsV2 [list-type] [metadata]'],
    ['GET bucket?allow-unordered=true&prefix=a', 'ListObjects [prefix] [allow-unordered]'],
    ['GET bucket?acl&cache=1', 'GetBucketAcl [acl] [cache]'],
    ['HEAD object?customer_id=1&_=2&v=3', 'HeadObject [] [customer_id,_,v]'],
    ['GET bucket?list-type=2&marker=a', 'ListObjectsV2 [list-type] [marker]'],
    [
      'GET bucket?marker=&start-after=a&fetch-owner',
      'ListObjects [marker] [start-after,fetch-owner]',
    ],
    ['GET object?prefix=a', 'GetObject [] [prefix]'],
    ['HEAD bucket?max-keys=1', 'HeadBucket [] [max-keys]'],
  ] as const
  for (const [line, expected] of rows) t.equal(partsOf(line), expected, line)
})

t.test('what could select something is never left out', async (t) => {
  const unknown = [
    // A bare name on a read, and any name on a write.
    ...[
      'GET object?newthing',
      'GET bucket?newthing=',
      'HEAD object?newthing',
      'GET bucket?id2&prefix=a',
    ],
    ...['PUT object?newthing=1', 'DELETE object?newthing=1', 'POST bucket?delete&newthing=1'],
    ...['PUT object?Version=1', 'PUT object?metadata=true', 'POST bucket?newthing'],
    // A known name in other case, or encoded.
    ...[
      'GET object?ACL=1',
      'GET object?versionID=v',
      'GET bucket?Uploads=1',
      'GET bucket?List-Type=2',
    ],
    ...['PUT object?%55ploads', 'PUT object?Tagging=', 'GET object?partnumber=1'],
    // Other versions are other reads; what selects at another level is refused at this one.
    ...['GET bucket?versionId=v', 'GET object?torrent&versionId=v'],
    ...['GET object?policy', 'GET object?cors=1', 'GET bucket?restore', 'GET object?list-type=2'],
    // Headers by intent.
    ...['GET object?X-Amz-Foo=1', 'GET object?x-Amz-', 'PUT object?X-AMZ-COPY-SOURCE=a/b'],
  ]
  for (const line of unknown) t.equal(outcomeOf(line), 'InvalidArgument unknown-parameter', line)
  t.equal(outcomeOf('GET object?%75ploads'), 'MethodNotAllowed unknown-operation')
  t.equal(outcomeOf('PUT object?x-foo&%75ploads'), 'MethodNotAllowed unknown-operation')
  t.equal(outcomeOf('PUT object?x-foo&encryptio%6e'), 'UpdateObjectEncryption')
  t.equal(outcomeOf('GET bucket?x-foo&id=1'), 'InvalidArgument mixed-selectors')
  t.equal(outcomeOf('PUT object?x-foo&uploadId=u'), 'InvalidArgument partial-selectors')
  t.equal(
    outcomeOf('GET bucket?list-type=2&marker=a&marker=b'),
    'InvalidArgument duplicate-parameter',
  )
  t.match(classify(inputOf('PUT object?newthing=1')), {
    error: {
      message: 'The query parameter newthing is unknown and could select a sub-resource.',
      extras: [['ArgumentName', 'newthing']],
    },
  })
})

t.test('a parameter that is there twice is refused', async (t) => {
  const lines = [
    'PUT object?partNumber=1&uploadId=u&partNumber=2',
    'GET bucket?prefix=a&prefix=b',
    'GET bucket?acl&acl',
    'GET object?x-id=a&x-id=a',
    'GET object?version%49d=a&versionId=b',
  ]
  for (const line of lines) t.equal(outcomeOf(line), 'InvalidArgument duplicate-parameter', line)
})

t.test('a part number is one of 1 to 10,000', async (t) => {
  for (const number of ['1', '00001', '10000']) {
    t.equal(outcomeOf(`PUT object?uploadId=u&partNumber=${number}`), 'UploadPart', number)
  }
  for (const number of ['0', '10001', '-1', '1x', '%201', '1.0', '000001', '1e3']) {
    t.equal(
      outcomeOf(`PUT object?uploadId=u&partNumber=${number}`),
      'InvalidArgument part-number-invalid',
      number,
    )
  }
})

t.test('a method that S3 does not have is refused', async (t) => {
  for (const method of ['PATCH', 'TRACE', 'CONNECT', 'PROPFIND', 'get', 'constructor', '']) {
    t.equal(outcomeOf(`${method} object`), 'MethodNotAllowed unknown-operation', method)
  }
  const lines = ['PUT service', 'DELETE service', 'POST service', 'HEAD service', 'POST object']
  for (const line of [...lines, 'PUT object?torrent', 'HEAD object?acl', 'POST bucket?acl']) {
    t.equal(outcomeOf(line), 'MethodNotAllowed unknown-operation', line)
  }
  t.match(classify(inputOf('POST object')), {
    error: {
      extras: [
        ['Method', 'POST'],
        ['ResourceType', 'OBJECT'],
      ],
    },
  })
})

t.test('a form is posted to a bucket as multipart/form-data', async (t) => {
  t.equal(outcomeOf('POST bucket', FORM), 'PostObject')
  t.equal(outcomeOf('POST bucket?delete', FORM), 'DeleteObjects')
  t.equal(outcomeOf('POST object', FORM), 'MethodNotAllowed unknown-operation')
  t.equal(outcomeOf('POST service', FORM), 'MethodNotAllowed unknown-operation')
  t.equal(outcomeOf('POST bucket'), 'PreconditionFailed unknown-operation')
  t.equal(
    outcomeOf('POST bucket', ['content-type', 'text/xml']),
    'PreconditionFailed unknown-operation',
  )
  t.equal(outcomeOf('POST bucket?prefix=a', FORM), 'InvalidArgument unknown-parameter')
})

t.test('a preflight bears the parameters of the request to come', async (t) => {
  const headers = ['origin', 'https://app.example', 'access-control-request-method', 'PUT']
  t.equal(outcomeOf('OPTIONS object', headers), 'OptionsPreflight')
  t.equal(outcomeOf('OPTIONS bucket', headers), 'OptionsPreflight')
  t.equal(outcomeOf('OPTIONS object?X-Amz-Signature=x&partNumber=1', headers), 'OptionsPreflight')
  t.equal(outcomeOf('OPTIONS service', headers), 'MethodNotAllowed unknown-operation')
  t.equal(outcomeOf('OPTIONS object'), 'BadRequest preflight-headers')
  t.equal(outcomeOf('OPTIONS object', headers.slice(0, 2)), 'BadRequest preflight-headers')
  t.match(classify(inputOf('OPTIONS object', headers.slice(2))), {
    error: { message: 'Insufficient information. Origin request header needed.' },
  })
  t.match(classify(inputOf('OPTIONS object', headers.slice(0, 2))), {
    error: { message: 'Invalid Access-Control-Request-Method: null' },
  })
})

t.test('levelOf tells service, bucket and object', async (t) => {
  t.equal(levelOf(SERVICE), 'service')
  t.equal(levelOf(BUCKET), 'bucket')
  t.equal(levelOf(OBJECT), 'object')
})

t.test('any mix of parameters is one operation or a refusal, in any order', async () => {
  const known = [
    ...new Set(
      OPERATIONS.flatMap((o) => [
        ...o.query.map(({ name }) => name),
        ...o.requiredQuery,
        ...o.optionalQuery,
      ]),
    ),
  ]
  const others = ['x-a', 'X-Amz-A', 'Version', 'newthing', 'Content-Type', 'utm_a', 'Uploads', ';']
  const parameter = fc.record({
    name: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, fc.constantFrom(...others)),
    value: fc.constantFrom('', '1', '2'),
  })
  const input = fc.record({
    method: fc.constantFrom('GET', 'HEAD', 'PUT', 'POST', 'DELETE'),
    resource: fc.constantFrom(SERVICE, BUCKET, OBJECT),
    query: fc.uniqueArray(parameter, { maxLength: 4, selector: (p) => p.name }),
    headers: fc.constantFrom([], COPY, FORM),
  })
  fc.assert(
    fc.property(input, (request) => {
      const one = classify(request)
      const other = classify({ ...request, query: [...request.query].reverse() })
      assert.equal(one.ok, other.ok)
      if (!one.ok || !other.ok) return
      const { operation, query, ignored } = one.value
      assert.equal(operation, other.value.operation)
      const taken = ['x-id', ...operation.requiredQuery, ...operation.optionalQuery]
      for (const { name } of operation.query) taken.push(name)
      for (const { name } of query) assert.ok(taken.includes(name), name)
      // Nothing is lost between the two, and what was left out has not told what the request is.
      const names = [...query.map(({ name }) => name), ...ignored]
      assert.deepEqual(names.sort(), request.query.map(({ name }) => name).sort())
      assert.deepEqual(classify({ ...request, query }), {
        ok: true,
        value: { operation, query, ignored: [] },
      })
    }),
    { numRuns: 3000 },
  )
})

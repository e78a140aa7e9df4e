import t from 'tap'
import type { HeaderList } from '../../src/base/header-list.ts'
import { readRequest, type S3Request } from '../../src/request/read-request.ts'

const HOSTS = ['s3.corp.example', '127.0.0.1']
const HOST: HeaderList = ['host', 's3.corp.example']
const SSE = 'x-amz-server-side-encryption'

function parse(
  method: string,
  target: string,
  headers: HeaderList = HOST,
  configured: readonly string[] = [],
) {
  return readRequest(method, target, headers, HOSTS, new Set(configured))
}

function parsed(...args: Parameters<typeof parse>): S3Request {
  const result = parse(...args)
  if (!result.ok) throw new Error(`${result.error.code} ${result.error.reason}`)
  return result.value
}

function verdict(...args: Parameters<typeof parse>): string {
  const result = parse(...args)
  return result.ok ? result.value.operation.name : `${result.error.code} ${result.error.reason}`
}

t.test('a plain upload is read in S3’s terms', async (t) => {
  const headers = [...HOST, 'content-length', '1', 'x-amz-meta-a', 'b']
  t.match(parsed('PUT', '/bucket/a%20key', headers), {
    method: 'PUT',
    operation: { name: 'PutObject' },
    resource: { bucket: 'bucket', key: 'a key', style: 'path' },
    authentication: { kind: 'anonymous' },
    receivedHeaders: headers,
    headers,
    query: [],
    payload: { kind: 'unsigned' },
    payloadHash: 'UNSIGNED-PAYLOAD',
    copySource: undefined,
  })
})

t.test('the bucket is read from the path or the host, with and without a port', async (t) => {
  const cases = [
    ['/bucket/k', 's3.corp.example', 'path'],
    ['/bucket/k', 's3.corp.example:8080', 'path'],
    ['/bucket/k', 'S3.Corp.Example', 'path'],
    ['/bucket/k', '127.0.0.1:8080', 'path'],
    ['/k', 'bucket.s3.corp.example', 'virtual'],
    ['/k', 'bucket.s3.corp.example:8080', 'virtual'],
  ] as const
  for (const [target, host, style] of cases) {
    const { resource } = parsed('PUT', target, ['host', host])
    t.match(resource, { bucket: 'bucket', key: 'k', style }, host)
  }
})

const HOST_ERRORS: readonly (readonly [name: string, headers: HeaderList, verdict: string])[] = [
  ['none', [], 'InvalidRequest host-header'],
  ['an empty one', ['host', ''], 'InvalidRequest host-header'],
  ['two', [...HOST, ...HOST], 'InvalidRequest host-header'],
  ['two, one of them elsewhere', [...HOST, 'host', 'evil.example'], 'InvalidRequest host-header'],
  ['one that is not served', ['host', 'evil.example'], 'AccessDenied host-not-served'],
]

for (const [name, headers, expected] of HOST_ERRORS) {
  t.test(`Host: ${name}`, async (t) => {
    t.equal(verdict('GET', '/bucket/k', headers), expected)
  })
}

const SINGLE = [
  ...['authorization', 'content-length', 'content-type', 'transfer-encoding', 'content-encoding'],
  ...['content-disposition', 'content-md5', 'date', 'expires', 'if-match', 'if-none-match'],
  ...['if-modified-since', 'if-unmodified-since', 'if-range', 'range', 'origin', 'referer'],
  ...['access-control-request-method', 'user-agent'],
  ...['x-amz-content-sha256', 'x-amz-copy-source', 'x-amz-date', 'x-amz-decoded-content-length'],
  ...['x-amz-security-token', 'x-amz-trailer', 'x-amz-write-offset-bytes', 'x-amz-acl'],
  ...['x-amz-tagging', 'x-amz-storage-class', 'x-amz-checksum-crc32', 'x-amz-rename-source'],
  ...['x-amz-object-lock-mode', 'x-amz-expected-bucket-owner', 'x-amz-of-a-later-year'],
]

for (const name of SINGLE) {
  t.test(`${name} twice is refused whatever the operation, the same value too`, async (t) => {
    for (const method of ['PUT', 'GET', 'HEAD', 'DELETE', 'POST', 'OPTIONS']) {
      t.equal(
        verdict(method, '/bucket/k', [...HOST, name, 'a', 'x-amz-meta-a', 'b', name, 'a']),
        'InvalidRequest repeated-header',
        method,
      )
    }
  })
}

const MANY = ['accept', 'accept-encoding', 'cache-control', 'x-amz-optional-object-attributes']

for (const name of [...MANY, 'cookie', 'x-forwarded-for', 'via']) {
  t.test(`${name} may come twice`, async (t) => {
    t.equal(verdict('GET', '/bucket/k', [...HOST, name, 'a', name, 'b']), 'GetObject')
  })
}

t.test('x-amz-object-attributes may come twice', async (t) => {
  const name = 'x-amz-object-attributes'
  const headers = [...HOST, name, 'ETag', name, 'ObjectSize']
  t.equal(verdict('GET', '/bucket/k?attributes', headers), 'GetObjectAttributes')
})

t.test('an encryption header twice is refused', async (t) => {
  const headers = [...HOST, SSE, 'aws:kms', SSE, 'AES256']
  t.match(verdict('PUT', '/bucket/k', headers), /^InvalidArgument duplicate-header$/)
})

t.test('metadata may come twice', async (t) => {
  t.equal(
    verdict('PUT', '/bucket/k', [...HOST, 'x-amz-meta-a', '1', 'x-amz-meta-a', '2']),
    'PutObject',
  )
})

const TARGETS: readonly (readonly [method: string, target: string, verdict: string])[] = [
  ['GET', '/', 'ListBuckets'],
  ['GET', '/bucket', 'ListObjects'],
  ['GET', '/bucket?list-type=2', 'ListObjectsV2'],
  ['GET', '/bucket/k', 'GetObject'],
  ['HEAD', '/bucket/k', 'HeadObject'],
  ['DELETE', '/bucket/k', 'DeleteObject'],
  ['POST', '/bucket/k?uploads', 'CreateMultipartUpload'],
  ['PUT', '/bucket/k?partNumber=1&uploadId=u', 'UploadPart'],
  ['POST', '/bucket/k?uploadId=u', 'CompleteMultipartUpload'],
  ['POST', '/bucket?delete', 'DeleteObjects'],
]

for (const [method, target, expected] of TARGETS) {
  t.test(`${method} ${target} is ${expected}`, async (t) => {
    t.equal(verdict(method, target), expected)
  })
}

const REFUSED = [
  ['GET', 'http://s3.corp.example/bucket/k'],
  ['GET', '*'],
  ['GET', ''],
  ['GET', '/bucket/%zz'],
  ['GET', '/bucket/%00'],
  ['GET', '/bucket/k#fragment'],
  ['GET', '/bucket%2Fk'],
  ['GET', '/bucket/k?newthing'],
  ['GET', '/bucket/k?acl&tagging'],
  ['PUT', '/bucket/k?partNumber=1'],
  ['PATCH', '/bucket/k'],
] as const

for (const [method, target] of REFUSED) {
  t.test(`${method} ${target} is refused`, async (t) => {
    t.match(verdict(method, target), / /)
  })
}

t.test('a name that the configuration speaks of is good for a copy source, too', async (t) => {
  for (const name of ['ap-hash-s3alias', 'Old_Bucket']) {
    const headers = [...HOST, 'x-amz-copy-source', `${name}/k`]
    t.match(verdict('PUT', '/bucket/k', headers), /^InvalidBucketName /, name)
    t.match(parsed('PUT', `/${name}/k`, headers, [name]), {
      resource: { bucket: name },
      copySource: { bucket: name, key: 'k' },
    })
  }
})

t.test('a copy source is read, and a bad one refused', async (t) => {
  const copy = (source: string) => parse('PUT', '/bucket/k', [...HOST, 'x-amz-copy-source', source])
  t.match(copy('/other/a%20b?versionId=v'), {
    ok: true,
    value: {
      operation: { name: 'CopyObject' },
      copySource: { bucket: 'other', key: 'a b', versionId: 'v' },
    },
  })
  for (const source of ['', 'other', '/', 'arn:aws:s3:us-east-1:1:accesspoint/x/object/k']) {
    t.equal(copy(source).ok, false, source)
  }
})

const PRESIGNED =
  'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Fs3%2Faws4_request' +
  `&X-Amz-Date=20260101T000000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=${'0'.repeat(64)}`

t.test('what a presigned URL carries as parameters is judged as headers', async (t) => {
  const target = `/bucket/k?${PRESIGNED}&${SSE}=AES256&x-amz-meta-a=b&response-content-type=x`
  const request = parsed('PUT', target.replace('&response-content-type=x', ''))
  t.match(request, {
    operation: { name: 'PutObject' },
    authentication: { kind: 'presigned' },
    requestedEncryption: { algorithm: 'AES256' },
    query: [],
    receivedHeaders: HOST,
  })
  t.strictSame(
    request.headers.slice(HOST.length).sort(),
    ['AES256', 'b', 'x-amz-meta-a', SSE].sort(),
  )
  t.match(parsed('GET', `/bucket/k?${PRESIGNED}&response-content-type=x`), {
    query: [{ name: 'response-content-type', value: 'x' }],
  })
})

t.test('an x-amz- parameter without a presigned URL is refused', async (t) => {
  t.equal(verdict('PUT', `/bucket/k?${SSE}=AES256`), 'InvalidRequest unsigned-query-parameter')
})

t.test('a preflight is nobody’s, whatever its address carries', async (t) => {
  const headers = [...HOST, 'origin', 'https://a.example', 'access-control-request-method', 'PUT']
  t.match(parsed('OPTIONS', `/bucket/k?${PRESIGNED}`, headers), {
    operation: { name: 'OptionsPreflight' },
    authentication: { kind: 'anonymous' },
  })
})

t.test('two mechanisms, and those that are not supported', async (t) => {
  const signed = ['authorization', 'AWS4-HMAC-SHA256 x']
  t.match(verdict('GET', `/bucket/k?${PRESIGNED}`, [...HOST, ...signed]), /two-auth/)
  t.match(verdict('GET', '/bucket/k', [...HOST, 'authorization', 'AWS AKID:sig']), /sigv2/)
  t.match(verdict('GET', '/bucket/k?AWSAccessKeyId=a&Signature=b&Expires=1'), /sigv2/)
})

t.test('the payload mode is read though there is no signature', async (t) => {
  const mode = (hash: string) => parse('PUT', '/bucket/k', [...HOST, 'x-amz-content-sha256', hash])
  t.match(mode('a'.repeat(64)), { value: { payload: { kind: 'sha256' } } })
  t.match(mode('STREAMING-UNSIGNED-PAYLOAD-TRAILER'), {
    value: { payload: { kind: 'chunked', framing: 'unsigned-trailer' } },
  })
  t.equal(mode('nonsense').ok, false)
})

t.test('a reserved bucket name is refused unless the configuration has it', async (t) => {
  const alias = 'my-ap-abcdefghijklmnopqrstuvwxyz012345-s3alias'
  t.match(verdict('GET', `/${alias}/k`), /bucket-name-reserved/)
  t.equal(verdict('GET', `/${alias}/k`, HOST, [alias]), 'GetObject')
})

import t from 'tap'
import { parseRequest } from '../../src/sandbox/request.ts'
import { findRoute } from '../../src/sandbox/route.ts'

function nameOf(method: string, target: string, ...headers: string[]): string {
  return findRoute(parseRequest(method, target, ['host', 'h', ...headers])).name
}

t.test('each operation has its route', async (t) => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['GET', '/', 'ListBuckets'],
    ['PUT', '/bucket', 'CreateBucket'],
    ['HEAD', '/bucket', 'HeadBucket'],
    ['DELETE', '/bucket', 'DeleteBucket'],
    ['GET', '/bucket', 'ListObjects'],
    ['GET', '/bucket?list-type=2&prefix=a', 'ListObjectsV2'],
    ['GET', '/bucket?location', 'GetBucketLocation'],
    ['GET', '/bucket?versioning=', 'GetBucketVersioning'],
    ['GET', '/bucket?uploads', 'ListMultipartUploads'],
    ['PUT', '/bucket?versioning', 'PutBucketVersioning'],
    ['GET', '/bucket?versions&prefix=a', 'ListObjectVersions'],
    ['POST', '/bucket?delete', 'DeleteObjects'],
    ['PUT', '/bucket?encryption', 'PutBucketEncryption'],
    ['GET', '/bucket?policy', 'GetBucketPolicy'],
    ['GET', '/bucket?cors', 'GetBucketCors'],
    ['PUT', '/bucket?cors', 'PutBucketCors'],
    ['DELETE', '/bucket?cors', 'DeleteBucketCors'],
    ['DELETE', '/bucket?tagging', 'DeleteBucketTagging'],
    ['PUT', '/bucket/key?x-id=PutObject', 'PutObject'],
    ['GET', '/bucket/key?response-content-type=a', 'GetObject'],
    ['GET', '/bucket/key?partNumber=1', 'GetObject'],
    ['HEAD', '/bucket/key', 'HeadObject'],
    ['GET', '/bucket/key?versionId=null', 'GetObject'],
    [`DELETE`, `/bucket/key?versionId=${'a'.repeat(32)}`, 'DeleteObject'],
    ['GET', '/bucket/key?attributes', 'GetObjectAttributes'],
    ['PUT', '/bucket/key?tagging', 'PutObjectTagging'],
    ['PUT', '/bucket?object-lock', 'PutObjectLockConfiguration'],
    ['GET', '/bucket/key?retention', 'GetObjectRetention'],
    ['PUT', '/bucket/key?legal-hold', 'PutObjectLegalHold'],
    ['PUT', '/bucket/key?encryption', 'UpdateObjectEncryption'],
    ['POST', '/bucket/key?restore', 'RestoreObject'],
    ['GET', '/bucket/key?annotation', 'ListObjectAnnotations'],
    ['GET', '/bucket/key?annotation&annotationName=a', 'GetObjectAnnotation'],
    ['PUT', '/bucket/key?annotation&annotationName=a', 'PutObjectAnnotation'],
    ['GET', '/bucket?acl', 'GetBucketAcl'],
    ['PUT', '/bucket/key?acl&versionId=null', 'PutObjectAcl'],
    ['DELETE', '/bucket?ownershipControls', 'DeleteBucketOwnershipControls'],
    ['POST', '/bucket/key?uploads', 'CreateMultipartUpload'],
    ['PUT', '/bucket/key?partNumber=1&uploadId=a', 'UploadPart'],
    ['GET', '/bucket/key?uploadId=a', 'ListParts'],
    ['POST', '/bucket/key?uploadId=a', 'CompleteMultipartUpload'],
    ['DELETE', '/bucket/key?uploadId=a', 'AbortMultipartUpload'],
    ['PUT', '/bucket/key?upload%49d=a&partNumber=1', 'UploadPart'],
  ]
  for (const [method, target, name] of cases)
    t.equal(nameOf(method, target), name, `${method} ${target}`)
})

t.test('a copy source makes a copy', async (t) => {
  const source = ['x-amz-copy-source', '/b-1/k']
  t.equal(nameOf('PUT', '/bucket/key', ...source), 'CopyObject')
  t.equal(nameOf('PUT', '/bucket/key?partNumber=1&uploadId=a', ...source), 'UploadPartCopy')
  t.equal(nameOf('PUT', '/bucket/key?tagging', ...source), 'PutObjectTagging')
})

t.test('what is none of these is refused', async (t) => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['GET', '/bucket?lifecycle', 'NotImplemented'],
    ['GET', '/bucket?session', 'NotImplemented'],
    ['POST', '/bucket/key?select', 'NotImplemented'],
    ['PATCH', '/bucket/key', 'MethodNotAllowed'],
    ['POST', '/bucket/key', 'MethodNotAllowed'],
    ['PUT', '/', 'MethodNotAllowed'],
    ['GET', '/bucket/key?versionId=abc', 'InvalidArgument'],
    ['DELETE', '/bucket/key?versionId=', 'InvalidArgument'],
    ['PUT', '/bucket/key?versionId=null', 'InvalidArgument'],
    ['POST', '/bucket/key?uploads&versionId=null', 'InvalidArgument'],
    ['PUT', '/bucket/key?tagging&uploadId=a', 'InvalidArgument'],
    ['PUT', '/bucket/key?partNumber=1', 'InvalidArgument'],
    ['PUT', '/bucket/key?uploadId=a', 'InvalidArgument'],
  ]
  for (const [method, target, code] of cases) {
    t.throws(() => nameOf(method, target), { code }, `${method} ${target}`)
  }
})

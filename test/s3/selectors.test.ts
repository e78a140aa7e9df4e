import t from 'tap'
import { OPERATIONS } from '../../src/s3/operation.ts'
import { findCandidates, isKnownParameter, isLiteral, isSelecting } from '../../src/s3/selectors.ts'

t.test('operations that demand more come before those that demand less', async (t) => {
  const names = (level: 'service' | 'bucket' | 'object', method: string) =>
    findCandidates(level, method)?.plain.map((operation) => operation.name)
  t.strictSame(names('object', 'PUT'), ['UploadPartCopy', 'UploadPart', 'CopyObject', 'PutObject'])
  t.strictSame(names('object', 'GET'), ['ListParts', 'GetObject'])
  t.strictSame(names('object', 'DELETE'), ['AbortMultipartUpload', 'DeleteObject'])
  t.strictSame(names('service', 'GET'), ['ListDirectoryBuckets', 'ListBuckets'])
  t.strictSame(
    findCandidates('bucket', 'GET')
      ?.byLiteral.get('analytics')
      ?.map((o) => o.name),
    ['GetBucketAnalyticsConfiguration', 'ListBucketAnalyticsConfigurations'],
  )
})

t.test('methods without operations have no candidates', async (t) => {
  for (const method of ['PATCH', 'OPTIONS', 'get', '', 'constructor', '__proto__']) {
    t.equal(findCandidates('object', method), undefined, method)
  }
  t.equal(findCandidates('service', 'PUT'), undefined)
})

t.test('every operation but the special ones is a candidate once', async (t) => {
  const found = (['service', 'bucket', 'object'] as const).flatMap((level) =>
    ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'].flatMap((method) => {
      const candidates = findCandidates(level, method)
      if (candidates === undefined) return []
      return [...candidates.plain, ...[...candidates.byLiteral.values()].flat()]
    }),
  )
  const special = ['OptionsPreflight', 'WriteGetObjectResponse']
  t.strictSame(
    found.map((operation) => operation.name).sort(),
    OPERATIONS.filter((o) => !o.deprecated && !special.includes(o.name))
      .map((o) => o.name)
      .sort(),
  )
})

t.test('names are known, literal or selecting', async (t) => {
  t.ok(isKnownParameter('x-id'))
  t.ok(isKnownParameter('response-expires'))
  t.notOk(isKnownParameter('X-Amz-Signature'))
  t.notOk(isKnownParameter('constructor'))
  t.ok(isLiteral('object', 'attributes'))
  t.notOk(isLiteral('bucket', 'attributes'))
  t.ok(isSelecting('object', 'uploadId'))
  t.ok(isSelecting('object', 'acl'))
  t.notOk(isSelecting('object', 'versionId'))
})

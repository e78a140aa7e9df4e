import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  DeleteObjectTaggingCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutBucketAclCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectRetentionCommand,
  PutObjectTaggingCommand,
  S3Client,
  type S3ServiceException,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import t, { type Test } from 'tap'
import { type Form, postForm } from '../support/form-request.ts'
import { CLIENT, KEY, REGION, type Rig, startRig, UPSTREAM } from '../support/rig.ts'
import { send } from '../support/signed-request.ts'
import { sumMetric } from '../support/sum-metric.ts'

const ENCRYPT = `encrypt: { keyId: '${KEY}' }`
const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers'

function policyOf(guards: string, mode = 'enforce'): string {
  return `
  mode: ${mode}
  rules:
    - { name: guarded, match: { buckets: [bucket] }, ${ENCRYPT}, guards: { ${guards} } }
    - { name: free, match: { buckets: [other] }, ${ENCRYPT} }`
}

async function rigOf(t: Test, guards: string, mode?: string): Promise<{ rig: Rig; s3: S3Client }> {
  const rig = await startRig({ policy: policyOf(guards, mode) })
  const { url: endpoint } = rig
  const s3 = new S3Client({ endpoint, region: REGION, credentials: CLIENT, forcePathStyle: true })
  t.teardown(async () => {
    s3.destroy()
    await rig.close()
  })
  return { rig, s3 }
}

const TO = { Bucket: 'bucket', Key: 'k' }

/** The status and the word behind `Sealgate:` that an SDK shows. */
async function refusalOf(sent: Promise<unknown>): Promise<string> {
  try {
    await sent
    return 'allowed'
  } catch (error) {
    const { $metadata, message } = error as S3ServiceException
    const [, reason] = /\(Sealgate: ([a-z-]+)/.exec(message) ?? []
    return `${$metadata?.httpStatusCode} ${reason ?? message}`
  }
}

t.test('publicAcl: no header, form, document or presigned URL opens an object', async (t) => {
  const { rig, s3 } = await rigOf(t, 'publicAcl: refuse')
  const put = (more: Partial<PutObjectCommandInput>, to = TO) =>
    refusalOf(s3.send(new PutObjectCommand({ ...to, Body: 'x', ...more })))
  t.equal(await put({}), 'allowed')
  t.equal(await put({ ACL: 'bucket-owner-full-control' }), 'allowed')
  t.equal(await put({ ACL: 'public-read' }, { Bucket: 'other', Key: 'k' }), 'allowed')
  const sent = rig.received.length
  const refused = '403 public-acl'
  t.equal(await put({ ACL: 'public-read' }), refused)
  t.equal(await put({ ACL: 'authenticated-read' }), refused)
  t.equal(await put({ GrantRead: `uri="${ALL_USERS}"` }), refused)
  const acl = { ACL: 'public-read' } as const
  t.equal(await refusalOf(s3.send(new CreateMultipartUploadCommand({ ...TO, ...acl }))), refused)
  const copy = { ...TO, CopySource: 'bucket/k', ...acl }
  t.equal(await refusalOf(s3.send(new CopyObjectCommand(copy))), refused)
  t.equal(await refusalOf(s3.send(new PutObjectAclCommand({ ...TO, ...acl }))), refused)
  t.equal(await refusalOf(s3.send(new PutBucketAclCommand({ Bucket: 'bucket', ...acl }))), refused)
  const Grants = [{ Grantee: { Type: 'Group', URI: ALL_USERS }, Permission: 'READ' }] as const
  const AccessControlPolicy = { Owner: { ID: 'a' }, Grants: [...Grants] }
  for (const command of [
    new PutObjectAclCommand({ ...TO, AccessControlPolicy }),
    new PutBucketAclCommand({ Bucket: 'bucket', AccessControlPolicy }),
  ]) {
    t.equal(await refusalOf(s3.send(command as PutObjectAclCommand)), refused)
  }
  const signed = await getSignedUrl(s3, new PutObjectCommand({ ...TO, ...acl }))
  const hoisted = await fetch(signed, { method: 'PUT', body: 'x' })
  t.equal(hoisted.headers.get('x-sealgate-reason'), 'public-acl')
  t.equal(rig.received.length, sent, 'S3 is not asked')
  t.match((await rig.audit()).at(-1), {
    rule: 'guarded',
    decision: 'deny',
    reason: 'public-acl',
    guards: ['publicAcl'],
  })
  t.equal(await sumMetric(rig.adminUrl, 'sealgate_guards_total', { result: 'refused' }), 10)
})

t.test('publicAcl: what a form says counts, and not what its head says', async (t) => {
  const { rig } = await rigOf(t, 'publicAcl: refuse')
  const post = async (...fields: NonNullable<Form['fields']>) => {
    const answer = await postForm(rig.port, { fields: [['key', 'k'], ...fields] })
    return answer.headers.get('x-sealgate-reason') ?? answer.status
  }
  t.equal(await post(), 204)
  t.equal(await post(['acl', 'private']), 204)
  t.equal(await post(['acl', 'public-read']), 'public-acl')
  t.equal(await post(['ACL', 'public-read']), 'public-acl')
  t.equal(await post(['acl', 'private'], ['x-amz-acl', 'public-read']), 'public-acl')
  t.equal(await post(['acl', 'private'], ['ACL', 'public-read']), 'form-duplicate-field')
  t.equal(await post(['x-amz-grant-read', `uri="${ALL_USERS}"`]), 'public-acl')
  const named = {
    fields: [
      ['key', 'k'],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's variable has this very form.
      ['acl', '${filename}'],
    ],
  } as const
  const disposition = 'form-data; name="file"; filename="public-read"'
  const conditions = [
    ['starts-with', '$key', ''],
    ['starts-with', '$acl', ''],
  ]
  const answer = await postForm(rig.port, { ...named, disposition, conditions })
  t.equal(answer.headers.get('x-sealgate-reason'), 'public-acl', 'expanded before it is judged')
  const head = await postForm(rig.port, {
    fields: [['key', 'in-the-head']],
    headers: [['x-amz-acl', 'public-read']],
  })
  t.equal(head.status, 204)
  t.notOk(rig.received.at(-1)?.rawHeaders.includes('x-amz-acl'), 'it is not sent on')
})

t.test('publicAcl: an ACL document that is not plainly limited is refused', async (t) => {
  const { rig } = await rigOf(t, 'publicAcl: refuse')
  await send(rig.port, { method: 'PUT', path: '/bucket/k', body: 'x' })
  const [own] = /<AccessControlPolicy.*/s.exec(
    (await send(rig.port, { path: '/bucket/k?acl=' })).text,
  ) ?? ['']
  const put = async (body: string) => {
    const md5 = createHash('md5').update(body).digest('base64')
    const headers = { 'content-md5': md5 }
    const answer = await send(rig.port, { method: 'PUT', path: '/bucket/k?acl=', body, headers })
    return answer.headers['x-sealgate-reason'] ?? answer.status
  }
  t.equal(await put(own), 200, 'what S3 says of an object is accepted')
  const group = own.replace(/(<Grantee[^>]*>).*?(<\/Grantee>)/s, `$1<URI>${ALL_USERS}</URI>$2`)
  t.equal(await put(group), 'public-acl')
  t.equal(await put(own.replace('<Owner>', '<!-- x --><Owner>')), 'xml-malformed')
  t.equal(await put(own.replace('<Owner>', `${' '.repeat(70_000)}<Owner>`)), 'body-too-large')
})

t.test('storageClasses: in headers, forms, copies and presigned URLs', async (t) => {
  const { rig, s3 } = await rigOf(t, 'storageClasses: [STANDARD_IA, GLACIER_IR]')
  const refused = '403 storage-class-not-allowed'
  const put = (more: Partial<PutObjectCommandInput>) =>
    refusalOf(s3.send(new PutObjectCommand({ ...TO, Body: 'x', ...more })))
  t.equal(await put({ StorageClass: 'STANDARD_IA' }), 'allowed')
  t.equal(await put({ StorageClass: 'STANDARD' }), refused)
  t.equal(await put({}), refused)
  const copy = { ...TO, CopySource: 'bucket/k' }
  t.equal(await refusalOf(s3.send(new CopyObjectCommand(copy))), refused)
  t.equal(
    await refusalOf(s3.send(new CopyObjectCommand({ ...copy, StorageClass: 'GLACIER_IR' }))),
    'allowed',
  )
  t.equal(await refusalOf(s3.send(new CreateMultipartUploadCommand(TO))), refused)
  const fields = [['key', 'k']] as const
  const plain = await postForm(rig.port, { fields })
  t.equal(plain.headers.get('x-sealgate-reason'), 'storage-class-not-allowed')
  const named = await postForm(rig.port, {
    fields: [...fields, ['x-amz-storage-class', 'STANDARD_IA']],
  })
  t.equal(named.status, 204)
  const spelt = await postForm(rig.port, {
    fields: [...fields, ['x-amz-storage_class', 'STANDARD_IA']],
  })
  t.equal(spelt.headers.get('x-sealgate-reason'), 'storage-class-not-allowed')
})

t.test('tags: at the upload, in forms, and when they are changed', async (t) => {
  const { rig, s3 } = await rigOf(t, 'tags: [team, { key: env, values: [prod, test] }]')
  const refused = '403 tags-missing'
  const put = (Tagging?: string) =>
    refusalOf(s3.send(new PutObjectCommand({ ...TO, Body: 'x', ...(Tagging && { Tagging }) })))
  t.equal(await put(), refused)
  t.equal(await put('team=a'), refused)
  t.equal(await put('team=a&env=dev'), refused)
  t.equal(await put('team=a&env=prod'), 'allowed')
  const copy = { ...TO, CopySource: 'bucket/k' }
  t.equal(await refusalOf(s3.send(new CopyObjectCommand(copy))), refused, 'nobody knows them')
  const replaced = { TaggingDirective: 'REPLACE', Tagging: 'team=b&env=test' } as const
  t.equal(await refusalOf(s3.send(new CopyObjectCommand({ ...copy, ...replaced }))), 'allowed')
  t.equal(await refusalOf(s3.send(new CreateMultipartUploadCommand(TO))), refused)
  const change = (tags: Readonly<Record<string, string>>) => {
    const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
    return refusalOf(s3.send(new PutObjectTaggingCommand({ ...TO, Tagging: { TagSet } })))
  }
  t.equal(await change({ team: 'c', env: 'prod', more: '1' }), 'allowed')
  t.equal(await change({ team: 'c' }), refused)
  t.equal(await change({}), refused)
  t.equal(await refusalOf(s3.send(new DeleteObjectTaggingCommand(TO))), refused)
  const { TagSet } = await s3.send(new GetObjectTaggingCommand(TO))
  t.equal(TagSet?.length, 3, 'they are as they were')
  const empty = await send(rig.port, { method: 'PUT', path: '/bucket/k?tagging=', body: '' })
  t.equal(empty.headers['x-sealgate-reason'], 'xml-malformed')
  const tag = (key: string, value: string) => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`
  const post = async (tagging: string) => {
    const fields = [
      ['key', 'k'],
      ['tagging', tagging],
    ] as const
    const answer = await postForm(rig.port, { fields })
    return answer.headers.get('x-sealgate-reason') ?? answer.status
  }
  const both = `${tag('team', 'a')}${tag('env', 'prod')}`
  t.equal(await post(`<Tagging><TagSet>${both}</TagSet></Tagging>`), 204)
  t.equal(await post(`<Tagging><TagSet>${tag('team', 'a')}</TagSet></Tagging>`), 'tags-missing')
  t.equal(await post('team=a&env=prod'), 'tags-missing')
})

t.test('maxBytes: of a body, of chunks, of a part, and of a form as it passes', async (t) => {
  const { rig, s3 } = await rigOf(t, 'maxBytes: 100KB')
  const refused = '400 object-too-large'
  const body = (bytes: number) => Buffer.alloc(bytes, 'x')
  const put = (bytes: number) =>
    refusalOf(s3.send(new PutObjectCommand({ ...TO, Body: body(bytes) })))
  t.equal(await put(100_000), 'allowed')
  t.equal(await put(100_001), refused)
  const stream = { ...TO, Body: Readable.from([body(100_001)]), ContentLength: 100_001 }
  t.equal(await refusalOf(s3.send(new PutObjectCommand(stream))), refused, 'in aws-chunked')
  const { UploadId = '' } = await s3.send(new CreateMultipartUploadCommand(TO))
  const part = { ...TO, UploadId, PartNumber: 1, Body: body(100_001) }
  t.equal(await refusalOf(s3.send(new UploadPartCommand(part))), refused)
  const range = { ...TO, UploadId, PartNumber: 1, CopySource: 'bucket/k' }
  const ranged = { ...range, CopySourceRange: 'bytes=0-100000' }
  t.equal(await refusalOf(s3.send(new UploadPartCopyCommand(ranged))), refused)
  const post = async (bytes: number, conditions?: readonly unknown[]) => {
    const form: Form = { fields: [['key', 'form']], file: body(bytes) }
    const answer = await postForm(rig.port, { ...form, ...(conditions && { conditions }) })
    return answer.headers.get('x-sealgate-reason') ?? answer.status
  }
  t.equal(await post(100_000), 204)
  t.equal(await post(100_001), 'post-file-too-large')
  const wide = [
    ['starts-with', '$key', ''],
    ['content-length-range', 0, 1_000_000],
  ]
  t.equal(await post(100_001, wide), 'post-file-too-large', "the client's own range is no way out")
  t.equal(rig.sandbox.inspect('bucket', 'form')?.size, 100_000)
})

t.test('maxBytes: the sum of the parts, and the source of a copy', async (t) => {
  const { rig, s3 } = await rigOf(t, 'maxBytes: 100KB')
  const body = (bytes: number) => Buffer.alloc(bytes, 'x')
  const upload = async (...sizes: readonly number[]) => {
    const { UploadId = '' } = await s3.send(new CreateMultipartUploadCommand(TO))
    const Parts: CompletedPart[] = []
    for (const [i, bytes] of sizes.entries()) {
      const PartNumber = i + 1
      const part = { ...TO, UploadId, PartNumber, Body: body(bytes) }
      const { ETag = '' } = await s3.send(new UploadPartCommand(part))
      Parts.push({ PartNumber, ETag })
    }
    const completion = { ...TO, UploadId, MultipartUpload: { Parts } }
    return {
      completion,
      complete: () => refusalOf(s3.send(new CompleteMultipartUploadCommand(completion))),
    }
  }
  const small = await upload(100_000)
  t.equal(await small.complete(), 'allowed')
  const completed = rig.received.find(
    ({ method, rawTarget }) => method === 'POST' && rawTarget.includes('uploadId'),
  )
  t.ok(completed?.rawHeaders.some((name) => name.toLowerCase() === 'x-amz-mp-object-size'))
  const large = await upload(60_000, 60_000)
  t.equal(await large.complete(), '400 object-too-large')
  t.match((await rig.audit()).at(-1), { reason: 'object-too-large', guards: ['maxBytes'] })
  const lying = { ...large.completion, MpuObjectSize: 50_000 }
  t.equal(
    await refusalOf(s3.send(new CompleteMultipartUploadCommand(lying))),
    '400 object-too-large',
  )
  const unknown = { ...small.completion, UploadId: 'unknown' }
  t.match(await refusalOf(s3.send(new CompleteMultipartUploadCommand(unknown))), /^404 /, "S3's")

  await s3.send(new PutObjectCommand({ Bucket: 'other', Key: 'large', Body: body(100_001) }))
  await s3.send(new PutObjectCommand({ Bucket: 'other', Key: 'small', Body: body(100) }))
  const copy = (CopySource: string, more = {}) =>
    refusalOf(s3.send(new CopyObjectCommand({ ...TO, CopySource, ...more })))
  t.equal(await copy('other/small'), 'allowed')
  t.equal(await copy('other/large'), '400 object-too-large')
  t.match(await copy('other/none'), /^404 /, "S3's")
  t.match(await copy('other/small', { CopySourceIfMatch: '"another"' }), /^412 /)
  t.match(await copy('other/small', { CopySourceIfUnmodifiedSince: new Date(0) }), /^412 /)
  const later = new Date(Date.now() + 86_400_000)
  t.equal(await copy('other/small', { CopySourceIfUnmodifiedSince: later }), 'allowed')
  const { ETag = '' } = await s3.send(new HeadObjectCommand({ Bucket: 'other', Key: 'small' }))
  t.equal(await copy('other/small', { CopySourceIfMatch: ETag }), 'allowed')
})

t.test('checksum: of the algorithms that the rule lists', async (t) => {
  const { rig, s3 } = await rigOf(t, 'checksum: [CRC32, SHA256]')
  const put = (more: Partial<PutObjectCommandInput>) =>
    refusalOf(s3.send(new PutObjectCommand({ ...TO, Body: 'x', ...more })))
  t.equal(await put({}), 'allowed', 'the SDK sends CRC32 by itself')
  t.equal(await put({ ChecksumAlgorithm: 'SHA256' }), 'allowed')
  t.equal(await put({ ChecksumAlgorithm: 'SHA1' }), '400 checksum-missing')
  const stream = { ...TO, Body: Readable.from([Buffer.alloc(100_000)]), ContentLength: 100_000 }
  t.equal(await refusalOf(s3.send(new PutObjectCommand(stream))), 'allowed', 'in a trailer')
  const plain = await send(rig.port, { method: 'PUT', path: '/bucket/k', body: 'x' })
  t.equal(plain.headers['x-sealgate-reason'], 'checksum-missing')
})

t.test('objectLock: a new object is kept, and no request bypasses it', async (t) => {
  const { rig, s3 } = await rigOf(t, 'objectLock: { mode: GOVERNANCE, days: 30 }')
  const admin = new S3Client({
    endpoint: rig.sandbox.url,
    region: REGION,
    credentials: UPSTREAM,
    forcePathStyle: true,
  })
  t.teardown(() => admin.destroy())
  await admin.send(new DeleteBucketCommand({ Bucket: 'bucket' }))
  await admin.send(new CreateBucketCommand({ Bucket: 'bucket', ObjectLockEnabledForBucket: true }))
  const DAY_MS = 86_400_000
  const daysOf = async (Key: string) => {
    const { ObjectLockMode, ObjectLockRetainUntilDate: until } = await s3.send(
      new HeadObjectCommand({ Bucket: 'bucket', Key }),
    )
    const days = ((until?.getTime() ?? 0) - Date.now()) / DAY_MS
    return `${ObjectLockMode} ${Math.round(days)}`
  }
  await s3.send(new PutObjectCommand({ ...TO, Body: 'x' }))
  t.equal(await daysOf('k'), 'GOVERNANCE 30')
  const asked = (days: number) =>
    ({
      ObjectLockMode: 'COMPLIANCE',
      ObjectLockRetainUntilDate: new Date(Date.now() + days * DAY_MS),
    }) as const
  await s3.send(new PutObjectCommand({ ...TO, Key: 'short', Body: 'x', ...asked(1) }))
  t.equal(await daysOf('short'), 'COMPLIANCE 30')
  await s3.send(new CopyObjectCommand({ ...TO, Key: 'long', CopySource: 'bucket/k', ...asked(60) }))
  t.equal(await daysOf('long'), 'COMPLIANCE 60')
  const upload = new Upload({
    client: s3,
    params: { ...TO, Key: 'parts', Body: Buffer.alloc(6 * 1024 * 1024) },
  })
  await upload.done()
  t.equal(await daysOf('parts'), 'GOVERNANCE 30')
  const digest = createHash('md5').update('content').digest('base64')
  const form: Form = {
    fields: [
      ['key', 'form'],
      ['Content-MD5', digest],
    ],
    file: 'content',
  }
  t.equal((await postForm(rig.port, form)).status, 204)
  t.equal(await daysOf('form'), 'GOVERNANCE 30')
  const { VersionId } = await s3.send(new HeadObjectCommand(TO))
  const remove = { ...TO, VersionId }
  t.match(await refusalOf(s3.send(new DeleteObjectCommand(remove))), /^403 /, 'by S3')
  const bypass = { BypassGovernanceRetention: true }
  t.equal(
    await refusalOf(s3.send(new DeleteObjectCommand({ ...remove, ...bypass }))),
    '403 retention-bypass',
  )
  const Delete = { Objects: [{ Key: 'k', VersionId }] }
  t.equal(
    await refusalOf(s3.send(new DeleteObjectsCommand({ Bucket: 'bucket', Delete, ...bypass }))),
    '403 retention-bypass',
  )
  const Retention = { Mode: 'GOVERNANCE', RetainUntilDate: new Date(Date.now() + DAY_MS) } as const
  t.equal(
    await refusalOf(s3.send(new PutObjectRetentionCommand({ ...TO, Retention, ...bypass }))),
    '403 retention-bypass',
  )
  t.match(await refusalOf(s3.send(new PutObjectRetentionCommand({ ...TO, Retention }))), /^403 /)
  const plain = await send(rig.port, { method: 'PUT', path: '/bucket/k', body: 'x' })
  t.match(plain.text, /Content-MD5 OR x-amz-checksum- HTTP header is required/)
})

t.test('mode observe sends all of it, and records what would be refused', async (t) => {
  const { rig, s3 } = await rigOf(t, 'publicAcl: refuse', 'observe')
  await s3.send(new PutObjectCommand({ ...TO, Body: 'x', ACL: 'public-read' }))
  t.match((await rig.audit()).at(-1), {
    decision: 'observe',
    reason: 'public-acl',
    guards: ['publicAcl'],
    status: 200,
  })
  await send(rig.port, { method: 'PUT', path: '/bucket/k?acl=', body: '<Unknown/>' })
  t.match((await rig.audit()).at(-1), { decision: 'observe', reason: 'xml-malformed' })
  await s3.send(new PutObjectCommand({ ...TO, Body: 'x' }))
  t.match((await rig.audit()).at(-1), { reason: null, guards: ['publicAcl'] })
  t.equal(await sumMetric(rig.adminUrl, 'sealgate_guards_total', { result: 'would-refuse' }), 2)
  t.equal(await sumMetric(rig.adminUrl, 'sealgate_guards_total', { result: 'would-pass' }), 1)
})

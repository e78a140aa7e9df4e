import { createHash } from 'node:crypto'
import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  PutBucketAclCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
  type S3ServiceException,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import t, { type Test } from 'tap'
import { type Form, postForm } from '../support/form-request.ts'
import { CLIENT, KEY, REGION, type Rig, startRig } from '../support/rig.ts'
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

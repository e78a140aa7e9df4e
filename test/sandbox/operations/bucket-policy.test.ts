import t from 'tap'
import { DEFAULT_BUCKET_ENCRYPTION } from '../../../src/sandbox/encryption.ts'
import { checkBucketPolicy } from '../../../src/sandbox/operations/bucket-policy.ts'
import { send } from '../send.ts'
import { BUCKET, startTestSandbox } from '../start-test-sandbox.ts'

const denyPut = (condition: unknown) =>
  JSON.stringify({
    Statement: {
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: `arn:aws:s3:::${BUCKET}/*`,
      Condition: condition,
    },
  })

const POLICY = denyPut({ Null: { 's3:x-amz-server-side-encryption': 'true' } })

t.test('a policy is put, told and removed', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const target = `/${BUCKET}?policy`
  t.match(await send(sandbox, { target }), { status: 404, code: 'NoSuchBucketPolicy' })
  t.equal((await send(sandbox, { method: 'PUT', target, body: POLICY })).status, 204)
  t.match(await send(sandbox, { target }), { status: 200, body: POLICY })
  t.match(await send(sandbox, { method: 'PUT', target, body: 'x' }), {
    status: 400,
    code: 'MalformedPolicy',
  })
  t.equal((await send(sandbox, { method: 'DELETE', target })).status, 204)
  t.equal((await send(sandbox, { target })).status, 404)
})

t.test('each operation has its action, of a version another', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const target = `/${BUCKET}/key`
  await send(sandbox, { method: 'PUT', target, body: 'x' })
  const deny = (action: string, resource: string) =>
    JSON.stringify({
      Statement: { Effect: 'Deny', Principal: '*', Action: action, Resource: resource },
    })
  const objects = `arn:aws:s3:::${BUCKET}/*`
  const cases: readonly (readonly [string, string, string, number, string?])[] = [
    ['s3:GetObject', 'GET', target, 403],
    ['s3:GetObject', 'GET', `${target}?versionId=null`, 200],
    ['s3:GetObjectVersion', 'HEAD', `${target}?versionId=null`, 403],
    ['s3:GetObjectTagging', 'GET', `${target}?tagging`, 403],
    ['s3:GetObjectTagging', 'GET', target, 200],
    ['s3:GetObjectVersionAcl', 'GET', `${target}?acl&versionId=null`, 403],
    ['s3:UpdateObjectEncryption', 'PUT', `${target}?encryption`, 403],
    ['s3:ListObjectAnnotations', 'GET', `${target}?annotation`, 403],
    ['s3:ListBucket', 'GET', `/${BUCKET}`, 403, `arn:aws:s3:::${BUCKET}`],
    ['s3:ListBucket', 'GET', `/${BUCKET}`, 200],
    ['s3:ListBucketVersions', 'GET', `/${BUCKET}?versions`, 403, `arn:aws:s3:::${BUCKET}`],
  ]
  for (const [action, method, at, status, resource = objects] of cases) {
    const body = deny(action, resource)
    await send(sandbox, { method: 'PUT', target: `/${BUCKET}?policy`, body })
    t.equal((await send(sandbox, { method, target: at })).status, status, `${action} ${at}`)
  }
})

t.test('a policy sees headers and what is always so', async (t) => {
  const bucket = {
    name: BUCKET,
    created: 1,
    encryption: DEFAULT_BUCKET_ENCRYPTION,
    tags: [],
    policy: POLICY,
    cors: undefined,
    versioning: undefined,
    acl: [],
    ownership: undefined,
    lock: undefined,
  }
  const check = (policy: string | undefined, headers: readonly string[]) =>
    checkBucketPolicy({ ...bucket, policy }, 's3:PutObject', 'key', headers)
  t.throws(() => check(POLICY, []), { code: 'AccessDenied' })
  t.doesNotThrow(() => check(POLICY, ['x-amz-server-side-encryption', 'aws:kms']))
  t.doesNotThrow(() => check(undefined, []))
  t.throws(() => check(denyPut({ Bool: { 'aws:SecureTransport': 'false' } }), []), {
    code: 'AccessDenied',
  })
  const version = { StringNotEquals: { 's3:signatureversion': 'AWS4-HMAC-SHA256' } }
  t.doesNotThrow(() => check(denyPut(version), []))
})

import { createHash } from 'node:crypto'
import t from 'tap'
import type { Quirks } from '../../../src/sandbox/quirks.ts'
import { send, type TestRequest } from '../send.ts'
import {
  BUCKET,
  DISABLED_KEY,
  KEY,
  PENDING_KEY,
  REGION,
  startTestSandbox,
  type Teardown,
} from '../start-test-sandbox.ts'

const target = `/${BUCKET}/key`
const SSE = 'x-amz-server-side-encryption'
const OTHER_KEY = `arn:aws:kms:${REGION}:111122223333:key/44444444-4444-4444-8444-444444444444`

async function start(t: Teardown, quirks: Quirks = {}) {
  const { sandbox } = await startTestSandbox(t, { quirks })
  sandbox.setKeyState(OTHER_KEY, 'enabled')
  const ask = (method: string, at = target, more: Partial<TestRequest> = {}) =>
    send(sandbox, { method, target: at, ...more })
  const update = (inner: string, at = `${target}?encryption`) => {
    const body = `<ObjectEncryption>${inner}</ObjectEncryption>`
    const md5 = createHash('md5').update(body).digest('base64')
    return ask('PUT', at, { body, headers: { 'content-md5': md5 } })
  }
  const kms = (arn: string, more = '') => `<SSE-KMS><KMSKeyArn>${arn}</KMSKeyArn>${more}</SSE-KMS>`
  return { sandbox, ask, update, kms }
}

t.test('the key changes, and nothing else', async (t) => {
  const { sandbox, ask, update, kms } = await start(t)
  for (const headers of [{}, { [SSE]: 'aws:kms', [`${SSE}-aws-kms-key-id`]: OTHER_KEY }]) {
    await ask('PUT', target, {
      body: 'data',
      headers: {
        ...headers,
        'x-amz-meta-a': '1',
        'x-amz-tagging': 'a=b',
        'x-amz-storage-class': 'GLACIER',
      },
    })
    const before = (await ask('HEAD')).headers
    const inspected = sandbox.inspect(BUCKET, 'key')
    const answer = await update(kms(KEY, '<BucketKeyEnabled>true</BucketKeyEnabled>'))
    t.match(answer, { status: 200, body: '' })
    t.notOk(answer.headers[SSE], 'the answer tells nothing')
    const after = (await ask('HEAD')).headers
    t.match(after, {
      [SSE]: 'aws:kms',
      [`${SSE}-aws-kms-key-id`]: KEY,
      [`${SSE}-bucket-key-enabled`]: 'true',
    })
    for (const name of ['etag', 'last-modified', 'x-amz-meta-a', 'x-amz-storage-class']) {
      t.equal(after[name], before[name], name)
    }
    t.match(sandbox.inspect(BUCKET, 'key'), { tags: inspected?.tags, size: 4 })
  }
  t.equal((await update(kms(KEY))).status, 200)
  t.notOk((await ask('HEAD')).headers[`${SSE}-bucket-key-enabled`], 'left out it is false')
})

t.test('one version is changed, and stays where it is', async (t) => {
  const { sandbox, ask, update, kms } = await start(t)
  const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  await ask('PUT', `/${BUCKET}?versioning`, { body })
  const old = (await ask('PUT', target, { body: 'old' })).headers['x-amz-version-id']
  await ask('PUT', target, { body: 'new' })
  t.equal((await update(kms(KEY), `${target}?encryption&versionId=${old}`)).status, 200)
  t.equal(sandbox.inspect(BUCKET, 'key', String(old))?.keyId, KEY)
  t.equal(sandbox.inspect(BUCKET, 'key')?.encryption, 'AES256')
  const marker = (await ask('DELETE')).headers['x-amz-version-id']
  const atMarker = `${target}?encryption&versionId=${marker}`
  t.equal((await update(kms(KEY), atMarker)).code, 'MethodNotAllowed')
  t.equal((await update(kms(KEY))).code, 'NoSuchKey')
})

t.test('what the request has wrong', async (t) => {
  const { ask, update, kms } = await start(t)
  await ask('PUT', target, { body: 'x' })
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['', 'InvalidRequest', /require a valid new encryption type/],
    ['<SSE-S3/>', 'InvalidRequest', /require a valid new encryption type/],
    ['<DSSE-KMS/>', 'InvalidRequest', /encryption type to DSSE-KMS or SSE-C/],
    ['<SSE-KMS/>', 'InvalidRequest', /to specify a KMS key ARN/],
    [kms('alias/a'), 'InvalidRequest', /correctly formatted KMS key ARN/],
    [kms(KEY.replace('key/', 'alias/')), 'InvalidRequest', /correctly formatted KMS key ARN/],
    [kms(KEY, '<BucketKeyEnabled>yes</BucketKeyEnabled>'), 'InvalidRequest', /BucketKeyEnabled/],
    [kms(KEY.replace('111122223333', '999988887777')), 'AccessDenied', /the same account/],
    [kms(KEY.replace('1111-4111', '9999-4111')), 'KMS.NotFoundException', /./],
    [kms(KEY.replace(REGION, 'eu-west-1')), 'KMS.NotFoundException', /./],
    [kms(DISABLED_KEY), 'KMS.DisabledException', /./],
    [kms(PENDING_KEY), 'KMS.KMSInvalidStateException', /./],
  ]
  for (const [inner, code, body] of cases) t.match(await update(inner), { code, body }, inner)
  const plain = await ask('PUT', `${target}?encryption`, { body: '<ObjectEncryption/>' })
  t.match(plain, { code: 'InvalidRequest', body: /Content-MD5/ })
  t.equal((await ask('PUT', `${target}?encryption`, { body: '' })).code, 'InvalidRequest')
})

t.test('sources that it cannot take', async (t) => {
  const { sandbox, ask, update, kms } = await start(t, { silentCopy: true })
  await ask('PUT', target, { headers: { [SSE]: 'aws:kms:dsse', [`${SSE}-aws-kms-key-id`]: KEY } })
  t.match(await update(kms(KEY)), { code: 'InvalidRequest', body: /type DSSE-KMS or SSE-C/ })
  const raw = Buffer.alloc(32, 1)
  await ask('PUT', target, {
    headers: {
      [`${SSE}-customer-algorithm`]: 'AES256',
      [`${SSE}-customer-key`]: raw.toString('base64'),
      [`${SSE}-customer-key-md5`]: createHash('md5').update(raw).digest('base64'),
    },
  })
  t.match(await update(kms(KEY)), { code: 'InvalidRequest', body: /type DSSE-KMS or SSE-C/ })
  await ask('PUT', `/${BUCKET}/source`)
  await ask('PUT', target, {
    headers: { 'x-amz-copy-source': `/${BUCKET}/source`, [SSE]: 'aws:kms' },
  })
  t.equal(sandbox.inspect(BUCKET, 'key')?.encryption, 'none')
  t.match(await update(kms(KEY)), { code: 'InvalidRequest', body: /unencrypted source objects/ })
})

t.test('a locked version is left alone', async (t) => {
  const { ask, update, kms } = await start(t)
  const locked = '/bucket-locked'
  await ask('PUT', locked, { headers: { 'x-amz-bucket-object-lock-enabled': 'true' } })
  for (const lock of [
    { 'x-amz-object-lock-legal-hold': 'ON' },
    {
      'x-amz-object-lock-mode': 'GOVERNANCE',
      'x-amz-object-lock-retain-until-date': '2030-01-01T00:00:00Z',
    },
    {
      'x-amz-object-lock-mode': 'GOVERNANCE',
      'x-amz-object-lock-event-hold': 'ON',
      'x-amz-object-lock-event-hold-duration-years': '1',
    },
  ]) {
    const headers = { ...lock, 'content-md5': '1B2M2Y8AsgTpgAmY7PhCfg==' }
    t.equal((await ask('PUT', `${locked}/key`, { headers })).status, 200)
    const answer = await update(kms(KEY), `${locked}/key?encryption`)
    t.match(answer, { status: 403, code: 'AccessDenied', body: /protected by S3 Object Lock/ })
  }
})

t.test('the quirks noUpdateEncryption and silentUpdateEncryption change the answers', async (t) => {
  const without = await start(t, { noUpdateEncryption: true })
  await without.ask('PUT')
  t.match(await without.update(without.kms(KEY)), { status: 501, code: 'NotImplemented' })
  const silent = await start(t, { silentUpdateEncryption: true })
  await silent.ask('PUT')
  t.equal((await silent.update(silent.kms(KEY))).status, 200)
  t.equal((await silent.ask('HEAD')).headers[SSE], 'AES256')
})

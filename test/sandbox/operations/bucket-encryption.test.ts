import t from 'tap'
import { readBucketEncryption } from '../../../src/sandbox/operations/bucket-encryption.ts'
import { element, send } from '../send.ts'
import { BUCKET, KEY, startTestSandbox } from '../start-test-sandbox.ts'

const SSE = 'x-amz-server-side-encryption'

const document = (inner: string) =>
  `<ServerSideEncryptionConfiguration><Rule>${inner}</Rule></ServerSideEncryptionConfiguration>`
const byDefault = (algorithm: string, key = '') =>
  `<ApplyServerSideEncryptionByDefault><SSEAlgorithm>${algorithm}</SSEAlgorithm>${key === '' ? '' : `<KMSMasterKeyID>${key}</KMSMasterKeyID>`}</ApplyServerSideEncryptionByDefault>`

t.test('the default of a bucket holds for what comes after', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const target = `/${BUCKET}?encryption`
  t.equal(element((await send(sandbox, { target })).body, 'SSEAlgorithm'), 'AES256')
  await send(sandbox, { method: 'PUT', target: `/${BUCKET}/old`, body: 'x' })
  const body = document(`${byDefault('aws:kms', KEY)}<BucketKeyEnabled>true</BucketKeyEnabled>`)
  t.equal((await send(sandbox, { method: 'PUT', target, body })).status, 200)
  const get = await send(sandbox, { target })
  t.strictSame(
    [element(get.body, 'KMSMasterKeyID'), element(get.body, 'BucketKeyEnabled')],
    [KEY, 'true'],
  )
  const put = await send(sandbox, { method: 'PUT', target: `/${BUCKET}/new`, body: 'x' })
  t.match(put.headers, {
    [SSE]: 'aws:kms',
    [`${SSE}-aws-kms-key-id`]: KEY,
    [`${SSE}-bucket-key-enabled`]: 'true',
  })
  t.equal(sandbox.inspect(BUCKET, 'old')?.encryption, 'AES256')
  t.equal((await send(sandbox, { method: 'DELETE', target })).status, 204)
  t.equal(
    (await send(sandbox, { method: 'PUT', target: `/${BUCKET}/new`, body: 'x' })).headers[SSE],
    'AES256',
  )
})

t.test('a document is read, or refused as MalformedXML', async (t) => {
  t.strictSame(readBucketEncryption(document(byDefault('aws:kms:dsse'))), {
    algorithm: 'aws:kms:dsse',
    keyId: undefined,
    bucketKey: false,
    blocksCustomerKeys: false,
  })
  const blocked =
    '<BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes>'
  t.match(readBucketEncryption(document(blocked)), {
    algorithm: 'AES256',
    blocksCustomerKeys: true,
  })
  t.throws(() => readBucketEncryption(document(byDefault('AES256', KEY))), {
    code: 'InvalidArgument',
  })
  t.throws(() => readBucketEncryption(document(byDefault('rot13'))), { code: 'MalformedXML' })
  t.throws(() => readBucketEncryption('<ServerSideEncryptionConfiguration/>'), {
    code: 'MalformedXML',
  })
})

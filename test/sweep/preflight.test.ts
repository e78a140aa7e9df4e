import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { compilePattern } from '../../src/policy/pattern.ts'
import type { Rule } from '../../src/policy/policy.ts'
import { exampleKeyArn } from '../../src/sandbox/sandbox.ts'
import { inspectKeys } from '../../src/sweep/inspect-keys.ts'
import { openLink } from './s3-link.ts'
import { run, startScene } from './sweep-scene.ts'

t.test('a preflight names what of the bucket policy may refuse a sweep', async (t) => {
  const scene = await startScene(t)
  const settings = (name: string, text: string) =>
    scene.send({
      method: 'PUT',
      bucket: 'bucket',
      query: [{ name, value: '' }],
      body: Buffer.from(text),
    })
  const plan = async (name: string) => {
    const args = ['--config', scene.config, '--bucket', 'bucket']
    const { stdout } = await run(['sweep', 'plan', ...args, '--state', join(scene.directory, name)])
    return stdout
  }
  t.match(await plan('none'), /^ {4}bucket policy {6}none$/m)
  const deny = (Sid: string, Action: unknown, Condition?: object) => {
    const resource = { Principal: '*', Resource: 'arn:aws:s3:::bucket/*' }
    return { Sid, Effect: 'Deny', Action, ...resource, ...(Condition && { Condition }) }
  }
  const policy = (...Statement: readonly object[]) =>
    settings('policy', JSON.stringify({ Version: '2012-10-17', Statement }))
  await policy(deny('Lists', 's3:ListBucket'))
  t.match(await plan('harmless'), /^ {4}bucket policy {6}denies nothing that a sweep does$/m)
  await policy(
    deny('Lists', 's3:ListBucket'),
    deny('Unsealed', ['s3:Put*', 's3:DeleteObject'], { Bool: { 'aws:SecureTransport': 'false' } }),
  )
  t.match(
    await plan('denied'),
    /^ {2}! bucket policy {6}may deny what a sweep does: Unsealed \(s3:Put\* if Bool\)$/m,
  )
  const apply = '<SSEAlgorithm>AES256</SSEAlgorithm>'
  const blocked =
    '<BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes>'
  await settings(
    'encryption',
    `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>${apply}</ApplyServerSideEncryptionByDefault>${blocked}</Rule></ServerSideEncryptionConfiguration>`,
  )
  t.match(await plan('blocked'), /default encryption AES256; uploads with SSE-C are blocked/)
})

t.test('a key of another account or region is found without asking KMS', async (t) => {
  const owner = '111122223333'
  const asked: unknown[] = []
  const server = createServer((request, response) => {
    const account = request.headers['x-amz-expected-bucket-owner']
    asked.push(account)
    response.writeHead(account === owner ? 200 : 403).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const link = openLink((server.address() as AddressInfo).port)
  t.teardown(() => Promise.all([link.close(), server.close()]))
  const key = exampleKeyArn('us-east-1')
  const rules = [
    rule('own', key),
    rule('foreign', key.replace(owner, '999999999999')),
    rule('far', exampleKeyArn('eu-west-1')),
    rule('again', key.replace(owner, '999999999999')),
    rule('id', '1234abcd-12ab-34cd-56ef-1234567890ab'),
  ]
  const policy = { rules }
  const found = await inspectKeys(link, 'bucket', 'us-east-1', { policy, isAws: true })
  t.strictSame([...found.foreignRules], ['foreign', 'again'])
  t.match(
    found.findings.map(({ text }) => text),
    [
      /^rule foreign: it is of account 999999999999, which does not own the bucket/,
      /^rule far: it is in eu-west-1, and the bucket in us-east-1/,
      /^rule again: /,
    ],
  )
  t.strictSame(asked, [owner, '999999999999'], 'once for each account')
  const other = await inspectKeys(link, 'bucket', 'us-east-1', { policy, isAws: false })
  t.strictSame(other, { findings: [], foreignRules: new Set() }, 'only AWS can tell')
})

function rule(name: string, keyId: string): Rule {
  const everything = [compilePattern('*')]
  return {
    name,
    match: { buckets: everything, keys: everything, clients: everything },
    effect: {
      kind: 'encrypt',
      algorithm: 'aws:kms',
      keyId,
      replicas: 'reject',
      bucketKey: undefined,
      context: undefined,
      conflict: 'override',
      customerKeys: 'reject',
    },
  }
}

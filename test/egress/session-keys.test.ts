import { randomBytes } from 'node:crypto'
import t from 'tap'
import { SealingKey } from '../../src/sts/sealing-key.ts'
import { ACCESS_KEY_BYTES, SALT_BYTES, sealSession } from '../../src/sts/session-token.ts'
import { KEY } from '../support/rig.ts'
import { startEgressRig } from './egress-rig.ts'
import { sendAbsolute } from './through-proxy.ts'

const HOST = 'bucket.s3.us-east-1.amazonaws.com'
const SEALING_KEY = randomBytes(32)
const ISSUER = 'https://oidc.example/id'

/** Keys as the gateway itself issues them. */
function keysFor(subject: string, expiresAt: number) {
  const session = {
    client: 'job',
    issuer: ISSUER,
    subject,
    sessionName: 'n',
    tokenId: 'a',
    expiresAt,
  }
  const random = { salt: randomBytes(SALT_BYTES), accessKey: randomBytes(ACCESS_KEY_BYTES) }
  return sealSession(new SealingKey(SEALING_KEY), session, random)
}

t.test('session keys are verified on their way through an egress listener', async (t) => {
  const rig = await startEgressRig({
    clients: [
      '  - name: job',
      "    webIdentity: { issuer: ci, subjects: ['job:*'] }",
      '    buckets: [bucket]',
      "  - { name: nobody, anonymous: true, buckets: ['*'] }",
    ],
    more: [
      'sts:',
      `  issuers: [{ name: ci, issuer: '${ISSUER}', audiences: [a] }]`,
      `  sealingKeys: ['${SEALING_KEY.toString('base64')}']`,
    ],
  })
  t.teardown(() => rig.close())
  const now = Math.floor(Date.now() / 1000)
  const put = async (keys: ReturnType<typeof keysFor>): Promise<string> => {
    const headers = { 'x-amz-security-token': keys.sessionToken }
    const request = { host: HOST, method: 'PUT', path: '/k', body: 'x', headers, credentials: keys }
    const answer = await sendAbsolute(rig.port, request)
    return `${answer.status} ${answer.headers['x-sealgate-reason'] ?? ''}`
  }
  const keys = keysFor('job:1', now + 60)
  t.equal(await put(keys), '200 ')
  t.match(rig.sandbox.inspect('bucket', 'k'), { encryption: 'aws:kms', keyId: KEY })
  t.notOk(JSON.stringify(rig.received).includes(keys.sessionToken))
  // Although this listener also admits a client without a signature: a claim to keys must hold.
  t.equal(await put(keysFor('job:1', now - 1)), '400 session-expired')
  t.equal(await put(keysFor('root', now + 60)), '400 session-token-invalid')
  t.equal(
    await put({ ...keys, sessionToken: `${keys.sessionToken.slice(0, -4)}AAAA` }),
    '400 session-token-invalid',
  )
  t.equal(await put({ ...keys, secretAccessKey: 'x' }), '403 signature-mismatch')
  t.match((await rig.audit())[0], { client: 'job', subject: 'job:1', issuer: 'ci' })
})

import { join } from 'node:path'
import { checkWriters } from '../clients/web-identity.ts'
import type { Report } from '../support/report.ts'
import type { S3Client } from '../support/s3-client.ts'
import { SessionGateways } from '../support/session-gateways.ts'
import { RGW } from './rgw.ts'

const SUITE = 'sessions'
const BUCKET = 'session-keys'

/**
 * Programs write to RGW with session keys: each gets them from one Sealgate and uses them at another.
 * Then keys of both kinds change under load, and keys are used to their end. `client`: RGW's own.
 */
export async function runSessions(client: S3Client, folder: string, report: Report): Promise<void> {
  const { address, keys, region, kms } = RGW
  await client.send({ method: 'PUT', target: `/${BUCKET}` })
  const gateways = await SessionGateways.start(join(folder, 'gateways'), BUCKET, {
    endpoint: `http://${address.host}:${address.port}`,
    credentials: `{ source: static, accessKeyId: ${keys.accessKeyId}, secretAccessKey: '${keys.secretAccessKey}' }`,
    upstream: '  trailers: terminate',
    keyId: kms.one,
  })
  const [two, one] = gateways.gateways
  try {
    await checkWriters(SUITE, join(folder, 'programs'), report, async (name, write) => {
      await write({
        s3Url: `http://127.0.0.1:${two?.s3}`,
        stsUrl: `http://127.0.0.1:${one?.sts}`,
        region,
        bucket: BUCKET,
        token: await gateways.issuer.token(),
      })
      await isEncrypted(client, name)
    })
    await report.check(
      SUITE,
      'a change of sealing keys and of the key set loses no request',
      async () => {
        const rounds = await gateways.rotateUnderLoad()
        if (rounds < 2) throw new Error(`only ${rounds} rounds`)
        await isEncrypted(client, 'k')
      },
    )
    await report.check(SUITE, 'keys serve until their time and not longer', async () => {
      const { refusal, served } = await gateways.useToTheEnd(3)
      if (served === 0) throw new Error('they never served')
      if (!refusal.text.includes('<Code>ExpiredToken</Code>')) throw new Error(refusal.text)
    })
  } finally {
    await gateways.close()
  }
}

async function isEncrypted(client: S3Client, key: string): Promise<void> {
  const { status, headers } = await client.send({ method: 'HEAD', target: `/${BUCKET}/${key}` })
  const keyId = headers.get('x-amz-server-side-encryption-aws-kms-key-id')
  if (status !== 200 || keyId !== RGW.kms.one) throw new Error(`${key}: ${status} ${keyId}`)
}

import { join, resolve } from 'node:path'
import { Scene } from '../clients/scene.ts'
import type { Report } from '../support/report.ts'
import type { S3Client } from '../support/s3-client.ts'
import { SuiteSealgate } from '../support/suite-sealgate.ts'
import { RGW } from './rgw.ts'

/** Tells docs/legacy-story.sh on this server. */
export async function runLegacy(upstream: S3Client, folder: string, report: Report): Promise<void> {
  const sealgate = await SuiteSealgate.start(RGW, join(folder, 'sealgate'))
  const { access } = sealgate
  const bucket = `legacy-${Date.now().toString(36)}`
  const scene = new Scene(access, upstream, bucket, join(folder, 'work'))
  await report.check('legacy story', 'docs/legacy-story.sh goes as told', async () => {
    await scene.command(resolve('docs/legacy-story.sh'), [], {
      env: {
        S3_ENDPOINT: `http://${RGW.address.host}:${RGW.address.port}`,
        S3_ACCESS_KEY_ID: RGW.keys.accessKeyId,
        S3_SECRET_ACCESS_KEY: RGW.keys.secretAccessKey,
        SEALGATE_ENDPOINT: scene.endpoint,
        SEALGATE_ACCESS_KEY_ID: access.keys.accessKeyId,
        SEALGATE_SECRET_ACCESS_KEY: access.keys.secretAccessKey,
        BUCKET: bucket,
      },
    })
  })
  await sealgate.stop()
}

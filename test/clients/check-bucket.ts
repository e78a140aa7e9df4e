import { createHash } from 'node:crypto'
import type { S3Client } from '../support/s3-client.ts'
import { encodeKey } from '../support/signer.ts'
import { xmlTexts } from '../support/xml.ts'
import type { Scene } from './scene.ts'

/**
 * Asks the S3 server itself for every object of the client's bucket: each has to be `aws:kms` under the policy's key (unless
 * `encrypted` says that nobody stood in front), its content equal, and no other object there. Throws with all that is wrong.
 */
export async function checkBucket(
  upstream: S3Client,
  scene: Scene,
  encrypted: boolean,
): Promise<void> {
  const keys = await listAll(upstream, scene.bucket)
  const wrong: string[] = []
  for (const key of keys) {
    if (!scene.seeded.has(key)) wrong.push(...(await faultsOf(upstream, scene, key, encrypted)))
  }
  for (const key of scene.expected.keys()) {
    if (!keys.includes(key)) wrong.push(`${key} is not there`)
  }
  if (keys.length === 0) wrong.push('the bucket is empty')
  if (wrong.length > 0) throw new Error(wrong.join('\n'))
}

async function faultsOf(
  upstream: S3Client,
  scene: Scene,
  key: string,
  encrypted: boolean,
): Promise<readonly string[]> {
  const answer = await upstream.send({
    method: 'GET',
    target: `/${scene.bucket}/${encodeKey(key)}`,
  })
  const algorithm = answer.headers.get('x-amz-server-side-encryption')
  const keyId = answer.headers.get('x-amz-server-side-encryption-aws-kms-key-id')
  const isRight = algorithm === 'aws:kms' && keyId === scene.access.kms.one
  const faults = encrypted && !isRight ? [`${key} is stored as ${algorithm} ${keyId}`] : []
  if (scene.namesAreItsOwn) return faults
  const hash = createHash('sha256').update(answer.body).digest('hex')
  if (!scene.expected.has(key)) return [...faults, `${key} should not be there`]
  return scene.expected.get(key) === hash ? faults : [...faults, `${key} has another content`]
}

/** All keys of a bucket, page by page. */
export async function listAll(upstream: S3Client, bucket: string): Promise<readonly string[]> {
  const keys: string[] = []
  for (let token = ''; ; ) {
    const from = token === '' ? '' : `&continuation-token=${encodeURIComponent(token)}`
    const target = `/${bucket}?list-type=2&encoding-type=url${from}`
    const { body, status } = await upstream.send({ method: 'GET', target })
    if (status !== 200) throw new Error(`no listing of ${bucket}: ${status} ${body}`)
    keys.push(...xmlTexts(body, 'Key').map((key) => decodeURIComponent(key.replaceAll('+', ' '))))
    token = xmlTexts(body, 'NextContinuationToken')[0] ?? ''
    if (token === '') return keys
  }
}

import { hash } from 'node:crypto'
import type { Test } from 'tap'
import { type HeaderList, headerValue } from '../../src/base/header-list.ts'
import {
  exampleKeyArn,
  type Sandbox,
  type SandboxOptions,
  startSandbox,
} from '../../src/sandbox/sandbox.ts'
import { headObject, type ObjectName } from '../../src/sweep/head-object.ts'
import type {
  BucketFacts,
  EncryptTarget,
  Method,
  ObjectState,
  ResealOutcome,
} from '../../src/sweep/object-version.ts'
import { readObjectState } from '../../src/sweep/read-object-state.ts'
import { type ResealTask, reseal } from '../../src/sweep/reseal.ts'
import { askS3, type S3Answer, type S3Link, type S3Question } from '../../src/sweep/s3-request.ts'
import { checksumOf } from '../support/checksum.ts'
import { openLink, type TestLink } from './s3-link.ts'

export const KEY = exampleKeyArn('us-east-1')
export const OLD_KEY = KEY.replace(/[^/]+$/, 'ffffffff-12ab-34cd-56ef-1234567890ab')
export const READER = 'ab'.repeat(32)

export const TARGET: EncryptTarget = {
  kind: 'encrypt',
  rule: 'all',
  algorithm: 'aws:kms',
  keyId: KEY,
  replicas: 'reject',
  bucketKey: true,
  headers: [
    'x-amz-server-side-encryption',
    'aws:kms',
    'x-amz-server-side-encryption-aws-kms-key-id',
    KEY,
    'x-amz-server-side-encryption-bucket-key-enabled',
    'true',
  ],
}

/** Fields of an object with every property that a header can set. */
export const PROPERTIES: HeaderList = [
  'content-type',
  'text/x-odd; charset="utf-8"',
  'content-encoding',
  'zstd',
  'content-disposition',
  'attachment; filename="a b"',
  'content-language',
  'de, en',
  'cache-control',
  'max-age=1, private',
  'expires',
  'Thu, 01 Jan 2032 00:00:00 GMT',
  'x-amz-meta-colour',
  'gr\u00fcn, =?UTF-8?B?w7w=?=',
  'x-amz-meta-empty',
  '',
  'x-amz-tagging',
  'team=a%2Bb&sp%20ace=%C3%BC&empty=',
  'x-amz-storage-class',
  'STANDARD_IA',
  'x-amz-website-redirect-location',
  '/elsewhere',
  'x-amz-grant-full-control',
  `id="${'5ea16a7e'.repeat(8)}"`,
  'x-amz-grant-read',
  `uri="http://acs.amazonaws.com/groups/global/AllUsers", id="${READER}"`,
]

/** Under a lock that lasts. */
export const LOCK: HeaderList = [
  'x-amz-object-lock-mode',
  'GOVERNANCE',
  'x-amz-object-lock-retain-until-date',
  '2099-01-01T00:00:00.000Z',
  'x-amz-object-lock-legal-hold',
  'ON',
]

/** A bucket of the embedded S3, and how a sweep sees it. */
export interface Scene {
  readonly s3: Sandbox
  readonly link: TestLink
  readonly bucket: BucketFacts
  /** Sends a request that has to succeed. */
  ask(question: Omit<S3Question, 'bucket'>): Promise<S3Answer>
  /** Writes an object with its CRC32; the fields come in addition. */
  put(key: string, fields: HeaderList, text?: string): Promise<string | undefined>
  state(key: string, versionId?: string): Promise<ObjectState>
  /** Seals the current version again, or the one that is named. */
  reseal(
    key: string,
    method: Method,
    change?: Partial<ResealTask>,
    over?: S3Link,
  ): Promise<ResealOutcome>
  uploads(): Promise<number>
}

export async function startScene(
  t: Test,
  versioning: BucketFacts['versioning'],
  options: SandboxOptions & { readonly hasLock?: boolean } = {},
): Promise<Scene> {
  const { hasLock = false, ...rest } = options
  const s3 = await startSandbox({
    kmsKeys: [
      { arn: KEY, state: 'enabled' },
      { arn: OLD_KEY, state: 'enabled' },
    ],
    ...rest,
  })
  const link = openLink(s3.port)
  t.teardown(() => Promise.all([link.close(), s3.close()]))
  const scene = sceneOf(s3, link, versioning)
  const lock = hasLock ? ['x-amz-bucket-object-lock-enabled', 'true'] : []
  await scene.ask({ method: 'PUT', fields: lock })
  if (versioning !== 'never' && !hasLock) await setVersioning(scene, 'Enabled')
  if (versioning === 'suspended') await setVersioning(scene, 'Suspended')
  return scene
}

export async function setVersioning(
  scene: Pick<Scene, 'ask'>,
  status: 'Enabled' | 'Suspended',
): Promise<void> {
  const document = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`
  const query = [{ name: 'versioning', value: '' }]
  await scene.ask({ method: 'PUT', query, body: Buffer.from(document) })
}

function sceneOf(s3: Sandbox, link: TestLink, versioning: BucketFacts['versioning']): Scene {
  const bucket: BucketFacts = {
    bucket: 'bucket',
    versioning,
    isOwnerEnforced: false,
    sendsEvents: false,
    isReplicated: false,
  }
  const ask: Scene['ask'] = async (question) => {
    const reply = await askS3(link, { ...question, bucket: 'bucket' })
    if (reply.kind !== 'answer') throw new Error(JSON.stringify({ question, reply }))
    return reply
  }
  const state: Scene['state'] = async (key, versionId) => {
    const object: ObjectName = { bucket: 'bucket', key, versionId }
    const head = await headObject(link, object)
    const read =
      head.kind === 'answer'
        ? readObjectState(object, versionId === undefined, head.headers)
        : undefined
    if (read === undefined) throw new Error(JSON.stringify({ key, head }))
    return read
  }
  return {
    s3,
    link,
    bucket,
    ask,
    state,
    put: async (key, fields, text = key) => {
      const body = Buffer.from(text)
      const sum = ['x-amz-checksum-crc32', checksumOf('crc32', body)]
      const all = [...fields, ...sum]
      const { headers } = await ask({ method: 'PUT', key, fields: all, body, hasChecksum: false })
      return headerValue(headers, 'x-amz-version-id')
    },
    reseal: async (key, method, change = {}, over = link) => {
      return await reseal(over, {
        state: change.state ?? (await state(key)),
        target: TARGET,
        method,
        bucket,
        now: Date.now,
        onBegin: async () => undefined,
        onUpload: async () => undefined,
        ...change,
      })
    },
    uploads: async () => {
      const { body } = await ask({ method: 'GET', query: [{ name: 'uploads', value: '' }] })
      return body.toString().split('<Upload>').length - 1
    },
  }
}

/** Uploads an object in parts; returns its version id. */
export async function uploadInParts(
  { ask }: Pick<Scene, 'ask'>,
  key: string,
  fields: HeaderList,
  parts: readonly Buffer[],
): Promise<string | undefined> {
  const query = [{ name: 'uploads', value: '' }]
  const created = await ask({ method: 'POST', key, query, fields })
  const [, uploadId = ''] = /<UploadId>([^<]*)/.exec(created.body.toString()) ?? []
  const upload = { name: 'uploadId', value: uploadId }
  let list = ''
  for (const [i, body] of parts.entries()) {
    const partNumber = { name: 'partNumber', value: String(i + 1) }
    const hasChecksum = fields.includes('x-amz-checksum-algorithm')
    const part = [partNumber, upload]
    const { headers } = await ask({ method: 'PUT', key, query: part, body, hasChecksum })
    const sum = hasChecksum
      ? `<ChecksumSHA256>${hash('sha256', body, 'base64')}</ChecksumSHA256>`
      : ''
    list += `<Part><PartNumber>${i + 1}</PartNumber><ETag>${headerValue(headers, 'etag')}</ETag>${sum}</Part>`
  }
  const body = Buffer.from(`<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`)
  const done = await ask({ method: 'POST', key, query: [upload], body, hasChecksum: false })
  return headerValue(done.headers, 'x-amz-version-id')
}

/** Encryption fields of an upload under a KMS key. */
export function underKey(keyId: string, algorithm = 'aws:kms'): HeaderList {
  return [
    'x-amz-server-side-encryption',
    algorithm,
    'x-amz-server-side-encryption-aws-kms-key-id',
    keyId,
  ]
}

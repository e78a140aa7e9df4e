import { equal, ok } from 'node:assert/strict'
import { GetObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import type { Page } from 'playwright-core'
import { KEY, type Rig } from '../support/rig.ts'
import type { PageServer } from './page-server.ts'

/** The bucket of all cases. */
export const Bucket = 'bucket'

/** What a case gets: Sealgate before an embedded S3, a client of it, a page, and the page's server. */
export interface Scene {
  readonly rig: Rig
  readonly s3: S3Client
  readonly page: Page
  readonly pages: PageServer
}

/** A statement about what a page can do; what it throws is its failure. */
export type Case = readonly [name: string, run: (scene: Scene) => Promise<void>]

/** The object is under the policy's key and comes back. */
export async function expectStored(
  { rig, s3 }: Scene,
  Key: string,
  content: Buffer,
): Promise<void> {
  const object = rig.sandbox.inspect(Bucket, Key)
  equal(object?.encryption, 'aws:kms', `${Key} is encrypted`)
  equal(object?.keyId, KEY)
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }))
  ok(Buffer.from((await Body?.transformToByteArray()) ?? []).equals(content), `${Key} comes back`)
}

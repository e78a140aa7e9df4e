import { deepStrictEqual, equal, match } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import {
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCorsCommand,
  GetObjectCommand,
  PutBucketCorsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { Request } from 'playwright-core'
import { Bucket, type Case, expectStored, type Scene } from './scene.ts'

const MIB = 1024 * 1024

const PICKER =
  '<!doctype html><meta charset="utf-8"><title>app</title><input type="file" id="file">'

/** The page's own address under two names; the second is another site, too, not only another origin. */
const NAMES = ['127.0.0.1', 'localhost'] as const

function originOf({ pages }: Scene, name: string): string {
  return new URL(pages.url.replace('127.0.0.1', name)).origin
}

/** The page's `<input type="file">`, so far as it is used here. */
interface Picker {
  readonly files: readonly Blob[]
}

/** Opens the application's page, with a file picked; gives the requests that it makes from then on. */
async function openPage(scene: Scene, name: string, file: Buffer): Promise<readonly Request[]> {
  const { page, pages } = scene
  pages.show(PICKER)
  await page.goto(`${originOf(scene, name)}/`)
  await page.setInputFiles('#file', {
    name: 'file.bin',
    mimeType: 'application/octet-stream',
    buffer: file,
  })
  const requests: Request[] = []
  page.on('request', (request) => requests.push(request))
  return requests
}

/** Lets the origins in while `run` runs; the rules go through Sealgate, as all else. */
async function withRules(
  { s3 }: Scene,
  origins: readonly string[],
  run: () => Promise<void>,
): Promise<void> {
  const rule = {
    AllowedOrigins: [...origins],
    AllowedMethods: ['GET', 'PUT', 'POST'],
    AllowedHeaders: ['content-type'],
    ExposeHeaders: ['ETag'],
  }
  const CORSConfiguration = { CORSRules: [rule] }
  await s3.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration }))
  await run().finally(() => s3.send(new DeleteBucketCorsCommand({ Bucket })))
}

/** What the page sees of a `fetch` that puts its file, or part of it; `error` where it fails. */
function putFile(scene: Scene, url: string, from = 0, to = Number.MAX_SAFE_INTEGER) {
  return scene.page.locator('#file').evaluate(
    async ({ files }: Picker, [at, start, end]) => {
      const body = files[0]?.slice(start, end, 'application/octet-stream') ?? null
      try {
        const answer = await fetch(at, { method: 'PUT', body })
        return {
          status: answer.status,
          etag: answer.headers.get('etag'),
          requestId: answer.headers.get('x-amz-request-id'),
          text: await answer.text(),
        }
      } catch (error) {
        return { error: error instanceof Error ? error.name : '' }
      }
    },
    [url, from, to] as const,
  )
}

/** How S3 was asked, in order. */
function methodsOf({ rig }: Scene, since: number): readonly string[] {
  return rig.received.slice(since).map(({ method }) => method)
}

/** Pages of another origin than Sealgate's, as applications have them: `fetch` with presigned addresses. */
export const CROSS_ORIGIN: readonly Case[] = [
  ...NAMES.map(
    (name): Case => [
      `a page of ${name} puts its file to a presigned address and reads it back`,
      async (scene) => {
        const { rig, s3, page } = scene
        const content = randomBytes(3 * MIB)
        const Key = `cross/ü ${name}.bin`
        await withRules(scene, [originOf(scene, name)], async () => {
          const requests = await openPage(scene, name, content)
          const since = rig.received.length
          const seen = await putFile(
            scene,
            await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key })),
          )
          const etag = `"${rig.sandbox.inspect(Bucket, Key)?.etag}"`
          // Of the answer's fields the page sees those that the rule exposes.
          deepStrictEqual(seen, { status: 200, etag, requestId: null, text: '' })
          const back = await page.locator('#file').evaluate(
            async ({ files }: Picker, from) => {
              const sent = new Uint8Array((await files[0]?.arrayBuffer()) ?? [])
              const answer = await fetch(from)
              const got = new Uint8Array(await answer.arrayBuffer())
              const isEqual = got.length === sent.length && got.every((byte, i) => byte === sent[i])
              return { etag: answer.headers.get('etag'), isEqual }
            },
            await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key })),
          )
          deepStrictEqual(back, { etag, isEqual: true })
          deepStrictEqual(methodsOf(scene, since), ['OPTIONS', 'PUT', 'GET'])
          const site = (await requests[0]?.allHeaders())?.['sec-fetch-site']
          equal(site, name === 'localhost' ? 'cross-site' : 'same-site')
        })
        await expectStored(scene, Key, content)
      },
    ],
  ),
  [
    'without a rule for its origin the page’s fetch fails and nothing is stored',
    async (scene) => {
      const { rig, s3 } = scene
      for (const origins of [[], [originOf(scene, 'localhost')]]) {
        const Key = `cross/refused-${origins.length}`
        const url = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key }))
        const attempt = async () => {
          await openPage(scene, '127.0.0.1', Buffer.from('content'))
          const since = rig.received.length
          deepStrictEqual(await putFile(scene, url), { error: 'TypeError' })
          deepStrictEqual(methodsOf(scene, since), ['OPTIONS'], 'only the preflight was sent')
        }
        await (origins.length === 0 ? attempt() : withRules(scene, origins, attempt))
        equal(rig.sandbox.inspect(Bucket, Key), undefined)
      }
    },
  ],
  [
    'a file in parts: the page gathers the ETags that complete the upload',
    async (scene) => {
      const { s3 } = scene
      const Key = 'cross/parts'
      const content = randomBytes(6 * MIB)
      const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket, Key }))
      await withRules(scene, ['http://127.0.0.1:*'], async () => {
        await openPage(scene, '127.0.0.1', content)
        const Parts: CompletedPart[] = []
        for (const PartNumber of [1, 2]) {
          const command = new UploadPartCommand({ Bucket, Key, UploadId, PartNumber })
          const url = await getSignedUrl(s3, command)
          const start = (PartNumber - 1) * 5 * MIB
          const seen = await putFile(scene, url, start, start + 5 * MIB)
          Parts.push({ PartNumber, ETag: 'etag' in seen ? (seen.etag ?? '') : '' })
        }
        const MultipartUpload = { Parts }
        await s3.send(
          new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload }),
        )
      })
      await expectStored(scene, Key, content)
    },
  ],
  [
    'a presigned form that the page posts itself, without a preflight',
    async (scene) => {
      const { rig, s3, page } = scene
      const Key = 'cross/form'
      const form = await createPresignedPost(s3, { Bucket, Key })
      await withRules(scene, [originOf(scene, '127.0.0.1')], async () => {
        await openPage(scene, '127.0.0.1', Buffer.from('content'))
        const since = rig.received.length
        const seen = await page.locator('#file').evaluate(
          async ({ files }: Picker, [url, fields]) => {
            const body = new FormData()
            for (const [name, value] of Object.entries(fields)) body.append(name, value)
            body.append('file', files[0] ?? '')
            const answer = await fetch(url, { method: 'POST', body })
            return { status: answer.status, etag: answer.headers.get('etag') }
          },
          [form.url, form.fields] as const,
        )
        const etag = `"${rig.sandbox.inspect(Bucket, Key)?.etag}"`
        deepStrictEqual(seen, { status: 204, etag })
        deepStrictEqual(methodsOf(scene, since), ['POST'])
      })
      await expectStored(scene, Key, Buffer.from('content'))
    },
  ],
  [
    'an expired address: the page reads the refusal and can tell it from a network that is down',
    async (scene) => {
      const { rig, s3 } = scene
      const Key = 'cross/expired'
      const url = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key }), {
        signingDate: new Date(Date.now() - 3_600_000),
        expiresIn: 60,
      })
      await withRules(scene, [originOf(scene, '127.0.0.1')], async () => {
        await openPage(scene, '127.0.0.1', Buffer.from('content'))
        const seen = await putFile(scene, url)
        equal('status' in seen && seen.status, 403)
        match(
          'text' in seen ? seen.text : '',
          /<Code>AccessDenied<.*<Message>Request has expired \(Sealgate: presigned-expired\)</s,
        )
      })
      equal(rig.sandbox.inspect(Bucket, Key), undefined)
    },
  ],
]

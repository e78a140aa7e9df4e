import { deepStrictEqual, equal, match } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { createPresignedPost, type PresignedPostOptions } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { Response } from 'playwright-core'
import { Report } from '../support/report.ts'
import { CLIENT, REGION, startRig } from '../support/rig.ts'
import { AUDIT_PAGE } from './audit-page.ts'
import { reasonWithoutBrowser, startBrowser } from './chromium.ts'
import { CROSS_ORIGIN } from './cross-origin.ts'
import { formPage, startPageServer } from './page-server.ts'
import { Bucket, type Case, expectStored, type Scene } from './scene.ts'
import { START_PAGE } from './start-page.ts'

/*
 * A real browser in front of Sealgate: pages that post presigned forms and fetch presigned addresses,
 * of Sealgate's origin and of others; the start page of the admin listener; and the page of an audit.
 * `npm run test:browser`; the last line is `N passed, N failed`.
 */

const MIB = 1024 * 1024

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

interface Upload {
  readonly options?: Partial<PresignedPostOptions>
  readonly name?: string
  readonly content?: Buffer
  /** Changes a form that has been signed. */
  readonly tamper?: (fields: Record<string, string>) => void
}

/** Opens a page with a presigned form, picks a file and presses the button. */
async function upload(scene: Scene, { options, name, content, tamper }: Upload): Promise<Response> {
  const { s3, page, pages } = scene
  // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's variable has this very form.
  const form = await createPresignedPost(s3, { Bucket, Key: 'up/${filename}', ...options })
  const fields = { ...form.fields }
  tamper?.(fields)
  pages.show(formPage(form.url, fields))
  await page.goto(pages.url)
  await page.setInputFiles('#file', {
    name: name ?? 'file.bin',
    mimeType: 'application/octet-stream',
    buffer: content ?? Buffer.from('content'),
  })
  const answered = page.waitForResponse((response) => response.request().method() === 'POST')
  await page.click('#submit')
  return answered
}

const CASES: readonly Case[] = [
  [
    'a presigned form uploads a file',
    async (scene) => {
      const content = randomBytes(100_000)
      equal((await upload(scene, { content })).status(), 204)
      await expectStored(scene, 'up/file.bin', content)
    },
  ],
  [
    'an empty file',
    async (scene) => {
      equal((await upload(scene, { name: 'empty', content: Buffer.alloc(0) })).status(), 204)
      await expectStored(scene, 'up/empty', Buffer.alloc(0))
    },
  ],
  [
    '20 MiB',
    async (scene) => {
      const content = randomBytes(20 * MIB)
      equal((await upload(scene, { name: 'large', content })).status(), 204)
      await expectStored(scene, 'up/large', content)
    },
  ],
  [
    'names as people give them',
    async (scene) => {
      const names = ['a b+c&d.txt', `it's "quoted"; so.txt`, 'ü 日本.txt']
      for (const name of names) {
        const content = Buffer.from(name)
        equal((await upload(scene, { name, content })).status(), 204, name)
        await expectStored(scene, `up/${name}`, content)
      }
    },
  ],
  [
    'encryption that the form asks for is overridden',
    async (scene) => {
      const options = { Fields: { 'x-amz-server-side-encryption': 'AES256' } }
      equal((await upload(scene, { name: 'aes', options })).status(), 204)
      await expectStored(scene, 'up/aes', Buffer.from('content'))
    },
  ],
  [
    'the browser follows the redirect to the application',
    async (scene) => {
      const done = `${scene.pages.url}done?id=1`
      const options = { Fields: { success_action_redirect: done } }
      equal((await upload(scene, { name: 'redirected', options })).status(), 303)
      await scene.page.waitForSelector('#at')
      const at = (await scene.page.textContent('#at')) ?? ''
      match(at, /^\/done\?id=1&bucket=bucket&key=up%2Fredirected&etag=%22[0-9a-f]+%22$/)
      await expectStored(scene, 'up/redirected', Buffer.from('content'))
    },
  ],
  [
    'a document with the address where 201 is asked for',
    async (scene) => {
      const options = { Fields: { success_action_status: '201' } }
      const response = await upload(scene, { name: 'created', options })
      equal(response.status(), 201)
      match(await response.text(), new RegExp(`<Location>${scene.rig.url}/bucket/up/created<`))
    },
  ],
  [
    'a form that was changed after signing shows S3’s error and stores nothing',
    async (scene) => {
      const response = await upload(scene, {
        name: 'tampered',
        tamper: (fields) => {
          Object.assign(fields, { key: 'elsewhere' })
        },
      })
      equal(response.status(), 403)
      match(await response.text(), /<Code>AccessDenied<\/Code>/)
      equal(scene.rig.sandbox.inspect(Bucket, 'elsewhere'), undefined)
    },
  ],
  [
    'a file beyond the range: the browser shows the answer, not a broken connection',
    async (scene) => {
      const options: Partial<PresignedPostOptions> = {
        Conditions: [['content-length-range', 0, 1000]],
      }
      const content = randomBytes(20 * MIB)
      const response = await upload(scene, { name: 'beyond', options, content })
      equal(response.status(), 400)
      match(await response.text(), /<Code>EntityTooLarge<\/Code>/)
      equal(scene.rig.sandbox.inspect(Bucket, 'up/beyond'), undefined)
    },
  ],
  [
    'a page that came from a presigned address puts and gets by presigned addresses',
    async (scene) => {
      const { s3, page } = scene
      const put = new PutObjectCommand({
        Bucket,
        Key: 'page.html',
        Body: '<!doctype html><title>page</title>',
        ContentType: 'text/html',
      })
      await s3.send(put)
      // The same origin as the addresses: no preflight, which only a bucket's CORS answers.
      const shown = await page.goto(
        await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: 'page.html' })),
      )
      equal(shown?.status(), 200)
      equal(await page.title(), 'page')
      const Key = 'fetched ü.bin'
      const putUrl = await getSignedUrl(s3, new PutObjectCommand({ Bucket, Key }))
      const getUrl = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key }))
      const length = 3 * MIB
      const fetched = await page.evaluate(
        async ([to, from, bytes]) => {
          const body = new Uint8Array(bytes).fill(7)
          const stored = await fetch(to, { method: 'PUT', body: new Blob([body]) })
          const back = await (await fetch(from)).arrayBuffer()
          return {
            status: stored.status,
            bytes: back.byteLength,
            good: new Uint8Array(back).every((byte) => byte === 7),
          }
        },
        [putUrl, getUrl, length] as const,
      )
      deepStrictEqual(fetched, { status: 200, bytes: length, good: true })
      await expectStored(scene, Key, Buffer.alloc(length, 7))
    },
  ],
]

async function runCases(report: Report): Promise<void> {
  const browser = await startBrowser(print)
  print(`# Chromium ${browser.version()}`)
  const rig = await startRig()
  const pages = await startPageServer()
  const s3 = new S3Client({
    endpoint: rig.url,
    region: REGION,
    credentials: CLIENT,
    forcePathStyle: true,
  })
  try {
    for (const [name, run] of [...CASES, ...CROSS_ORIGIN, ...START_PAGE, ...AUDIT_PAGE]) {
      const page = await browser.newPage()
      page.setDefaultTimeout(90_000)
      await report.check('browser', name, () => run({ rig, s3, page, pages }))
      await page.close()
    }
  } finally {
    s3.destroy()
    await browser.close()
    await pages.close()
    await rig.close()
  }
}

const reason = reasonWithoutBrowser()
if (reason === undefined) {
  const report = new Report(print, process.argv.includes('-v'))
  await runCases(report)
  print(report.summary())
  process.exitCode = report.count('failed') === 0 ? 0 : 1
} else {
  print(`test:browser ${reason}`)
  process.exitCode = 1
}

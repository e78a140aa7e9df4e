import { deepStrictEqual, equal, match, ok } from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { KEY, type Rig, startRig } from '../support/rig.ts'
import { send } from '../support/signed-request.ts'
import type { Case } from './scene.ts'

/** Screenshots, for people to look at. */
const FOLDER = join('build', 'start-page')

/** Exempt and sealed uploads, a copy that S3 does not encrypt, and refusals. */
const OPTIONS = {
  policy: `
  rules:
    - { name: exempt, match: { buckets: [other] }, exempt: an old tool }
    - { name: all, encrypt: { keyId: '${KEY}' } }`,
  sandbox: { quirks: { silentCopy: true } },
} as const

async function drive({ port }: Rig): Promise<void> {
  const put = { method: 'PUT', body: 'x' }
  for (let i = 0; i < 12; i++) await send(port, { ...put, path: `/bucket/k${i}` })
  for (let i = 0; i < 3; i++) await send(port, { ...put, path: `/other/k${i}` })
  await send(port, {
    method: 'PUT',
    path: '/bucket/copy',
    headers: { 'x-amz-copy-source': '/bucket/k0' },
  })
  await send(port, { path: '/bucket/k0' })
  await send(port, { path: '/bucket/k0', headers: { 'x-amz-server-side-encryption': 'AES256' } })
  for (let i = 0; i < 2; i++) await send(port, { path: '/bucket/k0', credentials: null })
}

/** The value of a series of /metrics. */
function valueIn(metrics: string, series: string): string {
  const line = metrics.split('\n').find((text) => text.startsWith(`${series} `))
  return line?.slice(series.length + 1) ?? `${series} is not there`
}

async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.textContent(selector)) ?? ''
}

/** Opens the page as a reader with this screen does, and keeps what it looks like. */
async function show(
  page: Page,
  rig: Rig,
  width: number,
  colorScheme: 'light' | 'dark',
): Promise<void> {
  await page.setViewportSize({ width, height: 900 })
  await page.emulateMedia({ colorScheme })
  await page.goto(`${rig.adminUrl}/`)
  mkdirSync(FOLDER, { recursive: true })
  const path = join(FOLDER, `${width}-${colorScheme}.png`)
  await page.screenshot({ path, fullPage: true })
}

export const START_PAGE: readonly Case[] = [
  [
    'the start page shows what /metrics says, and runs nothing',
    async ({ page }) => {
      const rig = await startRig(OPTIONS)
      const complaints: string[] = []
      page.on('console', (message) => complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(error.message))
      try {
        await drive(rig)
        await show(page, rig, 1000, 'light')
        const metrics = await (await fetch(`${rig.adminUrl}/metrics`)).text()
        equal(await textOf(page, '#health'), 'Ready')
        equal(await textOf(page, '#coverage'), '75 %')
        for (const outcome of ['sealed', 'exempt', 'observed', 'unconfirmed']) {
          const series = `sealgate_object_writes_total{outcome="${outcome}"}`
          equal(await textOf(page, `#writes-${outcome}`), valueIn(metrics, series), outcome)
        }
        for (const encryption of ['policy', 'other-key', 'sse-s3', 'none']) {
          const series = `sealgate_reads_total{encryption="${encryption}"}`
          equal(await textOf(page, `#reads-${encryption}`), valueIn(metrics, series), encryption)
        }
        for (const [reason, count] of [
          ['anonymous', '2'],
          ['encryption-headers-on-read', '1'],
          ['encryption-not-confirmed', '1'],
        ] as const) {
          const series = `sealgate_refusals_total{reason="${reason}"}`
          equal(valueIn(metrics, series), count)
          equal(await textOf(page, `#refusals-${reason}`), count)
        }
        const [mode, hash] = [await textOf(page, '.mode'), await textOf(page, '.hash')]
        equal(valueIn(metrics, `sealgate_config_info{mode="${mode}",hash="${hash}"}`), '1')
        match(metrics, new RegExp(`build_info{version="${await textOf(page, '#version')}"`))
        equal(await page.locator('svg rect').count(), 3, 'sealed, exempt, unconfirmed')
        const bar = await page.locator('svg rect.sealed').boundingBox()
        ok((bar?.height ?? 0) > 40, 'three quarters of the strip')
        deepStrictEqual(complaints, [], 'the policy of its content is kept')
      } finally {
        await rig.close()
      }
    },
  ],
  [
    'the start page is readable on a telephone, light and dark',
    async ({ page }) => {
      const rig = await startRig(OPTIONS)
      try {
        await drive(rig)
        for (const colorScheme of ['light', 'dark'] as const) {
          await show(page, rig, 375, colorScheme)
          const width = Number(await page.evaluate('document.documentElement.scrollWidth'))
          ok(width <= 375, `${width} px wide, ${colorScheme}`)
          const background = await page.evaluate('getComputedStyle(document.body).backgroundColor')
          equal(background, colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(17, 21, 26)')
        }
      } finally {
        await rig.close()
      }
    },
  ],
]

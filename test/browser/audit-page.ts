import { deepStrictEqual, equal, match, ok } from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { AuditServer } from '../../src/report/audit-server.ts'
import { verifierOf } from '../support/make-trail.ts'
import { KEY_ARN, reportTrail } from '../support/report-trail.ts'
import type { Case } from './scene.ts'

/** Screenshots, for people to look at. */
const FOLDER = join('build', 'audit-page')

/** Runs with a server of a trail that has every kind of line. */
async function withServer(run: (url: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'sealgate-audit-page-'))
  reportTrail(directory)
  const options = { paths: [directory], verifiers: [verifierOf()], anchor: undefined }
  const server = new AuditServer({ ...options, command: 'sealgate audit serve' })
  const port = await server.listen('127.0.0.1', 0)
  try {
    await run(`http://127.0.0.1:${port}`)
  } finally {
    await server.close()
    rmSync(directory, { recursive: true })
  }
}

async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.textContent(selector)) ?? ''
}

async function shoot(page: Page, name: string): Promise<void> {
  mkdirSync(FOLDER, { recursive: true })
  await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage: true })
}

/** Contrast of each visible text with the background under it, below WCAG AA; runs in the page. */
const LOW_CONTRAST = `(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number)
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map((value) => {
      const share = value / 255
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const background = light(getComputedStyle(document.body).backgroundColor)
  const wrong = []
  for (const element of document.querySelectorAll('main *, header *')) {
    if (element.closest('svg, input, button')) continue
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue
    const own = light(getComputedStyle(element).color)
    const [high, low] = [Math.max(own, background), Math.min(own, background)]
    const ratio = (high + 0.05) / (low + 0.05)
    if (ratio < 4.5) wrong.push(element.outerHTML.slice(0, 80) + ' ' + ratio.toFixed(2))
  }
  return wrong
})()`

export const AUDIT_PAGE: readonly Case[] = [
  [
    'the page of an audit shows its numbers, runs nothing, and is readable on every screen and on A4',
    async ({ page }) => {
      const complaints: string[] = []
      page.on('console', (message) => complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(error.message))
      await withServer(async (url) => {
        for (const [width, colorScheme] of [
          [1000, 'light'],
          [375, 'light'],
          [375, 'dark'],
        ] as const) {
          await page.setViewportSize({ width, height: 900 })
          await page.emulateMedia({ colorScheme })
          await page.goto(url)
          await shoot(page, `${width}-${colorScheme}`)
          const widest = Number(await page.evaluate('document.documentElement.scrollWidth'))
          ok(widest <= width, `${widest} px wide`)
          deepStrictEqual(await page.evaluate(LOW_CONTRAST), [])
        }
        equal(await textOf(page, '#coverage'), '37.5 %')
        equal(await textOf(page, '#uploads'), '10')
        match(await textOf(page, '#verdict'), /VERIFIED, WITH GAPS/)
        equal(await page.locator('#by-key tbody tr').count(), 5)
        equal(await page.locator('#unconfirmed li').count(), 2)
        const bar = await page.locator('svg rect.sealed').boundingBox()
        ok((bar?.height ?? 0) > 10, 'three tenths of the strip')
        await page.emulateMedia({ media: 'print', colorScheme: 'dark' })
        const paper = await page.evaluate('getComputedStyle(document.body).backgroundColor')
        equal(paper, 'rgb(255, 255, 255)', 'light on paper')
        const pdf = await page.pdf({ format: 'A4', path: join(FOLDER, 'a4.pdf') })
        match(pdf.toString('latin1', 0, 8), /^%PDF-/)
        // A4 without its margins, in CSS pixels.
        await page.setViewportSize({ width: 680, height: 1000 })
        await shoot(page, 'print')
        const wide = Number(await page.evaluate('document.documentElement.scrollWidth'))
        ok(wide <= 680, `${wide} px wide on paper`)
      })
      deepStrictEqual(complaints, [], 'the policy of its content is kept')
    },
  ],
  [
    'a month is chosen on the page of an audit, and the page keeps to it',
    async ({ page }) => {
      await withServer(async (url) => {
        await page.setViewportSize({ width: 375, height: 900 })
        await page.goto(url)
        await page.fill('input[name=period]', '2026-01')
        await page.click('form[action="/"] button')
        await page.waitForURL('**/?period=2026-01')
        equal(
          await page.getAttribute('a[href^="/report.csv"]', 'href'),
          '/report.csv?period=2026-01',
        )
        await shoot(page, 'period')
        const wide = Number(await page.evaluate('document.documentElement.scrollWidth'))
        ok(wide <= 375, `${wide} px wide on a phone`)
        await page.click('nav[aria-label=Period] a')
        equal(await page.getAttribute('a[href^="/report.csv"]', 'href'), '/report.csv')
      })
    },
  ],
  [
    'an object is looked up on the page of an audit, and the proof of its line is saved',
    async ({ page }) => {
      await withServer(async (url) => {
        await page.setViewportSize({ width: 375, height: 900 })
        await page.goto(url)
        await page.fill('input[name=bucket]', 'other')
        await page.fill('input[name=key]', '2026/01/02/invoices.parquet')
        await page.click('form[role=search] button')
        await page.waitForSelector('#holding')
        ok((await textOf(page, '#holding')).includes(`under ${KEY_ARN} (sealed)`))
        await shoot(page, 'object')
        const saved = page.waitForEvent('download')
        await page.click('#lines a')
        match((await saved).suggestedFilename(), /^ONE\d+\.tlog-proof$/)
      })
    },
  ],
]

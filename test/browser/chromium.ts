import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'
import { installPackages } from '../support/packages.ts'

/** Where Debian's package puts it. */
const CHROMIUM = '/usr/bin/chromium'

/** Why there is no browser here and cannot be one; undefined: there is, or can be. */
export function reasonWithoutBrowser(): string | undefined {
  if (existsSync(CHROMIUM) || process.getuid?.() === 0) return undefined
  return `needs ${CHROMIUM}, or root to install it: apt-get install chromium`
}

/** Starts Debian's Chromium, headless; installs the package where it is absent. */
export async function startBrowser(print: (line: string) => void): Promise<Browser> {
  if (!existsSync(CHROMIUM)) await installPackages(['chromium'], print)
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      // Nothing but the pages of the test: no request of the browser's own.
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

import { readFileSync } from 'node:fs'

/** Returns the version of this program from package.json. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(text)
  return String(version)
}

import { readdirSync, readFileSync } from 'node:fs'

const BUILD = 'build/test'

/** Compiled test files that have a process of their own, in the order of `tap.include` in package.json. */
export function ownProcessFiles(): readonly string[] {
  const files = testFiles()
  return [
    ...new Set(includePatterns().flatMap((pattern) => files.filter((file) => pattern.test(file)))),
  ]
}

/** All others. A new folder is among them until package.json names it, so it cannot be forgotten. */
export function sharedProcessFiles(): readonly string[] {
  const patterns = includePatterns()
  return testFiles().filter((file) => !patterns.some((pattern) => pattern.test(file)))
}

function testFiles(): readonly string[] {
  return readdirSync(BUILD, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.js'))
    .map((file) => `${BUILD}/${file}`)
    .sort()
}

/** `*` within a name, `**` over folders, `{a,b}`. */
function includePatterns(): readonly RegExp[] {
  const include: readonly string[] = JSON.parse(readFileSync('package.json', 'utf8')).tap.include
  return include.map((glob) => {
    const source = glob.replace(/\*\*\/|[*.{},]/g, (found) => PATTERN_OF[found] ?? found)
    return new RegExp(`^${source}$`)
  })
}

const PATTERN_OF: Readonly<Record<string, string>> = {
  ...{ '**/': '(?:.*/)?', '*': '[^/]*', '.': '\\.' },
  ...{ '{': '(?:', ',': '|', '}': ')' },
}

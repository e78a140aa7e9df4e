import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import t from 'tap'

/**
 * The fast tests of code that holds no process state, in one process: loading the runner costs more
 * than most of them. They are all files that package.json does not give a process of their own, so a
 * new folder cannot be forgotten. Each file also runs alone (`node build/test/s3/query.test.js`).
 */
const OWN_PROCESS = ownProcessPatterns(readFileSync('package.json', 'utf8'))

// The runner sets its own limit; without it, tap would end a run by hand after 30 s.
t.setTimeout(300_000)

// One seed, so that a run says the same about the same code; a file that runs alone draws its own.
fc.configureGlobal({ seed: 20_261_123 })

for (const file of readdirSync('build/test', { recursive: true, encoding: 'utf8' }).sort()) {
  const path = `build/test/${file}`
  if (!path.endsWith('.test.js') || OWN_PROCESS.some((pattern) => pattern.test(path))) continue
  await import(new URL(file, import.meta.url).href)
}

/** What the runner is told to start by itself: `*` within a name, `**` over folders, `{a,b}`. */
function ownProcessPatterns(packageJson: string): readonly RegExp[] {
  const include: readonly string[] = JSON.parse(packageJson).tap.include
  return include.map((glob) => {
    const source = glob
      .replaceAll('.', '\\.')
      .replace(/\*\*\/|\*|\{([^}]*)\}/g, (found, names?: string) => {
        if (names !== undefined) return `(?:${names.replaceAll(',', '|')})`
        return found === '*' ? '[^/]*' : '(?:.*/)?'
      })
    return new RegExp(`^${source}$`)
  })
}

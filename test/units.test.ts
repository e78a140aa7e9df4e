import { readdirSync } from 'node:fs'
import fc from 'fast-check'

/**
 * The fast tests of code that holds no process state, in one process: loading the runner costs more
 * than most of them. Each file also runs alone (`node build/test/s3/query.test.js`).
 */
const FOLDERS = [
  'base',
  's3',
  'sigv4',
  'policy',
  'body',
  'config',
  'telemetry',
  'upstream',
  'proxy',
  'service',
  'sandbox',
  'sandbox/operations',
]

/** Looks at the timers of its process; the runner is told of it beside this file. */
const ALONE = ['unread-body.test.js']

// One seed, so that a run says the same about the same code; a file that runs alone draws its own.
fc.configureGlobal({ seed: 20_261_123 })

for (const folder of FOLDERS) {
  for (const file of readdirSync(new URL(folder, import.meta.url)).sort()) {
    if (!file.endsWith('.test.js') || ALONE.includes(file)) continue
    await import(new URL(`${folder}/${file}`, import.meta.url).href)
  }
}

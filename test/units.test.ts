import { readdirSync } from 'node:fs'

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

for (const folder of FOLDERS) {
  for (const file of readdirSync(new URL(folder, import.meta.url)).sort()) {
    if (file.endsWith('.test.js')) await import(new URL(`${folder}/${file}`, import.meta.url).href)
  }
}

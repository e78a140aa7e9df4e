import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import t from 'tap'
import { LOADED_FILES } from './support/plan-run.ts'
import { sharedProcessFiles } from './support/test-files.ts'

/**
 * The fast tests of code that holds no process state, in one process: loading the libraries costs
 * more than most of them. `I/N` runs each Nth file from the Ith on, so that N processes share them.
 * Each file also runs alone (`node build/test/s3/query.test.js`).
 */

// The runner sets its own limit; without it, tap would end a run by hand after 30 s.
t.setTimeout(900_000)

// One seed, so that a run says the same about the same code; a file that runs alone draws its own.
fc.configureGlobal({ seed: 20_261_123 })

const [shard = 1, shards = 1] = (process.argv[2] ?? '1/1').split('/').map(Number)
// biome-ignore lint/style/noProcessEnv: set by the runner
const named = process.env[LOADED_FILES]?.split(' ').filter((file) => file !== '') ?? []
for (const [i, file] of (named.length > 0 ? named : sharedProcessFiles()).entries()) {
  if (i % shards === shard - 1) await import(pathToFileURL(resolve(file)).href)
}

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import t from 'tap'
import { sharedProcessFiles } from './support/test-files.ts'

/**
 * The fast tests of code that holds no process state, in one process: loading the libraries costs
 * more than most of them. `I/N` runs each Nth file from the Ith on, so that N processes share them; files behind
 * it are run instead of all.
 * Each file also runs alone (`node build/test/s3/query.test.js`).
 */

// The runner sets its own limit; without it, tap would end a run by hand after 30 s.
t.setTimeout(600_000)

// One seed, so that a run says the same about the same code; a file that runs alone draws its own.
fc.configureGlobal({ seed: 20_261_123 })

const [share = '1/1', ...named] = process.argv.slice(2)
const [shard = 1, shards = 1] = share.split('/').map(Number)
for (const [i, file] of (named.length > 0 ? named : sharedProcessFiles()).entries()) {
  if (i % shards === shard - 1) await import(pathToFileURL(resolve(file)).href)
}

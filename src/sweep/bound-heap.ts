import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Versions between two collections. */
const STEP = 2000

setFlagsFromString('--expose-gc')
// The young generation stays at its first size. What a page needs outlives 32 MiB of it as well as 2.
setFlagsFromString('--semi-space-growth-factor=1')
const collectGarbage: () => void = runInNewContext('gc')

let since = 0

/**
 * Counts versions, and collects garbage after some thousands: what belongs to a page outlives the young
 * generation, and V8 lets the old one grow to gigabytes where a machine has them. Importing this file sets two of
 * V8's flags. `test/sweep/large-plan.ts` measures what it is good for.
 */
export function collectAfterVersions(count: number): void {
  since += count
  if (since < STEP) return
  since = 0
  collectGarbage()
}

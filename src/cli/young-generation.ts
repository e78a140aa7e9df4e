const MIB = 1024 * 1024

/** What a proxy needs for the objects of requests that run at the same time. */
const SEMI_SPACE_MIB = 16
/** From this much on, it is V8's own limit. */
const ENOUGH_BYTES = 2048 * MIB

/** The option of node that gives the young generation its room. */
export const YOUNG_GENERATION_OPTION = `--max-semi-space-size=${SEMI_SPACE_MIB}`

/** How this process was started. */
interface NodeStart {
  /** The smaller one of the container's limit and the machine's memory. */
  readonly memoryBytes: number
  readonly execArgv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Returns whether V8 has little room for new objects: it gives the young generation 1 MiB where memory is
 * limited to 512 MiB or less, so that what a request needs is moved to the old generation while the request
 * runs, and each request costs twice the CPU (docs/benchmarks.md). The limit can only be set when node starts.
 *
 * Source: https://nodejs.org/api/cli.html#--max-semi-space-sizesize-in-mib
 */
export function hasSmallYoungGeneration({ memoryBytes, execArgv, env }: NodeStart): boolean {
  if (memoryBytes >= ENOUGH_BYTES) return false
  const given = [...execArgv, ...(env['NODE_OPTIONS'] ?? '').split(' ')]
  // V8 takes underscores too.
  return !given.some((option) => /^--(max|min)[-_]semi[-_]space[-_]size\b/.test(option))
}

/** What an operator can do about it. */
export function youngGenerationAdvice(memoryBytes: number): string {
  return (
    `of ${Math.floor(memoryBytes / MIB)} MiB of memory V8 keeps so little for new objects that a request costs up to twice the CPU: ` +
    `start it as 'node ${YOUNG_GENERATION_OPTION} …', or set NODE_OPTIONS=${YOUNG_GENERATION_OPTION}`
  )
}

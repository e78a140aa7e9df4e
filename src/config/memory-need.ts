import type { Config } from './config.ts'

/** The settings that determine the memory need. */
type MemoryLimits = Pick<Config, 'limits' | 'listen' | 'workers' | 'upstream'>

const KIB = 1024
const MIB = 1024 * KIB

/**
 * Measured on Node 20: resident memory of an idle worker; of the supervisor of several workers; of
 * an idle connection; of a request whose bodies are slow in both directions; and the factor by
 * which a head of many short fields grows while it is parsed.
 */
const WORKER_BYTES = 100 * MIB
const SUPERVISOR_BYTES = 90 * MIB
const CONNECTION_BYTES = { plain: 8 * KIB, tls: 30 * KIB } as const
const REQUEST_BYTES = 150 * KIB
const HEAD_FACTOR = 7
/**
 * A request for session keys that waits for its issuer's keys: the form of 64 KiB as packets, as one buffer, as text
 * and as parameters, and the parts of the token.
 */
const STS_REQUEST_BYTES = 320 * KIB
/** The limit of the bodies of one process that wait for their trailing checksums. */
export const HELD_BODIES_BYTES = 64 * MIB
/** A held body is in pieces as it came, and then in one. */
const HELD_FACTOR = 2

/**
 * Returns the bytes of memory that clients can make the program use if all limits are reached at
 * once.
 */
export function memoryNeed({ limits, listen, workers, upstream }: MemoryLimits): number {
  const { connections, unauthenticatedConnections, concurrentRequests, headerBytes } = limits
  const perListener = listen.map(
    ({ tls, kind }) =>
      connections * CONNECTION_BYTES[tls === undefined && kind === 's3' ? 'plain' : 'tls'],
  )
  const hasSts = listen.some(({ kind }) => kind === 'sts')
  const perWorker =
    WORKER_BYTES +
    perListener.reduce((sum, bytes) => sum + bytes, 0) +
    Math.min(unauthenticatedConnections, connections * listen.length) * headerBytes * HEAD_FACTOR +
    concurrentRequests * (hasSts ? STS_REQUEST_BYTES : REQUEST_BYTES) +
    (upstream.trailers === 'terminate' ? HELD_BODIES_BYTES * HELD_FACTOR : 0)
  return workers === 1 ? perWorker : workers * perWorker + SUPERVISOR_BYTES
}

/**
 * Returns a warning if the limits allow more memory than available. `memoryBytes`: the container's
 * memory limit; undefined or 0 if there is none or it is unknown.
 */
export function memoryWarning(
  config: MemoryLimits,
  memoryBytes: number | undefined,
): string | undefined {
  if (memoryBytes === undefined || memoryBytes === 0) return undefined
  const need = memoryNeed(config)
  if (need <= memoryBytes) return undefined
  return (
    `connections and requests up to their limits need ${toMib(need)} MiB of memory, but ${toMib(memoryBytes)} MiB are available: ` +
    'lower connections, unauthenticatedConnections, concurrentRequests or workers, or add memory'
  )
}

function toMib(bytes: number): number {
  return Math.ceil(bytes / MIB)
}

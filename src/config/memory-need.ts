import type { Config } from './config.ts'

/** What the need depends on. */
type MemoryLimits = Pick<Config, 'limits' | 'listen' | 'workers'>

const KIB = 1024
const MIB = 1024 * KIB

/**
 * What was measured on Node 20: resident memory of an idle worker and of the supervisor of several; of
 * a kept connection without a request; of a request whose bodies pass slowly, both ways; and how many
 * times its length a head of many short fields takes until it is whole.
 */
const WORKER_BYTES = 100 * MIB
const SUPERVISOR_BYTES = 90 * MIB
const CONNECTION_BYTES = { plain: 8 * KIB, tls: 30 * KIB } as const
const REQUEST_BYTES = 150 * KIB
const HEAD_FACTOR = 7

/** Memory in bytes that clients can make the program take up if all limits are reached at once. */
export function memoryNeed({ limits, listen, workers }: MemoryLimits): number {
  const { connections, unauthenticatedConnections, concurrentRequests, headerBytes } = limits
  const perListener = listen.map(
    ({ tls, kind }) =>
      connections * CONNECTION_BYTES[tls === undefined && kind === 's3' ? 'plain' : 'tls'],
  )
  const perWorker =
    WORKER_BYTES +
    perListener.reduce((sum, bytes) => sum + bytes, 0) +
    Math.min(unauthenticatedConnections, connections * listen.length) * headerBytes * HEAD_FACTOR +
    concurrentRequests * REQUEST_BYTES
  return workers === 1 ? perWorker : workers * perWorker + SUPERVISOR_BYTES
}

/**
 * Warns where the limits allow for more memory than there is. `memoryBytes`: what this container may
 * take up; undefined or 0: it has no limit, or none is known.
 */
export function memoryWarning(
  config: MemoryLimits,
  memoryBytes: number | undefined,
): string | undefined {
  if (memoryBytes === undefined || memoryBytes === 0) return undefined
  const need = memoryNeed(config)
  if (need <= memoryBytes) return undefined
  return (
    `connections and requests up to their limits take up ${toMib(need)} MiB of memory, and there are ${toMib(memoryBytes)}: ` +
    'lower connections, unauthenticatedConnections, concurrentRequests or workers, or give more memory'
  )
}

function toMib(bytes: number): number {
  return Math.ceil(bytes / MIB)
}

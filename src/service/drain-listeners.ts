import { settledWithin } from '../base/settled-within.ts'
import type { ServiceListener } from './listener-host.ts'

/**
 * Idle connections stay open this long, for requests that were sent before the client knew of the
 * drain.
 */
const LINGER_MS = 1_000
/** After that, the interval at which idle connections are closed. */
const SWEEP_MS = 100
/** The wait for destroyed sockets to close; running TLS handshakes are not waited for. */
const CUT_MS = 1_000

/**
 * Closes listeners so that no request is lost. New connections are refused. Idle ones get a short
 * time in which a last request is still answered (with `Connection: close`). Running requests have
 * until the deadline; what is left then is destroyed. Returns whether all requests ended in time.
 */
export async function drainListeners(
  listeners: readonly ServiceListener[],
  isIdle: () => boolean,
  deadlineMs: number,
): Promise<boolean> {
  const closed = Promise.all(listeners.map((listener) => listener.stopAccepting()))
  const start = performance.now()
  let pauseMs = LINGER_MS
  for (;;) {
    const leftMs = deadlineMs - (performance.now() - start)
    if (await settledWithin(closed, Math.min(pauseMs, leftMs))) return true
    if (leftMs <= pauseMs || isIdle()) break
    for (const listener of listeners) listener.closeIdleConnections()
    pauseMs = SWEEP_MS
  }
  const inTime = isIdle()
  for (const listener of listeners) listener.destroyConnections()
  await settledWithin(closed, CUT_MS)
  return inTime
}

import { settledWithin } from '../base/settled-within.ts'
import type { ServiceListener } from './listener-host.ts'

/** Kept connections stay open this long, for requests that are on their way while nobody listens. */
const LINGER_MS = 1_000
/** After that, how often connections that have become idle are looked for. */
const SWEEP_MS = 100
/** For sockets to close that were cut; TLS handshakes under way are not waited for. */
const CUT_MS = 1_000

/**
 * Closes listeners so that no request is lost: no new connection is taken, kept ones get a moment in
 * which a last request is still answered (with `Connection: close`), running requests have until the
 * deadline, what is left then is cut. Gives whether all requests have ended by themselves.
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

import type { Exchange } from './exchange.ts'

/**
 * Destroys the connection of a client that does not read an answer which has ended on our side: its
 * buffered bytes would otherwise wait forever. The client has `idleMs`. An answer behind another
 * one on its connection (pipelining) has time until its turn. Call it right after `response.end`;
 * nearly always the socket has accepted all bytes by then, and no timer is needed.
 */
export function limitUnsentAnswer(
  { request, response }: Pick<Exchange, 'request' | 'response'>,
  idleMs: number,
): void {
  if (response.socket !== null && response.socket.writableLength === 0) return
  const timer = setTimeout(() => {
    const waits = response.socket === null && !response.writableFinished
    if (waits && !request.socket.destroyed) timer.refresh()
    else request.socket.destroy()
  }, idleMs)
  response.once('close', () => clearTimeout(timer))
}

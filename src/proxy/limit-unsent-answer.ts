import type { Exchange } from './exchange.ts'

/**
 * Cuts the connection of a client that does not take an answer which has ended on our side: what its
 * socket does not take in `idleMs` waits here, and would wait for ever. An answer behind another one
 * on its connection (pipelining) has time until its turn comes. Called right after `response.end`;
 * nearly always the socket has taken all by then, and no timer is needed.
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

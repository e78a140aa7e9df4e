import type { IncomingMessage } from 'node:http'
import { failure, ok, type Result } from '../base/result.ts'
import type { ByteBudget } from './byte-budget.ts'

/**
 * Reads a request's body of at most `bytesMax` bytes, as far as the budget of all bodies goes. The
 * error is the status to answer with: 413, 503 if too much is being read at once, or 400 where the
 * connection broke. Nothing is kept of a body that is refused.
 */
export async function readBody(
  request: IncomingMessage,
  bytesMax: number,
  budget: ByteBudget,
): Promise<Result<string, 400 | 413 | 503>> {
  if (Number(request.headers['content-length'] ?? '0') > bytesMax) return failure(413)
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    // Leaving the loop must not cut the socket: the answer still has to go out.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      if (bytes + chunk.length > bytesMax) return failure(413)
      if (!budget.take(chunk.length)) return failure(503)
      bytes += chunk.length
      chunks.push(chunk)
    }
    return ok(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return failure(400)
  } finally {
    budget.giveBack(bytes)
  }
}

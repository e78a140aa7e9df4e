import type { IncomingMessage } from 'node:http'
import { failure, ok, type Result } from '../base/result.ts'
import type { ByteBudget } from './byte-budget.ts'

/**
 * Reads a request's body of at most `bytesMax` bytes within the shared budget. The error is the
 * status of the answer: 413; 503 if the budget is exhausted; 400 if the connection broke. A refused
 * body is not kept.
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
    // Leaving the loop must not destroy the socket: the answer must still be sent.
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

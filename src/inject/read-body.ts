import type { IncomingMessage } from 'node:http'
import { failure, ok, type Result } from '../base/result.ts'

/**
 * Reads a request's body of at most `bytesMax` bytes. The error is the status to answer with: 413,
 * or 400 where the connection broke. Nothing is kept of a body that is too long.
 */
export async function readBody(
  request: IncomingMessage,
  bytesMax: number,
): Promise<Result<string, 400 | 413>> {
  if (Number(request.headers['content-length'] ?? '0') > bytesMax) return failure(413)
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    // Leaving the loop must not cut the socket: the answer still has to go out.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length
      if (bytes > bytesMax) return failure(413)
      chunks.push(chunk)
    }
  } catch {
    return failure(400)
  }
  return ok(Buffer.concat(chunks).toString('utf8'))
}

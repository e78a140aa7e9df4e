import type { IncomingMessage } from 'node:http'
import { failure, ok, type Result } from '../base/result.ts'
import { BodyError } from '../body/body-error.ts'
import { DownstreamBodyError } from '../body/downstream-body-error.ts'
import { refusal } from '../s3/refusals.ts'

/**
 * Collects a small body in one Buffer: such a request is sent in one write and can be retried. If
 * more than `bytesMax` bytes arrive, whatever was declared, it fails with a BodyError.
 */
export function collectBody(
  request: IncomingMessage,
  idleMs: number,
  bytesMax: number,
): Promise<Result<Buffer, Error>> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let bytes = 0
    const idle = setTimeout(() => end(failure(new DownstreamBodyError('idle'))), idleMs)
    const end = (result: Result<Buffer, Error>): void => {
      clearTimeout(idle)
      request.off('data', onData)
      request.off('end', onEnd)
      request.off('close', onClose)
      request.off('error', onError)
      resolve(result)
    }
    const onData = (chunk: Buffer): void => {
      bytes += chunk.length
      chunks.push(chunk)
      if (bytes > bytesMax) end(failure(new BodyError(refusal('body-incomplete'))))
      else idle.refresh()
    }
    const onEnd = (): void => {
      const [only] = chunks
      end(ok(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks)))
    }
    const onClose = (): void => {
      if (!request.complete) end(failure(new DownstreamBodyError('aborted')))
    }
    const onError = (error: Error): void => {
      if (error instanceof DownstreamBodyError) end(failure(error))
      else onClose()
    }
    request.on('data', onData)
    request.on('end', onEnd)
    request.on('close', onClose)
    request.on('error', onError)
  })
}

import type { Readable } from 'node:stream'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { type FormHead, FormHeadReader } from './form-head-reader.ts'

/**
 * Reads a form's head from its body and leaves the body paused at the first byte of the file's
 * content: the caller pipes it from there. On a refusal the body is also paused and still belongs
 * to the caller. If the body is destroyed, the promise rejects with its error.
 */
export function readFormHead(body: Readable, boundary: string): Promise<Result<FormHead, S3Error>> {
  return new Promise((resolve, reject) => {
    const reader = new FormHeadReader(boundary)
    const settle = (): void => {
      body.off('data', onData)
      body.off('end', onEnd)
      body.off('error', onError)
      body.off('close', onClose)
      body.pause()
    }
    const onData = (chunk: Buffer): void => {
      const result = reader.push(chunk)
      if (!result.ok) {
        settle()
        resolve(result)
      } else if (result.value !== undefined) {
        settle()
        if (reader.rest.length > 0) body.unshift(reader.rest)
        resolve(ok(result.value))
      }
    }
    const onEnd = (): void => {
      settle()
      resolve(failure(refusal('form-incomplete')))
    }
    const onError = (error: Error): void => {
      settle()
      reject(error)
    }
    const onClose = (): void => {
      settle()
      reject(new Error('the body was closed before its end'))
    }
    body.on('data', onData)
    body.on('end', onEnd)
    body.on('error', onError)
    body.on('close', onClose)
  })
}

import { S3Fault } from '../fault.ts'
import type { SandboxRequest } from '../request.ts'

/** Throws `InvalidRequest` where a document came without Content-MD5 or a checksum. */
export function checkRequiredDigest({ headers }: SandboxRequest): void {
  const hasDigest = headers.some(
    (name, i) => i % 2 === 0 && (name === 'content-md5' || name.startsWith('x-amz-checksum-')),
  )
  if (hasDigest) return
  throw new S3Fault('InvalidRequest', 'Missing required header for this request: Content-MD5')
}

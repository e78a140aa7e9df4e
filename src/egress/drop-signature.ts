import type { IncomingMessage } from 'node:http'

/** Fields of a client's signature that the request is understood without. */
const SIGNATURE_FIELDS: ReadonlySet<string> = new Set(['authorization', 'x-amz-security-token'])

/**
 * Takes the client's signature out of the head, unread, where nobody is to verify it: old programs sign
 * by SigV2, which the road would refuse. A presigned URL keeps its parameters, for they may carry
 * headers; they are not verified either.
 */
export function dropSignature(request: IncomingMessage): void {
  const kept: string[] = []
  const { rawHeaders } = request
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? ''
    if (!SIGNATURE_FIELDS.has(name.toLowerCase())) kept.push(name, rawHeaders[i + 1] ?? '')
  }
  request.rawHeaders = kept
}

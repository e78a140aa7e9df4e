import type { IncomingMessage } from 'node:http'

/** Fields of a client's signature that the request does not need. */
const SIGNATURE_FIELDS: ReadonlySet<string> = new Set(['authorization', 'x-amz-security-token'])

/**
 * Removes the client's signature from the head without verification, if the listener does not
 * verify signatures: old programs use SigV2, which would be refused. A presigned URL keeps its
 * parameters, because they may contain headers; they are not verified either.
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

import { EMPTY_HASH, type Scope, scopeText, sha256Hex, signatureOf, signingKey } from './signer.ts'

/** How an aws-chunked body is written; the `break…` members make it wrong in one way. */
export interface ChunkPlan {
  readonly chunkBytes: number
  /** Trailing header lines, `name` to value. */
  readonly trailers: readonly (readonly [name: string, value: string])[]
  /** Undefined: the unsigned form. */
  readonly signed: { readonly scope: Scope; readonly seed: string } | undefined
  /** Makes the signature of that chunk (0 = first) wrong. */
  readonly breakChunk?: number | undefined
  readonly breakTrailerSignature?: boolean | undefined
  /** Leaves out the last chunk and what follows. */
  readonly omitEnd?: boolean | undefined
}

/**
 * The body in aws-chunked framing.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and
 * sigv4-streaming-trailers.html
 */
export function encodeChunked(body: Buffer, plan: ChunkPlan): Buffer {
  const out: Buffer[] = []
  const key = plan.signed && signingKey(plan.signed.scope)
  let previous = plan.signed?.seed ?? ''
  const head = (data: Buffer, index: number): string => {
    if (!plan.signed || !key) return `${data.length.toString(16)}\r\n`
    const { date } = plan.signed.scope
    const scope = scopeText(plan.signed.scope)
    const parts = ['AWS4-HMAC-SHA256-PAYLOAD', date, scope, previous, EMPTY_HASH, sha256Hex(data)]
    previous = signatureOf(key, parts.join('\n'))
    const sent = index === plan.breakChunk ? flip(previous) : previous
    return `${data.length.toString(16)};chunk-signature=${sent}\r\n`
  }
  let index = 0
  for (let at = 0; at < body.length; at += plan.chunkBytes) {
    const data = body.subarray(at, at + plan.chunkBytes)
    out.push(Buffer.from(head(data, index++)), data, Buffer.from('\r\n'))
  }
  if (plan.omitEnd) return Buffer.concat(out)
  out.push(Buffer.from(head(Buffer.alloc(0), index)))
  for (const [name, value] of plan.trailers) out.push(Buffer.from(`${name}:${value}\r\n`))
  if (plan.signed && key && plan.trailers.length > 0) {
    const lines = plan.trailers.map(([name, value]) => `${name}:${value}\n`).join('')
    const scope = scopeText(plan.signed.scope)
    const parts = [
      'AWS4-HMAC-SHA256-TRAILER',
      plan.signed.scope.date,
      scope,
      previous,
      sha256Hex(lines),
    ]
    const signature = signatureOf(key, parts.join('\n'))
    const sent = plan.breakTrailerSignature ? flip(signature) : signature
    out.push(Buffer.from(`x-amz-trailer-signature:${sent}\r\n`))
  }
  out.push(Buffer.from('\r\n'))
  return Buffer.concat(out)
}

function flip(signature: string): string {
  return (signature.startsWith('0') ? '1' : '0') + signature.slice(1)
}

import { headerValue } from '../base/header-list.ts'
import { putNewObject } from '../upstream/ask.ts'
import type { Upstream } from '../upstream/upstream.ts'
import type { AnchorTarget } from './trail-anchor.ts'

/** A bucket of checkpoints. */
interface AnchorBucket {
  readonly bucket: string
  /** What keys begin with. */
  readonly prefix: string
  /** For so long S3 lets nobody delete an object; undefined: as the bucket's default says. */
  readonly retainMs: number | undefined
}

/** S3, best with Object Lock and in another account: one object for each size, which is never replaced. */
export function anchorBucket(
  upstream: Upstream,
  { bucket, prefix, retainMs }: AnchorBucket,
): AnchorTarget {
  let attempted: string | undefined
  return {
    keep: async (name, note) => {
      const isRepeated = attempted === name
      attempted = name
      const fields = ['content-type', 'text/plain; charset=utf-8', 'if-none-match', '*']
      if (retainMs !== undefined) {
        const until = new Date(Date.now() + retainMs).toISOString()
        fields.push('x-amz-object-lock-mode', 'COMPLIANCE')
        fields.push('x-amz-object-lock-retain-until-date', until)
      }
      const key = `${prefix}${name}`
      const { head, failures } = await putNewObject(upstream, { bucket, key }, note, fields)
      if (head === undefined) return `no answer from S3 (${failures.join(', ') || 'not sent'})`
      if (head.status === 200) return undefined
      // The answer to the attempt before was lost.
      if (head.status === 412 && isRepeated) return undefined
      if (head.status === 412) return `somebody else has put s3://${bucket}/${key} there`
      const id = headerValue(head.headers, 'x-amz-request-id') ?? 'none'
      return `S3 answers ${head.status} to PutObject of s3://${bucket}/${key} (request id ${id})`
    },
    close: () => upstream.close(),
  }
}

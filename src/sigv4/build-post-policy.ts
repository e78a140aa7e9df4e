import { formatIsoSeconds } from './amz-date.ts'
import type { PostField } from './post-authentication.ts'
import { needsCondition } from './post-policy-conditions.ts'

/** A form to send, with its own policy. */
export interface PostPolicyDraft {
  readonly bucket: string
  /** All fields to send, including `key`, except `policy`, `x-amz-signature` and the file. */
  readonly fields: readonly PostField[]
  readonly contentLengthRange: { readonly min: number; readonly max: number } | undefined
  /** In ms since the epoch; truncated to the second. */
  readonly expirationMs: number
}

/**
 * Builds the base64 text of a policy that allows exactly these fields. Values are escaped to ASCII.
 * `$` is escaped too, because S3 reads it as the start of a name.
 */
export function buildPostPolicy(draft: PostPolicyDraft): string {
  const conditions: unknown[] = [{ bucket: draft.bucket }]
  for (const { name, value } of draft.fields) {
    if (needsCondition(name.toLowerCase())) conditions.push({ [name]: value })
  }
  if (draft.contentLengthRange !== undefined) {
    const { min, max } = draft.contentLengthRange
    conditions.push(['content-length-range', min, max])
  }
  const expiration = formatIsoSeconds(draft.expirationMs)
  const json = JSON.stringify({ expiration, conditions }).replace(
    /[$\x7f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return Buffer.from(json, 'latin1').toString('base64')
}

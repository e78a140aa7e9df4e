import { formatIsoSeconds } from './amz-date.ts'
import type { PostField } from './post-authentication.ts'
import { needsCondition } from './post-policy-conditions.ts'

/** A form that is to be sent with a policy of its own. */
export interface PostPolicyDraft {
  readonly bucket: string
  /** All fields that will be sent but `policy`, `x-amz-signature` and the file; `key` among them. */
  readonly fields: readonly PostField[]
  readonly contentLengthRange: { readonly min: number; readonly max: number } | undefined
  /** In ms since the epoch; cut to the second. */
  readonly expirationMs: number
}

/**
 * The base64 text of a policy that admits exactly these fields. Values are escaped to ASCII, `$`
 * too: S3 reads it as the start of a name.
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

import type { ObjectState, ObjectVersion } from './object-version.ts'

/** Commands that make the version from before a copy the current one again. */
export function undoCopy(made: ObjectVersion): readonly string[] {
  if (made.versionId === undefined || made.versionId === 'null') return []
  return [`aws s3api delete-object ${versionArguments(made)}`]
}

/** Commands that put a version under the key from before. */
export function undoUpdate({ version, encryption }: ObjectState): readonly string[] {
  // UpdateObjectEncryption does not lead back to SSE-S3.
  if (encryption.kind !== 'sse-kms') return []
  const key = JSON.stringify({
    SSEKMS: { KMSKeyArn: encryption.keyId, BucketKeyEnabled: encryption.bucketKey },
  })
  const arguments_ = `${versionArguments(version)} --object-encryption ${quote(key)}`
  return [`aws s3api update-object-encryption ${arguments_}`]
}

function versionArguments({ bucket, key, versionId }: ObjectVersion): string {
  const version = versionId === undefined ? '' : ` --version-id ${quote(versionId)}`
  return `--bucket ${quote(bucket)} --key ${quote(key)}${version}`
}

/** Quotes a word for a POSIX shell; bash's form where a key has control characters. */
function quote(text: string): string {
  if (/^[\w./:@%+=,-]+$/.test(text)) return text
  if (/^[\x20-\x7e]*$/.test(text)) return `'${text.replaceAll("'", "'\\''")}'`
  let quoted = ''
  for (const byte of Buffer.from(text)) {
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x27 && byte !== 0x5c
    quoted += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return `$'${quoted}'`
}

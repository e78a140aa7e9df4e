import { type DeletionEntry, readDeletion } from '../s3/deletion.ts'
import type { AuditedKey } from '../telemetry/audit-record.ts'

/** 1,000 keys of 1,024 bytes, their versions and tags. */
export const DELETION_BYTES_MAX = 2 * 1024 * 1024

/** The result for the objects in DeleteObjects; `keys` is undefined if the list is invalid. */
export type Deletion = {
  readonly keys:
    | readonly Pick<AuditedKey, 'key' | 'versionId' | 'result' | 'errorCode'>[]
    | undefined
}

/**
 * Joins the sent list with S3's answer, which names failures, and deletions only if the request is not
 * quiet. `answer`: undefined if it is incomplete. `error`: the code with which S3 refused all of them.
 */
export function readOutcome(
  list: Buffer,
  answer: Buffer | undefined,
  error: string | undefined,
): Deletion {
  const asked = readDeletion(list.toString('utf8'), 'Delete')
  if (asked === undefined) return { keys: undefined }
  const answered =
    answer === undefined ? undefined : readDeletion(answer.toString('utf8'), 'DeleteResult')
  const failed = new Map<string, string>()
  for (const entry of answered ?? []) {
    if (entry.code !== undefined) failed.set(identity(entry), entry.code)
  }
  return {
    keys: asked.map((entry) => {
      const { key, versionId } = entry
      const errorCode = failed.get(identity(entry))
      if (error !== undefined) return { key, versionId, result: 'failed', errorCode: error }
      if (answered === undefined) return { key, versionId, result: 'unknown', errorCode }
      return { key, versionId, result: errorCode === undefined ? 'deleted' : 'failed', errorCode }
    }),
  }
}

/** Unambiguous, because a client chooses both: the failure of one must not hide another's deletion. */
function identity({ key, versionId }: DeletionEntry): string {
  return JSON.stringify([versionId, key])
}

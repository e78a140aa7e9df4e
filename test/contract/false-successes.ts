import type { SuiteSealgate } from '../support/suite-sealgate.ts'
import type { Observation } from './contract-case.ts'

const OBJECT_WRITES = ['PutObject', 'CopyObject', 'CompleteMultipartUpload', 'PostObject']

/** The successes of writes that the audit log does not show as confirmed under the policy's key. */
export function unconfirmedWrites(sealgate: SuiteSealgate, keyId: string): readonly string[] {
  return sealgate
    .auditLines()
    .filter(
      ({ operation = '', status = 0 }) => OBJECT_WRITES.includes(operation) && isSuccess(status),
    )
    .filter(
      ({ confirmedEncryption: said }) => said?.algorithm !== 'aws:kms' || said.keyId !== keyId,
    )
    .map(({ operation, bucket, key }) => `${operation} ${bucket}/${key} was let pass unconfirmed`)
}

/** A form may be answered with a redirect. */
function isSuccess(status: number): boolean {
  return status >= 200 && status < 400
}

/**
 * The writes that were answered with success and that the server itself shows without the policy's key. An upload
 * that has begun is no object yet: its completion is in the audit log. A server may deny what it `said` before.
 */
export function falseSuccesses(seen: ReadonlyMap<string, Observation>): readonly string[] {
  return [...seen]
    .filter(([id, { answer }]) => !id.startsWith('create-') && /^2/.test(String(answer)))
    .filter(([, { said }]) => said !== 'aws:kms one')
    .filter(
      ([, { stored }]) => typeof stored === 'string' && !['aws:kms one', 'none'].includes(stored),
    )
    .map(([id, { answer, stored }]) => `${id}: ${answer}, stored ${stored}`)
}

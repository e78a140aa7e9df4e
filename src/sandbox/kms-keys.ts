import { S3Fault } from './fault.ts'

/** Whether a key is usable. */
export type KmsKeyState = 'enabled' | 'disabled' | 'pending-deletion'

/** A key of the sandbox's KMS. */
export interface KmsKey {
  /** A key ARN; any other string is an opaque name. */
  readonly arn: string
  readonly state: KmsKeyState
}

/** The account of the AWS managed key `aws/s3`. */
const ACCOUNT = '000000000000'

const UUID = /^(?:mrk-[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/** The keys of a sandbox. */
export interface KmsKeys {
  /** The ARN of the AWS managed key `aws/s3`. */
  readonly managedArn: string
  /** The account that owns the buckets: that of the first key that was given. */
  readonly account: string
  /** The key's ARN, from an ARN, an id or `alias/aws/s3`. Throws the `KMS.*` codes. */
  resolve(keyId: string): string
  /**
   * Counts as a use of the key. Throws `KMS.DisabledException`, `KMS.KMSInvalidStateException`,
   * `KMS.NotFoundException`, `KMS.ThrottlingException`.
   */
  checkUsable(arn: string): void
  /** Changes a key's state, or adds the key. */
  setState(arn: string, state: KmsKeyState): void
}

/**
 * Knows the keys of one region. The texts are as recorded from S3 for PutObject,
 * CreateMultipartUpload and CopyObject. `isThrottled` is asked at each use of a key.
 */
export function createKmsKeys(
  region: string,
  keys: readonly KmsKey[],
  isThrottled = () => false,
): KmsKeys {
  const managedArn = `arn:aws:kms:${region}:${ACCOUNT}:key/5eaaa1ed-0000-4000-8000-000000000053`
  const states = new Map<string, KmsKeyState>([[managedArn, 'enabled']])
  for (const key of keys) states.set(key.arn, key.state)

  function checkUsable(arn: string): void {
    if (isThrottled()) throw new S3Fault('KMS.ThrottlingException')
    switch (states.get(arn)) {
      case 'disabled':
        throw new S3Fault('KMS.DisabledException', `${arn} is disabled.`)
      case 'pending-deletion':
        throw new S3Fault('KMS.KMSInvalidStateException', `${arn} is pending deletion.`)
      case 'enabled':
        return
      case undefined:
        throw new S3Fault('KMS.NotFoundException', `Key '${arn}' does not exist`)
    }
  }

  function find(keyId: string): string {
    if (states.has(keyId)) return keyId
    if (keyId === 'alias/aws/s3' || keyId.endsWith(`:${ACCOUNT}:alias/aws/s3`)) return managedArn
    if (UUID.test(keyId)) {
      const arn = [...states.keys()].find((candidate) => candidate.endsWith(`:key/${keyId}`))
      return arn ?? `arn:aws:kms:${region}:${ACCOUNT}:key/${keyId}`
    }
    const parts = keyId.split(':')
    if (parts.length !== 6 || parts[0] !== 'arn' || parts[2] !== 'kms') {
      throw new S3Fault('KMS.NotFoundException', `Invalid keyId '${keyId}'`)
    }
    if (parts[3] !== region) {
      throw new S3Fault('KMS.NotFoundException', `Invalid arn ${parts[3] ?? ''}`)
    }
    return keyId
  }

  return {
    managedArn,
    account: keys[0]?.arn.split(':')[4] ?? ACCOUNT,
    resolve(keyId) {
      const arn = find(keyId)
      checkUsable(arn)
      return arn
    },
    checkUsable,
    setState(arn, state) {
      states.set(arn, state)
    },
  }
}

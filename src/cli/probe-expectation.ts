import { failure, ok, type Result } from '../base/result.ts'
import type { Client, Config } from '../config/config.ts'
import type { ExpectedEncryption } from '../policy/expected-encryption.ts'
import { findRule } from '../policy/find-rule.ts'
import { matchesAny } from '../policy/pattern.ts'
import { decideOn } from '../request/judge.ts'
import { NO_ENCRYPTION, SSE_HEADER } from '../s3/encryption-headers.ts'
import { type OperationName, operationByName } from '../s3/operation.ts'
import { type GuardedWrite, meetGuards } from './probe-guards.ts'

/** The policy's verdict on the probe's own requests. */
export interface ProbeExpectation {
  readonly rule: string
  readonly encryption: ExpectedEncryption
  /** The upload, as the guards of the rule want it. */
  readonly write: GuardedWrite
  /** Whether a GET with an encryption header is refused; otherwise the header is removed. */
  readonly refusesReadHeaders: boolean
}

/** The client and object to judge. */
export interface ProbeSubject {
  readonly client: Client
  readonly bucket: string
  readonly key: string
}

/**
 * Judges an upload of `content` with the probe's key. The error says why the probe could not prove anything, and
 * what to do.
 */
export function expectationOf(
  config: Config,
  subject: ProbeSubject,
  content: Buffer,
  nowMs: number,
): Result<ProbeExpectation, string> {
  const { client, bucket, key } = subject
  if (!matchesAny(client.buckets, bucket)) {
    return failure(`the client ${client.name} may not use ${bucket}: choose another with --client`)
  }
  if (config.policy.mode === 'observe') {
    return failure('policy.mode is observe, so nothing is enforced: set it to enforce')
  }
  const rule = findRule(config.policy.rules, { bucket, key, client: client.name })
  const write = meetGuards(rule?.name ?? '', rule?.guards, content)
  if (!write.ok) return write
  const asked = requestOf('PutObject', subject, write.value)
  const written = decideOn(config.policy, client, asked, nowMs)
  if (written.kind === 'deny' && written.guards !== undefined) {
    return failure(
      `the guard ${written.guards.join(', ')} of the rule ${written.rule} refuses what the probe sends ` +
        `(${written.error.reason}): choose --bucket and --prefix under another rule`,
    )
  }
  if (written.kind === 'deny') {
    return failure(
      `no upload of ${client.name} to ${bucket}/${key} is allowed (${written.error.reason}): ` +
        'add a rule that matches, or choose --bucket and --prefix that one does',
    )
  }
  const { confirm, exemption } = written.obligation
  if (confirm === undefined) {
    return failure(
      `the rule ${written.rule} exempts ${bucket}/${key} (${exemption}): ` +
        'choose --bucket and --prefix under a rule that encrypts',
    )
  }
  const asking = { ...NO_ENCRYPTION, algorithm: confirm.algorithm }
  const reading = { ...requestOf('GetObject', subject), requestedEncryption: asking }
  const read = decideOn(config.policy, client, reading, nowMs)
  return ok({
    rule: written.rule ?? '',
    encryption: confirm,
    write: write.value,
    refusesReadHeaders: read.kind === 'deny',
  })
}

function requestOf(name: OperationName, { bucket, key }: ProbeSubject, write?: GuardedWrite) {
  const operation = operationByName(name)
  const resource = { bucket, key, style: 'path' } as const
  const { method } = operation
  const said = {
    headers:
      write === undefined
        ? []
        : [...Object.entries(write.headers).flat(), 'content-length', String(write.body.length)],
    form: undefined,
    copySource: undefined,
    payload: { kind: 'unsigned' },
    requestedEncryption: NO_ENCRYPTION,
  } as const
  return { operation, method, resource, ...said }
}

/** The header that a read must not have. */
export function readHeader({ encryption }: ProbeExpectation): Readonly<Record<string, string>> {
  return { [SSE_HEADER]: encryption.algorithm }
}

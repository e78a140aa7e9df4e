import { existsSync } from 'node:fs'
import { failure, type Result } from '../base/result.ts'
import type { Config } from '../config/config.ts'
import { evidenceOptions } from '../service/evidence-options.ts'
import { openAudit, openSinks } from '../service/open-audit.ts'
import type { FinishedPlan } from '../sweep/finished-plan.ts'
import { hashFile } from '../sweep/hash-file.ts'
import type { EncryptTarget, ObjectEncryption } from '../sweep/object-version.ts'
import type { PlannedVersion } from '../sweep/plan-record.ts'
import { populationOf } from '../sweep/population.ts'
import type { RunOutcome } from '../sweep/run-plan.ts'
import type { RunProgress } from '../sweep/run-progress.ts'
import type { StateFolder } from '../sweep/state-folder.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import type { AuditEncryption, AuditRecord } from '../telemetry/audit-record.ts'
import type { EvidenceOptions } from '../telemetry/audit-stream.ts'
import { openLog } from '../telemetry/log.ts'
import type { SweepEvent } from '../telemetry/sweep-event.ts'

const OPERATIONS = {
  update: 'UpdateObjectEncryption',
  copy: 'CopyObject',
  'multipart-copy': 'CompleteMultipartUpload',
} as const

/**
 * Opens the audit of the configuration. The standard output belongs to the command, so lines that
 * would go there go into `file`. Fails with words for people.
 */
export async function openSweepAudit(
  config: Config,
  file: string,
): Promise<Result<AuditLog, string>> {
  const { destination } = config.audit
  const log = openLog({ level: 'error' })
  const opened = await openAudit(
    {
      destination: destination === 'stdout' ? { file } : destination,
      evidence: evidenceOf(config),
      forwarders: openSinks(config, log),
    },
    log,
  )
  return opened.ok ? opened : failure(`${opened.error.path}: ${opened.error.message}`)
}

/** A seat of its own in the trail: the proxy of this host has the others. */
function evidenceOf(config: Config): EvidenceOptions | undefined {
  const evidence = evidenceOptions(config, 1)
  if (evidence === undefined) return undefined
  const { facts } = evidence
  return { ...evidence, facts: { ...facts, replica: `${facts.replica}-sweep` } }
}

/** The line that says of which plan the changes are, and how its whole population stands. */
export async function sweepEvent(
  event: SweepEvent['event'],
  folder: StateFolder,
  plan: FinishedPlan,
  progress: RunProgress,
  configHash: string,
): Promise<SweepEvent> {
  const versions = plan.totals.all.objects
  const { fine, done, failed, left } = populationOf(plan, progress)
  const run = existsSync(folder.run) ? await hashFile(folder.run, 'sha256') : null
  return {
    ...{ timeMs: Date.now(), event, configHash, plan: plan.hash, run },
    ...{ versions, fine, done, failed, left },
  }
}

/** The line of a version that was re-sealed, or was not: requested is what it was, confirmed what it is. */
export function sweepRecord(
  { state, classification }: PlannedVersion,
  target: EncryptTarget,
  outcome: Exclude<RunOutcome, { kind: 'left' }>,
  facts: Pick<AuditRecord, 'time' | 'requestId' | 'configHash' | 'durationMs'>,
): AuditRecord {
  const isDone = outcome.kind === 'done'
  const method = isDone ? outcome.method : (classification.way?.method ?? 'update')
  const after = isDone ? outcome.after : undefined
  const { bucket, key, versionId } = state.version
  return {
    ...facts,
    client: 'sweep',
    sourceIp: undefined,
    operation: OPERATIONS[method],
    bucket,
    key,
    versionId: after === undefined ? versionId : after.version.versionId,
    rule: target.rule,
    decision: 'allow',
    requestedEncryption: encryptionOf(isDone ? outcome.before.encryption : state.encryption),
    appliedEncryption: {
      algorithm: target.algorithm,
      keyId: target.keyId,
      bucketKey: target.bucketKey,
    },
    confirmedEncryption: after && encryptionOf(after.encryption),
    status: isDone ? 200 : 0,
    upstreamRequestId: isDone ? outcome.upstreamRequestId : undefined,
    requestBytes: 0,
    responseBytes: 0,
    reason: undefined,
    etag: (after ?? state).etag.replaceAll('"', ''),
    objectSize: state.bytes,
    copySource: method === 'update' ? undefined : { bucket, key, versionId },
    write: isDone ? 'sealed' : 'failed',
    errorCode: isDone ? undefined : outcome.code,
  }
}

function encryptionOf(encryption: ObjectEncryption): AuditEncryption | undefined {
  switch (encryption.kind) {
    case 'sse-kms': {
      const { algorithm, keyId, bucketKey } = encryption
      return { algorithm, keyId, bucketKey }
    }
    case 'sse-s3':
      return { algorithm: 'AES256' }
    case 'customer-key':
      return { algorithm: 'SSE-C' }
    case 'service':
      return { algorithm: encryption.algorithm }
    case 'none':
    case 'unknown':
      return undefined
  }
}

import { hostname } from 'node:os'
import type { Config } from '../config/config.ts'
import type { EvidenceOptions } from '../telemetry/audit-stream.ts'
import { packageVersion } from '../telemetry/package-version.ts'
import { hashPolicy } from './hash-policy.ts'

/**
 * The description of a process's stream; undefined if the audit has no evidence. `worker`: from 1.
 */
export function evidenceOptions(
  { audit, policy }: Config,
  worker: number,
): EvidenceOptions | undefined {
  if (audit.evidence === undefined) return undefined
  const { origin, directory } = audit.evidence
  return {
    origin,
    directory,
    facts: {
      version: packageVersion(),
      replica: hostname(),
      worker,
      node: nodeName(),
      policy: hashPolicy(policy),
    },
  }
}

/** The node that a pod runs on, if its manifest sets it. */
function nodeName(): string | null {
  // biome-ignore lint/style/noProcessEnv: not a setting, but a fact about the machine
  return process.env['NODE_NAME'] ?? null
}

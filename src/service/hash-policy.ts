import { hash } from 'node:crypto'
import { canonicalForm } from '../config/config-hash.ts'
import type { Policy } from '../policy/policy.ts'

/** The policy's name in the audit trail: `sha256:` and the hash, hex, of its canonical form. */
export function hashPolicy(policy: Policy): string {
  return `sha256:${hash('sha256', canonicalForm(policy))}`
}

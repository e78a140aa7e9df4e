import type { Result } from '../base/result.ts'
import type { PodPatch } from './build-patch.ts'

/**
 * Builds the AdmissionReview document (JSON) that answers the request `uid`: the patch, or the
 * refusal with the message that `kubectl` shows.
 *
 * Source:
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#response
 */
export function buildAdmissionReview(uid: string, outcome: Result<PodPatch, string>): string {
  const response = outcome.ok
    ? { uid, allowed: true, ...buildChange(outcome.value) }
    : { uid, allowed: false, status: { code: 400, reason: 'BadRequest', message: outcome.error } }
  return JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response })
}

function buildChange(patch: PodPatch) {
  const warnings = patch.warnings.length === 0 ? {} : { warnings: patch.warnings.map(buildWarning) }
  if (patch.operations.length === 0) return warnings
  const document = Buffer.from(JSON.stringify(patch.operations), 'utf8').toString('base64')
  return { ...warnings, patchType: 'JSONPatch', patch: document }
}

/** The API server truncates or drops warnings that are longer than 256 characters. */
function buildWarning(text: string): string {
  const warning = `sealgate: ${text}`
  return warning.length <= 256 ? warning : `${warning.slice(0, 255)}…`
}

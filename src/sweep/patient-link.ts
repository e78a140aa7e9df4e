import { Pacer } from './pacer.ts'
import type { S3Link } from './s3-request.ts'

/** Far more than a preflight needs. */
const REQUESTS_PER_SECOND = 100

/** A link for a few questions: what S3 or KMS throttles is asked again, and is no answer. */
export function patientLink(link: S3Link): S3Link {
  const limits = {
    requestsPerSecond: REQUESTS_PER_SECOND,
    bytesPerSecond: undefined,
    failuresMax: Number.POSITIVE_INFINITY,
  }
  return { ...link, pacer: link.pacer ?? new Pacer(limits) }
}

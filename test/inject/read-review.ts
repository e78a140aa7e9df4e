import { readFileSync } from 'node:fs'
import { type AdmissionRequest, parseAdmissionRequest } from '../../src/inject/admission-request.ts'

/** An AdmissionReview document as an API server sends it: test/inject/reviews/NAME.json. */
export function readReview(name: string): string {
  return readFileSync(`test/inject/reviews/${name}.json`, 'utf8')
}

/** The same, parsed. */
export function readRequest(name: string): AdmissionRequest {
  const request = parseAdmissionRequest(readReview(name))
  if (!request.ok) throw new Error(request.error)
  return request.value
}

/** A review whose pod has these annotations. */
export function annotate(review: string, annotations: Readonly<Record<string, string>>): string {
  const document = JSON.parse(review)
  document.request.object.metadata.annotations = annotations
  return JSON.stringify(document)
}

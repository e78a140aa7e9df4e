import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import { parseParameters } from './form-parameters.ts'

/**
 * Parses the boundary from the Content-Type of a POST Object.
 *
 * Fails with S3's PreconditionFailed if it is not multipart/form-data, and with
 * MalformedPOSTRequest if there is no boundary of 1 to 70 of RFC 2046's characters.
 *
 * Source: RFC 2046, section 5.1.1; RFC 7578, section 4.1.
 */
export function parseFormBoundary(contentType: string | undefined): Result<string, S3Error> {
  const type = contentType ?? ''
  const end = type.indexOf(';')
  const mediaType = (end < 0 ? type : type.slice(0, end)).trim().toLowerCase()
  if (mediaType !== 'multipart/form-data') return failure(refusal('form-not-multipart'))
  const boundary = parseParameters(end < 0 ? '' : type.slice(end))?.get('boundary')
  if (boundary === undefined || !isBoundary(boundary)) {
    return failure(refusal('form-boundary-malformed'))
  }
  return ok(boundary)
}

/**
 * Returns whether the text has 1 to 70 characters that RFC 2046 allows in a boundary, without a
 * trailing space.
 */
export function isBoundary(text: string): boolean {
  return /^[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]$/.test(text)
}

import type { ReadArrival } from './judge-origin.ts'
import type { Arrival } from './recorder.ts'
import { readS3Request } from './s3-reading.ts'
import { onlyValue, valuesOf, type WireRequest } from './wire-reading.ts'
import { HOSTS } from './world.ts'

/*
 * Requests that Sealgate sends of its own accord. Each is told by what it is about and by carrying
 * nothing: what a client says besides its place does not go with them.
 */

const SIGNED = ['host', 'connection', 'authorization', 'x-amz-date', 'x-amz-content-sha256']
const UNSIGNED = ['host', 'connection', 'origin', 'access-control-request-method']

/** HEAD of an object whose write was answered without a word on its encryption. */
export function isLookUp(of: ReadArrival, before: readonly Arrival[]): boolean {
  const { reading } = of
  if (reading.operation !== 'HEAD object' || !hasOnly(of, SIGNED)) return false
  if (reading.parameters.some(({ name }) => name !== 'versionId')) return false
  return before.some(
    (other) =>
      other.reading.kind === 'read' &&
      (other.reading.request.kind === 'upload' || other.reading.request.kind === 'part') &&
      other.reading.request.bucket === reading.bucket &&
      // A form's key stands in its fields.
      (other.reading.request.key === reading.key || other.reading.request.key === undefined),
  )
}

/** HEAD of a bucket about which S3 has just refused something: where is it? */
export function isRegionQuestion(of: ReadArrival, before: readonly Arrival[]): boolean {
  const { reading } = of
  if (reading.operation !== 'HEAD bucket' || reading.parameters.length > 0) return false
  if (!hasOnly(of, SIGNED)) return false
  return before.some(
    (other) =>
      other.reading.kind === 'read' &&
      other.reading.request.bucket === reading.bucket &&
      other.answer?.status !== 200,
  )
}

/** A preflight: what may a page of that origin be told of a refusal? */
export function isCorsQuestion(of: ReadArrival, client: readonly WireRequest[]): boolean {
  const { reading } = of
  const origin = onlyValue(reading.headers, 'origin')
  if (of.request.method !== 'OPTIONS' || reading.parameters.length > 0) return false
  if (origin === undefined || !hasOnly(of, UNSIGNED)) return false
  return client.some((from) => {
    const read = readS3Request(from, { hosts: HOSTS })
    // What is refused because nobody can read it is about no place.
    const isThere = read.kind === 'unreadable' || read.request.bucket === reading.bucket
    return isThere && valuesOf(from.fields, 'origin').includes(origin)
  })
}

function hasOnly({ request }: ReadArrival, names: readonly string[]): boolean {
  return request.fields.every(({ name }) => names.includes(name.toLowerCase()))
}

import { invalidArgument, S3Fault } from './fault.ts'
import type { AnnotationRecord, ObjectRecord } from './records.ts'
import { compareUtf8 } from './utf8-order.ts'

/** Source of the limits: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAnnotation.html */
export const ANNOTATION_BYTES_MAX = 1_048_576
const ANNOTATIONS_MAX = 1000
const NAME_BYTES_MAX = 512

/** Throws `InvalidAnnotationName` or `AnnotationNameTooLong`. */
export function checkAnnotationName(name: string): void {
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) throw new S3Fault('AnnotationNameTooLong')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused.
  if (name === '' || /[\u0000-\u001f\u007f]/.test(name)) throw new S3Fault('InvalidAnnotationName')
}

/** Throws unless it is text of 1 byte to 1 MiB: `InvalidRequest`, `UnsupportedMediaType`. */
export function checkAnnotationPayload(payload: Buffer): void {
  if (payload.length === 0) {
    throw new S3Fault('InvalidRequest', 'The annotation payload must have 1 byte at least.')
  }
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(payload)
  } catch {
    throw new S3Fault('UnsupportedMediaType')
  }
}

/** An annotation of an object. Throws `NoSuchAnnotation`. */
export function findAnnotation(record: ObjectRecord, name: string): AnnotationRecord {
  const found = record.annotations.find((annotation) => annotation.name === name)
  if (found === undefined) {
    throw new S3Fault('NoSuchAnnotation', undefined, [['AnnotationName', name]])
  }
  return found
}

/** The annotations with one added, or in place of the one of its name. Throws `AnnotationLimitExceeded`. */
export function withAnnotation(
  annotations: readonly AnnotationRecord[],
  added: AnnotationRecord,
): readonly AnnotationRecord[] {
  const all = [...withoutAnnotation(annotations, added.name), added]
  if (all.length > ANNOTATIONS_MAX) throw new S3Fault('AnnotationLimitExceeded')
  return all.sort((a, b) => compareUtf8(a.name, b.name))
}

/** The annotations without the one of that name. */
export function withoutAnnotation(
  annotations: readonly AnnotationRecord[],
  name: string,
): readonly AnnotationRecord[] {
  return annotations.filter((annotation) => annotation.name !== name)
}

/** A page of annotations. */
interface AnnotationPage {
  readonly annotations: readonly AnnotationRecord[]
  /** Undefined on the last page. */
  readonly nextToken: string | undefined
}

/** Returns the annotations after the one that the token names. Throws `InvalidArgument`. */
export function annotationPage(
  record: ObjectRecord,
  prefix: string,
  token: string | undefined,
  countMax: number,
): AnnotationPage {
  const after = token === undefined ? undefined : Buffer.from(token, 'base64url').toString()
  if (after !== undefined && Buffer.from(after).toString('base64url') !== token) {
    throw invalidArgument(
      'The continuation token provided is incorrect',
      'continuation-token',
      token ?? '',
    )
  }
  const rest = record.annotations.filter(
    ({ name }) => name.startsWith(prefix) && (after === undefined || compareUtf8(name, after) > 0),
  )
  const annotations = rest.slice(0, countMax)
  const last = annotations.at(-1)
  const isLast = last === undefined || rest.length === annotations.length
  return {
    annotations,
    nextToken: isLast ? undefined : Buffer.from(last.name).toString('base64url'),
  }
}

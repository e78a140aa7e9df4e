import { failure, ok, type Result } from '../base/result.ts'
import { versionQuery } from './head-object.ts'
import { type Annotation, readAnnotation } from './object-reads.ts'
import type { ObjectVersion } from './object-version.ts'
import type { ReadProblem } from './read-problem.ts'
import { askS3, describeReply, type S3Link } from './s3-request.ts'

/** An annotation with its text. */
interface AnnotationText {
  readonly name: string
  readonly text: Buffer
}

/** The limit of all texts of one object together, which are kept in memory. */
export const ANNOTATIONS_BYTES_MAX = 16 * 1024 * 1024

/** Reads the texts of a version's annotations. */
export async function readAnnotationTexts(
  link: S3Link,
  version: ObjectVersion,
  annotations: readonly Annotation[],
): Promise<Result<readonly AnnotationText[], ReadProblem>> {
  const texts: AnnotationText[] = []
  for (const { name, bytes } of annotations) {
    const text = await readAnnotation(link, version, name)
    if (!text.ok) return text
    if (text.value.length !== bytes) {
      return failure({ kind: 'unknown', reason: `the annotation ${name} has another length` })
    }
    texts.push({ name, text: text.value })
  }
  return ok(texts)
}

/** Writes annotations to a version; returns why one could not be written. */
export async function writeAnnotations(
  link: S3Link,
  version: ObjectVersion,
  texts: readonly AnnotationText[],
): Promise<string | undefined> {
  for (const { name, text } of texts) {
    const reply = await askS3(link, {
      method: 'PUT',
      bucket: version.bucket,
      key: version.key,
      query: [
        { name: 'annotation', value: '' },
        { name: 'annotationName', value: name },
        ...versionQuery(version),
      ],
      body: text,
    })
    if (reply.kind !== 'answer') return `the annotation ${name}: ${describeReply(reply)}`
  }
  return undefined
}

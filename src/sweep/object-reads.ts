import { headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import { childOf, childText, type XmlElement } from '../s3/xml.ts'
import { type ObjectName, versionQuery } from './head-object.ts'
import { type ReadProblem, readProblem } from './read-problem.ts'
import {
  askS3,
  documentOf,
  type S3Link,
  type S3Question,
  type S3Refusal,
  type S3Reply,
} from './s3-request.ts'

/** A tag of an object. */
export interface Tag {
  readonly key: string
  readonly value: string
}

/** A line of an access control list. */
export interface Grant {
  readonly grantee: { readonly kind: 'id' | 'uri'; readonly value: string }
  readonly permission: string
}

/** Who owns an object and who else may do what. */
export interface Acl {
  readonly ownerId: string
  readonly grants: readonly Grant[]
}

/** A part of an object that was uploaded in parts. */
export interface ObjectPart {
  readonly number: number
  readonly bytes: number
  /** As `ChecksumCRC32` and the like, with its value; undefined: it has none. */
  readonly checksum: { readonly name: string; readonly value: string } | undefined
}

/** Text that is kept with a version of an object. */
export interface Annotation {
  readonly name: string
  readonly bytes: number
  readonly etag: string
}

/** What S3 itself allows. Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectAnnotations.html */
const ANNOTATIONS_MAX = 1000

const PARTS_MAX = 10_000

const PERMISSIONS: ReadonlySet<string> = new Set([
  'FULL_CONTROL',
  'READ',
  'READ_ACP',
  'WRITE',
  'WRITE_ACP',
])

const GRANTEE = /^[\x21\x23-\x2b\x2d-\x7e]+$/

const PART_TAGS_MAX = 20_000

/** GetObjectTagging. */
export async function readTags(
  link: S3Link,
  object: ObjectName,
): Promise<Result<readonly Tag[], ReadProblem>> {
  const reply = await askS3(link, subResource(object, 'tagging'))
  if (reply.kind !== 'answer') return failure(readProblem('GetObjectTagging', reply))
  const document = documentOf(reply, 'Tagging')
  const set = document && childOf(document, 'TagSet')
  if (set === undefined) return unreadable('GetObjectTagging')
  const tags: Tag[] = []
  for (const element of set.children) {
    const key = childText(element, 'Key')
    const value = childText(element, 'Value')
    if (key === undefined || value === undefined) return unreadable('GetObjectTagging')
    tags.push({ key, value })
  }
  return ok(tags)
}

/** GetObjectAcl. */
export async function readAcl(link: S3Link, object: ObjectName): Promise<Result<Acl, ReadProblem>> {
  const reply = await askS3(link, subResource(object, 'acl'))
  if (reply.kind !== 'answer') return failure(readProblem('GetObjectAcl', reply))
  const acl = aclOf(documentOf(reply, 'AccessControlPolicy'))
  return acl === undefined ? unreadable('GetObjectAcl') : ok(acl)
}

/**
 * Returns the parts of an object that was uploaded in parts. GetObjectAttributes lists them only if
 * they have checksums; otherwise a HEAD of each part tells its size.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html
 */
export async function readParts(
  link: S3Link,
  object: ObjectName,
): Promise<Result<readonly ObjectPart[], ReadProblem>> {
  const parts: ObjectPart[] = []
  let marker: number | undefined = 0
  while (marker !== undefined) {
    const page = await readPartsPage(link, object, marker)
    if (!page.ok) return page
    parts.push(...page.value.parts)
    marker = page.value.next
  }
  return parts.length === 0 ? headParts(link, object) : ok(parts)
}

/** ListObjectAnnotations. A server without annotations has none. */
export async function readAnnotations(
  link: S3Link,
  object: ObjectName,
): Promise<Result<readonly Annotation[], ReadProblem>> {
  const annotations: Annotation[] = []
  let token: string | undefined = ''
  while (token !== undefined) {
    const page = await readAnnotationsPage(link, object, token)
    if (!page.ok) return page
    annotations.push(...page.value.annotations)
    token = page.value.next
    if (annotations.length > ANNOTATIONS_MAX) return unreadable('ListObjectAnnotations')
  }
  return ok(annotations)
}

/** GetObjectAnnotation. */
export async function readAnnotation(
  link: S3Link,
  object: ObjectName,
  name: string,
): Promise<Result<Buffer, ReadProblem>> {
  const question = subResource(object, 'annotation')
  const query = [...question.query, { name: 'annotationName', value: name }]
  const reply = await askS3(link, { ...question, query })
  return reply.kind === 'answer'
    ? ok(reply.body)
    : failure(readProblem('GetObjectAnnotation', reply))
}

/**
 * Asks whether S3 lets us see a version's lock. HEAD leaves it out without a word if the right is
 * missing, and a copy would then be without it.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
 */
export async function checkLockIsVisible(
  link: S3Link,
  object: ObjectName,
): Promise<ReadProblem | undefined> {
  const retention = await askS3(link, subResource(object, 'retention'))
  const problem = lockProblem('GetObjectRetention', retention)
  if (problem !== undefined) return problem
  // The bucket has no Object Lock, so nothing in it has a legal hold.
  if (retention.kind === 'refused' && retention.code === 'InvalidRequest') return undefined
  const hold = await askS3(link, subResource(object, 'legal-hold'))
  return lockProblem('GetObjectLegalHold', hold)
}

/** `InvalidRequest`: the bucket has no Object Lock. */
const NO_LOCK: ReadonlySet<string> = new Set([
  'InvalidRequest',
  'NoSuchObjectLockConfiguration',
  'ObjectLockConfigurationNotFoundError',
])

function lockProblem(what: string, reply: S3Reply): ReadProblem | undefined {
  if (reply.kind === 'answer') return undefined
  if (reply.kind === 'refused' && (NO_LOCK.has(reply.code) || isUnknownOperation(reply))) {
    return undefined
  }
  return readProblem(what, reply)
}

interface PartsPage {
  readonly parts: readonly ObjectPart[]
  /** The last number of this page; undefined: there are no more. */
  readonly next: number | undefined
}

async function readPartsPage(
  link: S3Link,
  object: ObjectName,
  marker: number,
): Promise<Result<PartsPage, ReadProblem>> {
  const reply = await askS3(link, {
    ...subResource(object, 'attributes'),
    fields: [
      'x-amz-object-attributes',
      'ObjectParts',
      'x-amz-max-parts',
      '1000',
      'x-amz-part-number-marker',
      String(marker),
    ],
  })
  if (reply.kind !== 'answer') return failure(readProblem('GetObjectAttributes', reply))
  const document = documentOf(reply, 'GetObjectAttributesResponse', PART_TAGS_MAX)
  if (document === undefined) return unreadable('GetObjectAttributes')
  const list = childOf(document, 'ObjectParts')
  const parts = list === undefined ? [] : partsOf(list)
  if (parts === undefined) return unreadable('GetObjectAttributes')
  const isTruncated = (list && childText(list, 'IsTruncated')) === 'true'
  const last = parts.at(-1)?.number ?? 0
  if (isTruncated && last <= marker) return unreadable('GetObjectAttributes')
  return ok({ parts, next: isTruncated ? last : undefined })
}

interface AnnotationsPage {
  readonly annotations: readonly Annotation[]
  readonly next: string | undefined
}

/** `token`: empty for the first page. */
async function readAnnotationsPage(
  link: S3Link,
  object: ObjectName,
  token: string,
): Promise<Result<AnnotationsPage, ReadProblem>> {
  const question = subResource(object, 'annotation')
  const query = token === '' ? [] : [{ name: 'continuation-token', value: token }]
  const reply = await askS3(link, { ...question, query: [...question.query, ...query] })
  if (reply.kind !== 'answer') {
    return isUnknownOperation(reply)
      ? ok({ annotations: [], next: undefined })
      : failure(readProblem('ListObjectAnnotations', reply))
  }
  const document = documentOf(reply, 'ListObjectAnnotationsOutput', PART_TAGS_MAX)
  const list = document && childOf(document, 'Annotations')
  if (document === undefined || list === undefined) return unreadable('ListObjectAnnotations')
  const annotations: Annotation[] = []
  for (const element of list.children) {
    const annotation = annotationOf(element)
    if (annotation === undefined) return unreadable('ListObjectAnnotations')
    annotations.push(annotation)
  }
  const next = childText(document, 'NextContinuationToken')
  return ok({ annotations, next: next === '' ? undefined : next })
}

function subResource(
  object: ObjectName,
  name: string,
): S3Question & { readonly query: readonly { readonly name: string; readonly value: string }[] } {
  return {
    method: 'GET',
    bucket: object.bucket,
    key: object.key,
    query: [{ name, value: '' }, ...versionQuery(object)],
  }
}

function isUnknownOperation(reply: S3Refusal | Exclude<S3Reply, { kind: 'answer' }>): boolean {
  return reply.kind === 'refused' && (reply.status === 501 || reply.status === 405)
}

function aclOf(document: XmlElement | undefined): Acl | undefined {
  const owner = document && childOf(document, 'Owner')
  const ownerId = owner && childText(owner, 'ID')
  const list = document && childOf(document, 'AccessControlList')
  if (ownerId === undefined || list === undefined) return undefined
  const grants: Grant[] = []
  for (const element of list.children) {
    const grant = grantOf(element)
    if (grant === undefined) return undefined
    grants.push(grant)
  }
  return { ownerId, grants }
}

function grantOf(element: XmlElement): Grant | undefined {
  const grantee = childOf(element, 'Grantee')
  const permission = childText(element, 'Permission')
  if (grantee === undefined || permission === undefined) return undefined
  const id = childText(grantee, 'ID')
  const uri = childText(grantee, 'URI')
  const value = id ?? uri
  // Both go into a header field of the copy.
  if (!PERMISSIONS.has(permission) || value === undefined || !GRANTEE.test(value)) return undefined
  return { grantee: { kind: id === undefined ? 'uri' : 'id', value }, permission }
}

function partsOf(list: XmlElement): readonly ObjectPart[] | undefined {
  const parts: ObjectPart[] = []
  for (const element of list.children) {
    if (element.name !== 'Part') continue
    const number = Number(childText(element, 'PartNumber'))
    const bytes = Number(childText(element, 'Size'))
    if (!Number.isSafeInteger(number) || !Number.isSafeInteger(bytes)) return undefined
    const checksum = element.children.find(({ name }) => name.startsWith('Checksum'))
    parts.push({
      number,
      bytes,
      checksum: checksum && { name: checksum.name, value: checksum.text },
    })
  }
  return parts
}

async function headParts(
  link: S3Link,
  object: ObjectName,
): Promise<Result<readonly ObjectPart[], ReadProblem>> {
  const parts: ObjectPart[] = []
  let count = 1
  for (let number = 1; number <= count; number++) {
    const query = [{ name: 'partNumber', value: String(number) }, ...versionQuery(object)]
    const { bucket, key } = object
    const reply = await askS3(link, { method: 'HEAD', bucket, key, query })
    if (reply.kind !== 'answer') return failure(readProblem('HeadObject of a part', reply))
    const bytes = Number(headerValue(reply.headers, 'content-length'))
    const said = Number(headerValue(reply.headers, 'x-amz-mp-parts-count') ?? '1')
    const isCount = Number.isSafeInteger(said) && said >= 1 && said <= PARTS_MAX
    if (!Number.isSafeInteger(bytes) || !isCount) return unreadable('HeadObject of a part')
    count = said
    parts.push({ number, bytes, checksum: undefined })
  }
  return ok(parts)
}

function annotationOf(element: XmlElement): Annotation | undefined {
  const name = childText(element, 'AnnotationName')
  const bytes = Number(childText(element, 'Size'))
  const etag = childText(element, 'ETag')
  return name === undefined || etag === undefined || !Number.isSafeInteger(bytes)
    ? undefined
    : { name, bytes, etag }
}

function unreadable(what: string): Result<never, ReadProblem> {
  return failure({ kind: 'unknown', reason: `${what}: an answer in an unknown form` })
}

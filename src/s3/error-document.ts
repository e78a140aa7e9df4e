import type { S3Error } from './error.ts'
import { buildXml, childText, parseXml, type XmlNode } from './xml.ts'

/** What an error document says besides the error. */
export interface ErrorContext {
  /** The path that was asked for; empty: left out. */
  readonly resource: string
  /** The same as the header `x-amz-request-id`. */
  readonly requestId: string
  /** The same as the header `x-amz-id-2`. */
  readonly hostId: string
}

/** What a program wants to know of S3's own error document. */
export interface ErrorDocument {
  readonly code: string
  readonly message: string
  /** AuthorizationHeaderMalformed: the region to sign for. */
  readonly region: string | undefined
  /** Redirects: the host to address. Never for the client. */
  readonly endpoint: string | undefined
  readonly bucket: string | undefined
  readonly requestId: string | undefined
}

/** S3's longest ones repeat a canonical request twice, in text and in hex. */
const CHARACTERS_MAX = 65_536

/**
 * Writes S3's error document: Code, Message, the extras in order, Resource, RequestId, HostId; no
 * namespace. Everything that comes from the client is escaped. The cause is not part of it.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
export function buildErrorDocument(error: S3Error, context: ErrorContext): string {
  const elements: XmlNode[] = [
    ['Code', error.code],
    ['Message', error.message],
  ]
  for (const extra of error.extras ?? []) elements.push(extra)
  if (context.resource !== '') elements.push(['Resource', context.resource])
  elements.push(['RequestId', context.requestId], ['HostId', context.hostId])
  return buildXml(['Error', elements])
}

/**
 * Reads an error document of an S3 server, white space before it allowed (S3 keeps a connection
 * alive with it). Undefined for anything else: no XML, another root, no Code, over 64 KiB.
 */
export function readErrorDocument(xml: string): ErrorDocument | undefined {
  const document = parseXml(xml.trimStart(), CHARACTERS_MAX)
  if (!document.ok || document.value.name !== 'Error') return undefined
  const error = document.value
  const code = childText(error, 'Code')?.trim()
  if (code === undefined || code === '') return undefined
  return {
    code,
    message: childText(error, 'Message') ?? '',
    region: childText(error, 'Region')?.trim(),
    endpoint: childText(error, 'Endpoint')?.trim(),
    bucket: childText(error, 'Bucket') ?? childText(error, 'BucketName'),
    requestId: childText(error, 'RequestId')?.trim(),
  }
}

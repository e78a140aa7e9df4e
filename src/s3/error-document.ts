import type { S3Error } from './error.ts'
import { buildElement, buildXml, type XmlNode } from './xml.ts'

/** What an error document says besides the error. */
interface ErrorContext {
  /** The path that was asked for; empty: left out. */
  readonly resource: string
  /** The same as the header `x-amz-request-id`. */
  readonly requestId: string
  /** The same as the header `x-amz-id-2`. */
  readonly hostId: string
}

/**
 * Writes S3's error document: Code, Message, the extras in order, Resource, RequestId, HostId; no
 * namespace. Everything that comes from the client is escaped. The cause is not part of it.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
export function buildErrorDocument(error: S3Error, context: ErrorContext): string {
  return buildXml(errorNode(error, context))
}

/** The same without a declaration. */
export function buildErrorElement(error: S3Error, context: ErrorContext): string {
  return buildElement(errorNode(error, context))
}

function errorNode(error: S3Error, context: ErrorContext): XmlNode {
  const elements: XmlNode[] = [
    ['Code', error.code],
    ['Message', error.message],
  ]
  for (const extra of error.extras ?? []) elements.push(extra)
  if (context.resource !== '') elements.push(['Resource', context.resource])
  elements.push(['RequestId', context.requestId], ['HostId', context.hostId])
  return ['Error', elements]
}

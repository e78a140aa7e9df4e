import { adviceOn } from './advice.ts'
import type { S3Error } from './error.ts'
import { buildElement, buildXml, type XmlNode } from './xml.ts'

/** The fields of an error document besides the error. */
interface ErrorContext {
  /** The requested path; left out if empty. */
  readonly resource: string
  /** The same as the header `x-amz-request-id`. */
  readonly requestId: string
  /** The same as the header `x-amz-id-2`. */
  readonly hostId: string
}

/**
 * Builds S3's error document: Code, Message, the extras in order, Resource, RequestId, HostId; no
 * namespace. The message ends with the reason and what to do. All text is escaped, since the client controls parts of it. The cause is left out.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
export function buildErrorDocument(error: S3Error, context: ErrorContext): string {
  return buildXml(errorNode(error, context))
}

/** Builds the same element without the XML declaration. */
export function buildErrorElement(error: S3Error, context: ErrorContext): string {
  return buildElement(errorNode(error, context))
}

function errorNode(error: S3Error, context: ErrorContext): XmlNode {
  const elements: XmlNode[] = [
    ['Code', error.code],
    ['Message', `${error.message} ${adviceOn(error.reason)}`],
  ]
  for (const extra of error.extras ?? []) elements.push(extra)
  if (context.resource !== '') elements.push(['Resource', context.resource])
  elements.push(['RequestId', context.requestId], ['HostId', context.hostId])
  return ['Error', elements]
}

import { type HeaderList, headerValue } from '../base/header-list.ts'
import { recognizeS3Host } from '../s3/s3-host.ts'
import { childText, parseXml } from '../s3/xml.ts'

/** S3's statement that a request went to the wrong endpoint, or was signed for the wrong region. */
interface Misdirection {
  /** The bucket's region according to S3, not validated yet; undefined if S3 does not name it. */
  readonly region: string | undefined
}

const DOCUMENT_BYTES_MAX = 64 * 1024

/** Codes of 400 answers that are about the region. */
const REGION_CODES: ReadonlySet<string> = new Set([
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
])

/** Returns, from the status alone, whether an answer must be inspected. */
export function mayBeMisdirected(status: number): boolean {
  return status === 400 || isRedirect(status)
}

/**
 * Parses an answer that {@link mayBeMisdirected}: 301 and 307 with or without a document, 400
 * AuthorizationHeaderMalformed with `<Region>`, 400 IllegalLocationConstraintException. The answer
 * to a HEAD has no body, only `x-amz-bucket-region`. Undefined for any other answer. Does not use
 * the message: that of IllegalLocationConstraintException repeats the CreateBucket's region.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Redirects.html
 */
export function readMisdirection(
  status: number,
  headers: HeaderList,
  body: Buffer,
): Misdirection | undefined {
  const named = headerValue(headers, 'x-amz-bucket-region')
  if (body.length === 0) {
    if (!isRedirect(status) && named === undefined) return undefined
    return { region: named ?? regionOfLocation(headers) }
  }
  const document = parseXml(body.toString('utf8'), DOCUMENT_BYTES_MAX)
  const error = document.ok && document.value.name === 'Error' ? document.value : undefined
  const code = error === undefined ? undefined : childText(error, 'Code')
  if (!isRedirect(status) && !REGION_CODES.has(code ?? '')) return undefined
  if (named !== undefined || error === undefined) {
    return { region: named ?? regionOfLocation(headers) }
  }
  const region =
    childText(error, 'Region') ??
    regionOfHost(childText(error, 'Endpoint')) ??
    regionOfLocation(headers)
  return { region }
}

/**
 * 304 is not a redirect. S3 sends 301 and 307; other redirects would also lead around the proxy.
 */
function isRedirect(status: number): boolean {
  return status >= 300 && status <= 399 && status !== 304
}

function regionOfLocation(headers: HeaderList): string | undefined {
  const location = headerValue(headers, 'location')
  if (location === undefined) return undefined
  return regionOfHost(/^https?:\/\/([^/:?#]{1,255})/i.exec(location)?.[1])
}

function regionOfHost(host: string | undefined): string | undefined {
  return host === undefined ? undefined : recognizeS3Host(host)?.region
}

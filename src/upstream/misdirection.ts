import { type HeaderList, headerValue } from '../base/header-list.ts'
import { recognizeS3Host } from '../s3/s3-host.ts'
import { childText, parseXml } from '../s3/xml.ts'

/** S3 says that a request was sent to the wrong place, or signed for the wrong region. */
interface Misdirection {
  /** Where the bucket is, as S3 has it and not yet checked; undefined: it does not say. */
  readonly region: string | undefined
}

const DOCUMENT_BYTES_MAX = 64 * 1024

/** 400s that tell of the region. */
const REGION_CODES: ReadonlySet<string> = new Set([
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
])

/** Tells by the status alone whether an answer has to be looked at. */
export function mayBeMisdirected(status: number): boolean {
  return status === 400 || isRedirect(status)
}

/**
 * Reads an answer that {@link mayBeMisdirected}: 301 and 307 with or without a document, 400
 * AuthorizationHeaderMalformed with `<Region>`, 400 IllegalLocationConstraintException; a HEAD's has
 * no body, only `x-amz-bucket-region`. Undefined: it says something else. What a message says is not
 * read: that of IllegalLocationConstraintException repeats what a CreateBucket asked for.
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

/** 304 is no redirect. S3 sends 301 and 307; the others would point around the proxy as well. */
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

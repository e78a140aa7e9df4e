/** A page of the parts of a multipart upload. */
interface PartList {
  /** The sizes of its parts together. */
  readonly bytes: number
  /** Where the next page begins; undefined if this is the last one. */
  readonly nextMarker: string | undefined
}

/** Only a part has a size. */
const PART_SIZE = /<Size>(\d{1,15})<\/Size>/g

/**
 * Reads the answer to ListParts; undefined if it is none, or has a part without a size. Without an XML parser,
 * which takes 60 ms for 1,000 parts.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
 */
export function readPartList(document: string): PartList | undefined {
  if (!document.trimEnd().endsWith('</ListPartsResult>')) return undefined
  let bytes = 0
  let parts = 0
  for (const [, size] of document.matchAll(PART_SIZE)) {
    bytes += Number(size)
    parts++
  }
  if (parts !== document.split('<Part>').length - 1) return undefined
  const isTruncated = document.includes('<IsTruncated>true</IsTruncated>')
  const marker = /<NextPartNumberMarker>(\d{1,5})<\/NextPartNumberMarker>/.exec(document)?.[1]
  if (isTruncated && marker === undefined) return undefined
  return { bytes, nextMarker: isTruncated ? marker : undefined }
}

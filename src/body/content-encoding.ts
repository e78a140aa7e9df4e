/**
 * Returns Content-Encoding without `aws-chunked`, at any position and in any case; undefined if
 * nothing is left. The other codings keep their order and text.
 *
 * `aws-chunked` describes the transfer; S3 stores only the other codings with the object.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
 */
export function withoutAwsChunked(contentEncoding: string): string | undefined {
  const rest = contentEncoding
    .split(',')
    .filter((coding) => !isAwsChunked(coding))
    .join(',')
    .trim()
  return rest === '' ? undefined : rest
}

/** Returns whether a Content-Encoding lists `aws-chunked`. */
export function listsAwsChunked(contentEncoding: string): boolean {
  return contentEncoding.split(',').some(isAwsChunked)
}

function isAwsChunked(coding: string): boolean {
  return coding.trim().toLowerCase() === 'aws-chunked'
}

/**
 * Content-Encoding without `aws-chunked`, wherever it stands in the list and however it is
 * written; undefined where nothing is left. The other codings keep their order and their text.
 *
 * `aws-chunked` is how the body travels, the rest is what the object is: S3 stores the rest.
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

/** Whether a Content-Encoding lists `aws-chunked`. */
export function listsAwsChunked(contentEncoding: string): boolean {
  return contentEncoding.split(',').some(isAwsChunked)
}

function isAwsChunked(coding: string): boolean {
  return coding.trim().toLowerCase() === 'aws-chunked'
}

const CODE = /<Code>\s*([\w.-]{1,64})\s*<\/Code>/

/**
 * Returns the code of S3's error document. Without an XML parser, because errors are frequent (a cache
 * asks for what is not there), and so that a long or malformed document is recognised too.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
 */
export function errorCodeIn(document: Buffer): string | undefined {
  return CODE.exec(document.toString('latin1'))?.[1]
}

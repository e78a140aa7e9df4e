/**
 * Returns whether a `clientError` of node:http is about bytes that are not HTTP/1.1, or about a
 * head that is too long or too late; otherwise the connection has failed. A paused parser
 * (HPE_PAUSED) has not found an error.
 */
export function isMalformed({ code }: NodeJS.ErrnoException): boolean {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return true
  return code?.startsWith('HPE_') === true && code !== 'HPE_PAUSED'
}

/** Returns whether the client has ended its side in the middle of a request. */
export function isCutOff({ code }: NodeJS.ErrnoException): boolean {
  return code === 'HPE_INVALID_EOF_STATE'
}

/**
 * Builds the raw answer to bytes that are not a request, as S3 does. There is no request, so it has
 * no id, and there is no audit line.
 */
export function answerMalformed(error: NodeJS.ErrnoException): string {
  const [code, message] = describe(error.code)
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message></Error>`
  return (
    `HTTP/1.1 400 Bad Request\r\nContent-Type: application/xml\r\nx-sealgate-reason: malformed-http\r\n` +
    `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
  )
}

function describe(code: string | undefined): readonly [string, string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return [
        'RequestHeaderSectionTooLarge',
        'Your request header section exceeds the maximum allowed size.',
      ]
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['RequestTimeout', 'The request head did not arrive in time.']
    default:
      return ['InvalidRequest', 'The request is not well-formed HTTP/1.1.']
  }
}

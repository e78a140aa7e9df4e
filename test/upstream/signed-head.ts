import aws4 from 'aws4'
import { CLIENT, REGION } from '../support/rig.ts'

/** The head of a request whose body is not hashed, signed by aws4; the test sends the body as it likes. */
export function signedHeaders(
  port: number,
  method: string,
  path: string,
  bodyBytes: number,
): Record<string, string> {
  const headers = {
    host: `127.0.0.1:${port}`,
    'content-length': String(bodyBytes),
    'x-amz-content-sha256': 'UNSIGNED-PAYLOAD',
  }
  const signed = aws4.sign(
    { service: 's3', region: REGION, method, path, headers, host: headers.host },
    CLIENT,
  )
  return { ...headers, ...(signed.headers as Record<string, string>) }
}

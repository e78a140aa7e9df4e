import { createHash } from 'node:crypto'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import aws4 from 'aws4'
import { CLIENT, REGION } from './rig.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly text: string
}

export interface RequestOptions {
  readonly method?: string
  /** The raw target; sent as it is. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer | string
  /** Left out: the rig's client. null: not signed. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | null
  /** Added after signing. */
  readonly unsigned?: Readonly<Record<string, string>>
  readonly region?: string
  /** Ends the connection. */
  readonly signal?: AbortSignal
}

/** Sends a request signed by aws4, which is not our code. */
export function send(port: number, options: RequestOptions): Promise<Answer> {
  const { method = 'GET', path, body, credentials = CLIENT } = options
  const payload = body === undefined ? undefined : Buffer.from(body)
  const headers: Record<string, string> & { host: string } = {
    host: `127.0.0.1:${port}`,
    ...options.headers,
  }
  if (payload !== undefined) headers['content-length'] ??= String(payload.length)
  if (credentials !== null) {
    headers['x-amz-content-sha256'] ??= createHash('sha256')
      .update(payload ?? '')
      .digest('hex')
    const signed = aws4.sign(
      {
        service: 's3',
        region: options.region ?? REGION,
        method,
        path,
        headers,
        host: headers.host,
      },
      credentials,
    )
    Object.assign(headers, signed.headers)
  }
  return sendRaw(port, method, path, { ...headers, ...options.unsigned }, payload, options.signal)
}

/** Sends exactly this. */
export function sendRaw(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: Buffer,
  signal?: AbortSignal,
): Promise<Answer> {
  const to = { host: '127.0.0.1', port, method, path, headers, setHost: false, agent: false }
  return new Promise((resolve, reject) => {
    const request = httpRequest(signal === undefined ? to : { ...to, signal }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const whole = Buffer.concat(chunks)
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: whole,
          text: whole.toString('utf8'),
        })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

import { createHash } from 'node:crypto'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { createConnection, type Socket } from 'node:net'
import { type TLSSocket, connect as tlsConnect } from 'node:tls'
import aws4 from 'aws4'
import { CLIENT, REGION } from '../support/rig.ts'
import type { Answer } from '../support/signed-request.ts'

/** A request for an S3 host, signed by aws4, which is not our code. */
export interface S3Request {
  readonly host: string
  readonly method?: string
  readonly path: string
  readonly body?: string
  readonly region?: string
  /** null: not signed. */
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string } | null
  readonly headers?: Readonly<Record<string, string>>
  /** Added after signing. */
  readonly unsigned?: Readonly<Record<string, string>>
}

/** Headers as the client of S3 sends them. */
export function signedHeaders(options: S3Request): Record<string, string> {
  const { host, method = 'GET', path, body, credentials = CLIENT } = options
  const headers: Record<string, string> = { host, ...options.headers }
  if (body !== undefined) headers['content-length'] = String(Buffer.byteLength(body))
  if (credentials !== null) {
    headers['x-amz-content-sha256'] = createHash('sha256')
      .update(body ?? '')
      .digest('hex')
    const of = { service: 's3', region: options.region ?? REGION, method, path, headers, host }
    Object.assign(headers, aws4.sign(of, credentials).headers)
  }
  return { ...headers, ...options.unsigned }
}

/** Sends it in absolute-form. */
export function sendAbsolute(port: number, options: S3Request): Promise<Answer> {
  const target = `http://${options.host}${options.path}`
  return sendTarget(port, target, options)
}

/** Sends it with any target. */
export function sendTarget(port: number, target: string, options: S3Request): Promise<Answer> {
  return readAnswer(
    httpRequest({
      host: '127.0.0.1',
      port,
      method: options.method ?? 'GET',
      path: target,
      headers: signedHeaders(options),
      setHost: false,
      agent: false,
    }),
    options.body,
  )
}

/** Sends it over a connection that is open already. */
export function sendOver(socket: Socket, options: S3Request): Promise<Answer> {
  return readAnswer(
    httpRequest({
      createConnection: () => socket,
      method: options.method ?? 'GET',
      path: options.path,
      headers: signedHeaders(options),
      setHost: false,
    }),
    options.body,
  )
}

function readAnswer(
  request: ReturnType<typeof httpRequest>,
  body: string | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const whole = Buffer.concat(chunks)
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, body: whole, text: whole.toString('utf8') })
      })
    })
    request.end(body)
  })
}

/** What CONNECT came to: the head of the answer, and the socket, at the first octet after it. */
export interface Connected {
  readonly status: number
  readonly head: string
  readonly socket: Socket
}

/** Sends CONNECT. */
export function connectThrough(
  port: number,
  authority: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Connected> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    const lines = Object.entries({ host: authority, ...headers }).map(([n, v]) => `${n}: ${v}\r\n`)
    let received = Buffer.alloc(0)
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk])
      const end = received.indexOf('\r\n\r\n')
      if (end === -1) return
      socket.off('data', onData)
      socket.pause()
      socket.unshift(received.subarray(end + 4))
      const head = received.subarray(0, end).toString('latin1')
      resolve({ status: Number(head.split(' ')[1]), head, socket })
    }
    socket.on('data', onData)
    socket.on('error', reject)
    socket.write(`CONNECT ${authority} HTTP/1.1\r\n${lines.join('')}\r\n`)
  })
}

/** Opens TLS over a socket; rejects where the handshake fails. */
export function openTls(
  socket: Socket,
  servername: string,
  ca: string | undefined,
  options: { readonly maxVersion?: 'TLSv1.1' | 'TLSv1.2'; readonly alpn?: readonly string[] } = {},
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const tls = tlsConnect({
      socket,
      servername,
      ...(ca === undefined ? {} : { ca }),
      ALPNProtocols: [...(options.alpn ?? ['http/1.1'])],
      ...(options.maxVersion === undefined
        ? {}
        : { minVersion: 'TLSv1.1', maxVersion: options.maxVersion, ciphers: 'DEFAULT@SECLEVEL=0' }),
    })
    tls.once('secureConnect', () => resolve(tls))
    tls.once('error', reject)
    tls.once('close', () => reject(new Error('closed')))
  })
}

/** Basic credentials of Proxy-Authorization. */
export function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

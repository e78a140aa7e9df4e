import { createHash } from 'node:crypto'
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import aws4 from 'aws4'
import type { HeaderList } from '../base/header-list.ts'
import { headerListFromRaw, headerValue } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import { encodePath } from '../s3/percent-encoding.ts'
import type { HttpEndpoint } from './option-values.ts'

/** The credentials of a probe; undefined fields are not sent. */
export interface ProbeKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
}

/** An answer of the proxy. */
export interface ProbeAnswer {
  readonly status: number
  readonly headers: HeaderList
  readonly body: Buffer
}

/** A request of a probe. */
export interface ProbeRequest {
  readonly method: 'PUT' | 'GET' | 'HEAD' | 'DELETE'
  readonly bucket: string
  readonly key: string
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Buffer
  /** Undefined: the request is unsigned. */
  readonly keys: ProbeKeys | undefined
}

const TIMEOUT_MS = 30_000
/** A probe's own object and S3's error documents are small. */
const ANSWER_BYTES_MAX = 1024 * 1024

/** Talks to the proxy as a client does. Signs with aws4, which shares no code with the verifier. */
export class ProbeClient {
  readonly #endpoint: HttpEndpoint
  readonly #region: string
  readonly #ca: string | undefined

  constructor(endpoint: HttpEndpoint, region: string, ca: string | undefined) {
    this.#endpoint = endpoint
    this.#region = region
    this.#ca = ca
  }

  /** Returns the answer, whatever its status; an error if there is none. */
  send(request: ProbeRequest): Promise<Result<ProbeAnswer, Error>> {
    const { isTls, hostname, port, host } = this.#endpoint
    const name = host.replace(/:\d+$/, '')
    const options: RequestOptions = {
      host: hostname,
      port,
      method: request.method,
      path: pathOf(request),
      headers: this.#headers(request),
      setHost: false,
      agent: false,
      timeout: TIMEOUT_MS,
    }
    const open = () =>
      isTls
        ? httpsRequest({
            ...options,
            ...(this.#ca === undefined ? {} : { ca: this.#ca }),
            ...(isIP(name) === 0 && !name.startsWith('[') ? { servername: name } : {}),
          })
        : httpRequest(options)
    return new Promise((resolve) => {
      const fail = (error: Error) => resolve(failure(error))
      const outgoing = open()
      outgoing.on('timeout', () =>
        outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)),
      )
      outgoing.on('error', fail)
      outgoing.on('response', (response) => void readAnswer(response).then(resolve, fail))
      outgoing.end(request.body)
    })
  }

  #headers({ method, body, headers, keys, ...request }: ProbeRequest): Record<string, string> {
    const { host } = this.#endpoint
    const all: Record<string, string> = { host, ...headers }
    if (body !== undefined) all['content-length'] = String(body.length)
    if (keys === undefined) return all
    all['x-amz-content-sha256'] = createHash('sha256')
      .update(body ?? '')
      .digest('hex')
    const { accessKeyId, secretAccessKey, sessionToken } = keys
    const signed = aws4.sign(
      { service: 's3', region: this.#region, method, host, path: pathOf(request), headers: all },
      sessionToken === undefined
        ? { accessKeyId, secretAccessKey }
        : { accessKeyId, secretAccessKey, sessionToken },
    )
    for (const [name, value] of Object.entries(signed.headers ?? {})) {
      all[name.toLowerCase()] = String(value)
    }
    return all
  }
}

function pathOf({ bucket, key }: Pick<ProbeRequest, 'bucket' | 'key'>): string {
  return `/${bucket}/${encodePath(key)}`
}

async function readAnswer(response: IncomingMessage): Promise<Result<ProbeAnswer, Error>> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > ANSWER_BYTES_MAX) {
      response.destroy()
      return failure(new Error(`the answer is longer than ${ANSWER_BYTES_MAX} bytes`))
    }
  }
  return ok({
    status: response.statusCode ?? 0,
    headers: headerListFromRaw(response.rawHeaders),
    body: Buffer.concat(chunks),
  })
}

/**
 * Formats `403 AccessDenied (no-matching-rule)`: status, S3's code if there is a document, our
 * reason.
 */
export function describeAnswer({ status, headers, body }: ProbeAnswer): string {
  const code = /<Code>([A-Za-z0-9.]+)<\/Code>/.exec(body.toString('utf8'))?.[1]
  const reason = headerValue(headers, 'x-sealgate-reason')
  const words = [String(status)]
  if (code !== undefined) words.push(code)
  if (reason !== undefined) words.push(`(${reason})`)
  return words.join(' ')
}

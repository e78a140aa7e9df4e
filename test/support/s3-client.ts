import type { Agent } from 'node:http'
import { encodeChunked } from './aws-chunked.ts'
import { type ChecksumName, checksumOf } from './checksum.ts'
import {
  amzDate,
  encodeQuery,
  type Field,
  type Keys,
  requestSignature,
  type Scope,
  scopeText,
  sha256Hex,
  signedHeadersOf,
} from './signer.ts'
import { type Address, type Answer, newAgent, send, type WireRequest } from './wire.ts'

/** How the body travels; the names are ours, the values of `x-amz-content-sha256` AWS's. */
export type PayloadMode =
  | 'hex'
  | 'unsigned'
  | 'signed-chunks'
  | 'signed-chunks-trailer'
  | 'unsigned-trailer'

const PAYLOAD_HASH: Readonly<Record<Exclude<PayloadMode, 'hex'>, string>> = {
  unsigned: 'UNSIGNED-PAYLOAD',
  'signed-chunks': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'signed-chunks-trailer': 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'unsigned-trailer': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
}

/** A request to sign and send. */
export interface S3Request {
  readonly method: string
  /** Raw target, latin1. */
  readonly target: string
  readonly fields?: readonly Field[]
  /** Sent, but left out of the signature. */
  readonly unsigned?: readonly Field[]
  readonly body?: Buffer | string
  readonly payload?: PayloadMode
  /** The trailing checksum of the `…-trailer` modes; CRC32 unless said. */
  readonly trailer?: ChecksumName
  /** Sent in its place. */
  readonly trailerValue?: string
  readonly chunkBytes?: number
  readonly breakChunk?: number
  readonly breakTrailerSignature?: boolean
  readonly omitEnd?: boolean
  /** Sent as `x-amz-decoded-content-length` in the place of the true one. */
  readonly decodedLength?: number
  /** Sent as `x-amz-content-sha256` in the place of the true one. */
  readonly contentHash?: string
  /** Content-Encoding of the chunked modes; `aws-chunked` unless said. */
  readonly contentEncoding?: string
  /** Leaves `x-amz-content-sha256` out. */
  readonly omitContentHash?: boolean
  /** Leaves Content-Length out and sends the body chunked. */
  readonly omitLength?: boolean
  readonly scope?: Partial<Scope> & { readonly service?: string }
}

/** A presigned URL to make. */
export interface PresignRequest {
  readonly method: string
  readonly target: string
  /** Fields that the sender of the URL has to send. */
  readonly fields?: readonly Field[]
  readonly expires?: number | string
  readonly scope?: Partial<Scope>
}

/** A raw S3 client: raw targets, own signer, every answer a value. Close it after use. */
export class S3Client {
  readonly address: Address
  readonly keys: Keys
  readonly region: string
  readonly #agent: Agent = newAgent()

  constructor(address: Address, keys: Keys, region: string) {
    this.address = address
    this.keys = keys
    this.region = region
  }

  /** Host header of this client. */
  get host(): string {
    return `${this.address.host}:${this.address.port}`
  }

  close(): void {
    this.#agent.destroy()
  }

  /** The scope of a request made now. */
  scope(other: Partial<Scope> = {}): Scope {
    return { keys: this.keys, region: this.region, date: amzDate(Date.now()), ...other }
  }

  /** Signs in the Authorization header and sends. */
  async send(request: S3Request): Promise<Answer> {
    return this.sendWire(this.prepare(request))
  }

  /** Sends what is already complete. */
  async sendWire(wire: WireRequest): Promise<Answer> {
    return send(this.address, wire, this.#agent)
  }

  /** Gives the request as it goes on the wire, for a test to spoil before it is sent. */
  prepare(request: S3Request): WireRequest {
    const scope = this.scope(request.scope)
    const data = Buffer.from(request.body ?? '')
    const mode = request.payload ?? 'hex'
    const payloadHash =
      request.contentHash ?? (mode === 'hex' ? sha256Hex(data) : PAYLOAD_HASH[mode])
    const trailers = trailersOf(request, data)
    const signed: Field[] = [
      ['host', this.host],
      ['x-amz-date', scope.date],
      ...(request.omitContentHash ? [] : [['x-amz-content-sha256', payloadHash] as const]),
      ...(isChunked(mode) ? chunkedFields(request, data, trailers) : []),
      ...(request.fields ?? []),
    ]
    const signable = { method: request.method, target: request.target, fields: signed, payloadHash }
    const signature = requestSignature(signable, scope, request.scope?.service)
    const body = isChunked(mode)
      ? encodeChunked(data, {
          chunkBytes: request.chunkBytes ?? 65_536,
          trailers,
          signed: mode === 'unsigned-trailer' ? undefined : { scope, seed: signature },
          breakChunk: request.breakChunk,
          breakTrailerSignature: request.breakTrailerSignature,
          omitEnd: request.omitEnd,
        })
      : data
    const authorization = [
      `AWS4-HMAC-SHA256 Credential=${scope.keys.accessKeyId}/${scopeText(scope, request.scope?.service)}`,
      `SignedHeaders=${signedHeadersOf(signed)}`,
      `Signature=${signature}`,
    ].join(', ')
    const framing: readonly Field[] = request.omitLength
      ? [['transfer-encoding', 'chunked']]
      : lengthFields(request.method, body)
    return {
      method: request.method,
      target: request.target,
      fields: [
        ...signed,
        ...(request.unsigned ?? []),
        ['authorization', authorization],
        ...framing,
      ],
      body,
    }
  }

  /** A presigned target: the raw target with the query's signature. */
  presign(request: PresignRequest): string {
    const scope = this.scope(request.scope)
    const signed: readonly Field[] = [['host', this.host], ...(request.fields ?? [])]
    const query = [
      ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
      ['X-Amz-Credential', `${scope.keys.accessKeyId}/${scopeText(scope)}`],
      ['X-Amz-Date', scope.date],
      ['X-Amz-Expires', String(request.expires ?? 300)],
      ['X-Amz-SignedHeaders', signedHeadersOf(signed)],
    ]
      .map(([name = '', value = '']) => `${name}=${encodeQuery(value)}`)
      .join('&')
    const target = `${request.target}${request.target.includes('?') ? '&' : '?'}${query}`
    const signature = requestSignature(
      { method: request.method, target, fields: signed, payloadHash: 'UNSIGNED-PAYLOAD' },
      scope,
    )
    return `${target}&X-Amz-Signature=${signature}`
  }

  /** Sends a request without any signature of its own (anonymous, or presigned in the target). */
  async sendBare(
    method: string,
    target: string,
    fields: readonly Field[] = [],
    body: Buffer | string = '',
  ): Promise<Answer> {
    const data = Buffer.from(body)
    const all: readonly Field[] = [['host', this.host], ...fields, ...lengthFields(method, data)]
    return this.sendWire({ method, target, fields: all, body: data })
  }
}

function isChunked(mode: PayloadMode): boolean {
  return mode !== 'hex' && mode !== 'unsigned'
}

function trailersOf(request: S3Request, data: Buffer): readonly Field[] {
  if (request.payload !== 'unsigned-trailer' && request.payload !== 'signed-chunks-trailer') {
    return []
  }
  const name = request.trailer ?? 'crc32'
  return [[`x-amz-checksum-${name}`, request.trailerValue ?? checksumOf(name, data)]]
}

function chunkedFields(
  request: S3Request,
  data: Buffer,
  trailers: readonly Field[],
): readonly Field[] {
  return [
    ['content-encoding', request.contentEncoding ?? 'aws-chunked'],
    ['x-amz-decoded-content-length', String(request.decodedLength ?? data.length)],
    ...trailers.map(([name]) => ['x-amz-trailer', name] as const),
  ]
}

function lengthFields(method: string, body: Buffer): readonly Field[] {
  if (body.length === 0 && method !== 'PUT' && method !== 'POST') return []
  return [['content-length', String(body.length)]]
}

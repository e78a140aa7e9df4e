import { createServer, type Server, type Socket } from 'node:net'
import {
  type AnswerEdit,
  answerOf,
  bytesOfAnswer,
  encryptionOf,
  FOREIGN_ENCRYPTION,
} from './answer.ts'
import { readBody } from './chunked-reading.ts'
import { readForm } from './form-reading.ts'
import { readS3Request, type S3Reading } from './s3-reading.ts'
import { readSignature, type SignatureReading } from './signature-reading.ts'
import {
  onlyValue,
  readAnswer,
  readRequest,
  type WireAnswer,
  type WireRequest,
} from './wire-reading.ts'
import { REGION, UPSTREAM } from './world.ts'

/** A request as it reached the recorder, and what was answered. */
export interface Arrival {
  /** Undefined: what came was no request. */
  readonly request: WireRequest | undefined
  readonly why: string
  readonly reading: S3Reading
  readonly signature: SignatureReading
  /** As a client would read it; undefined: none was sent, or none that can be read. */
  readonly answer: WireAnswer | undefined
  /** It began while an earlier case ran. */
  readonly isLate: boolean
}

/** How the recorder answers during a case. */
export interface Manners {
  readonly answerEdits: readonly AnswerEdit[]
  readonly lookUp: 'confirms' | 'is silent' | 'says otherwise' | 'fails'
}

/**
 * The upstream of a fuzzed Sealgate: bare sockets, a reading of its own, and a record of everything. It
 * answers when the whole request has come, never before.
 */
export class Recorder {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #arrivals: Arrival[] = []
  #answered = 0
  #cases = 0
  #unfinished = 0
  manners: Manners = { answerEdits: [], lookUp: 'confirms' }

  constructor() {
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket))
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this.port
  }

  get port(): number {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return address.port
  }

  /** What has come since the last call. */
  take(): readonly Arrival[] {
    const arrivals = this.#arrivals
    this.#arrivals = []
    this.#answered = 0
    this.#cases++
    return arrivals
  }

  /** Connections on which half a request has come. */
  get unfinished(): number {
    return this.#unfinished
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #serve(socket: Socket): void {
    let pending: Buffer = Buffer.alloc(0)
    let begunIn = 0
    const keep = (bytes: Buffer): void => {
      if (pending.length === 0) begunIn = this.#cases
      this.#unfinished += Math.sign(bytes.length) - Math.sign(pending.length)
      pending = bytes
    }
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      const rest = readRequest(pending)
      keep(Buffer.alloc(0))
      if (rest.kind === 'message') this.#note(rest.message, undefined, begunIn)
    })
    socket.on('data', (chunk: Buffer) => {
      keep(pending.length === 0 ? chunk : Buffer.concat([pending, chunk]))
      while (pending.length > 0) {
        const read = readRequest(pending)
        if (read.kind === 'malformed') {
          this.#noteMalformed(read.why, begunIn)
          keep(Buffer.alloc(0))
          socket.destroy()
          return
        }
        if (read.kind === 'partial' || !read.message.isWhole) return
        keep(pending.subarray(read.length))
        this.#answer(socket, read.message, begunIn)
      }
    })
  }

  #answer(socket: Socket, request: WireRequest, begunIn: number): void {
    const { bytes, ends } = this.#answerTo(request)
    const answer = readAnswer(bytes, request.method, ends)
    this.#note(request, answer.kind === 'message' ? answer.message : undefined, begunIn)
    if (ends) socket.end(bytes)
    else socket.write(bytes)
  }

  #answerTo(request: WireRequest): { bytes: Buffer; ends: boolean } {
    const { reading, signature } = read(request, this.port)
    if (reading.kind !== 'read' || !isStored(request, signature)) {
      return { bytes: Buffer.from(REFUSAL), ends: false }
    }
    const answer = answerOf(reading.request, reading.request.key ?? formKey(request))
    const isFirst = this.#answered++ === 0
    if (isFirst) for (const { apply } of this.manners.answerEdits) apply(answer)
    else if (request.method === 'HEAD') {
      const { bucket = '', key = '' } = reading.request
      answer.fields = answer.fields.filter(([name]) => !name.startsWith('x-amz-server-side'))
      const { lookUp } = this.manners
      if (lookUp === 'confirms') answer.fields.push(...encryptionOf(bucket, key))
      if (lookUp === 'says otherwise') answer.fields.push(...FOREIGN_ENCRYPTION)
      if (lookUp === 'fails') answer.statusLine = 'HTTP/1.1 404 Not Found'
    }
    return bytesOfAnswer(answer, request.method)
  }

  #note(request: WireRequest, answer: WireAnswer | undefined, begunIn: number): void {
    const isLate = begunIn < this.#cases
    this.#arrivals.push({ request, why: '', ...read(request, this.port), answer, isLate })
  }

  #noteMalformed(why: string, begunIn: number): void {
    const reading = { kind: 'unreadable', why } as const
    const signature = { kind: 'unsigned' } as const
    const isLate = begunIn < this.#cases
    this.#arrivals.push({ request: undefined, why, reading, signature, answer: undefined, isLate })
  }
}

function formKey({ fields, body }: WireRequest): string {
  const form = readForm(onlyValue(fields, 'content-type') ?? '', body)
  return form.kind === 'form' ? (onlyValue(form.form.fields, 'key') ?? '') : ''
}

/** Whether a server that verifies what it is told would store the body. */
export function isStored(request: WireRequest, signature: SignatureReading): boolean {
  const headers = request.fields.map(({ name, value }) => ({ name: name.toLowerCase(), value }))
  const signed = signature.kind === 'signed' ? signature : undefined
  return (
    readBody({ headers, body: request.body, isWhole: request.isWhole, signed }).kind === 'object'
  )
}

const REFUSAL =
  'HTTP/1.1 400 Bad Request\r\nContent-Length: 64\r\nContent-Type: application/xml\r\n\r\n' +
  '<Error><Code>BadDigest</Code><Message>refused</Message></Error>'.padEnd(64)

function read(request: WireRequest, port: number) {
  return {
    reading: readS3Request(request, { hosts: ['127.0.0.1'] }),
    signature: readSignature(request, {
      signers: [UPSTREAM],
      region: REGION,
      nowMs: Date.now(),
      isStrict: true,
    }),
    port,
  }
}

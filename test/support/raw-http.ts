import { connect, type Socket } from 'node:net'

/** What a server sent on one connection. */
export interface RawAnswer {
  /** Undefined: the connection was cut before a status line. */
  readonly status: number | undefined
  /** Names in lower case; of the final answer. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** How many `100 Continue` came before the answer. */
  readonly continues: number
  /** The answer is as long as its head says. */
  readonly isWhole: boolean
}

/** One connection, octet by octet, for what no HTTP client would send. */
export class RawConnection {
  readonly socket: Socket
  #text = ''
  #isClosed = false
  #error: string | undefined
  #wake: () => void = () => undefined

  /** A port of this machine to connect to, or a socket that is connected. */
  constructor(to: number | Socket) {
    this.socket =
      typeof to === 'number' ? connect({ port: to, host: '127.0.0.1', noDelay: true }) : to
    this.socket.on('data', (chunk) => {
      this.#text += chunk.toString('latin1')
      this.#wake()
    })
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error = error.code ?? error.message
    })
    this.socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  /** What has come so far. */
  get text(): string {
    return this.#text
  }

  /** The socket's error code (ECONNRESET, EPIPE, …); undefined: none. */
  get error(): string | undefined {
    return this.#error
  }

  write(octets: string | Buffer): this {
    this.socket.write(typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets)
    return this
  }

  /** Waits until what has come matches; gives the text, false where the connection closed before. */
  async until(pattern: RegExp): Promise<boolean> {
    while (!pattern.test(this.#text)) {
      if (this.#isClosed) return false
      await this.#change()
    }
    return true
  }

  /** Waits for one whole answer, or the end of the connection, and takes it off what has come. */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      const parsed = parseAnswer(this.#text)
      if (parsed !== undefined && (parsed.answer.isWhole || this.#isClosed)) {
        this.#text = this.#text.slice(parsed.length)
        return parsed.answer
      }
      if (this.#isClosed) {
        return { status: undefined, headers: new Map(), body: '', continues: 0, isWhole: false }
      }
      await this.#change()
    }
  }

  async closed(): Promise<void> {
    while (!this.#isClosed) await this.#change()
  }

  destroy(): void {
    this.socket.destroy()
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }
}

function parseAnswer(text: string): { answer: RawAnswer; length: number } | undefined {
  let at = 0
  let continues = 0
  while (text.startsWith('HTTP/1.1 100 ', at)) {
    const end = text.indexOf('\r\n\r\n', at)
    if (end < 0) return undefined
    continues++
    at = end + 4
  }
  const end = text.indexOf('\r\n\r\n', at)
  if (end < 0) return undefined
  const [statusLine = '', ...lines] = text.slice(at, end).split('\r\n')
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim())
  }
  const status = Number(statusLine.split(' ')[1])
  const declared = status === 204 || status === 304 ? 0 : Number(headers.get('content-length'))
  const body = text.slice(end + 4, Number.isNaN(declared) ? undefined : end + 4 + declared)
  const isWhole = !Number.isNaN(declared) && body.length === declared
  return {
    answer: { status, headers, body, continues, isWhole },
    length: end + 4 + body.length,
  }
}

/** The S3 error code of an answer's document; undefined where it has none. */
export function errorCodeOf({ body }: Pick<RawAnswer, 'body'>): string | undefined {
  return /<Code>([^<]+)<\/Code>/.exec(body)?.[1]
}

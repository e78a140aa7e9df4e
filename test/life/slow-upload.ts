import { type ClientRequest, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { signHead } from './load.ts'

/** A PUT whose body is sent in pieces, when the test says so. */
export class SlowUpload {
  readonly #request: ClientRequest
  readonly #piece: Buffer
  #left: number
  /** The answer's status and headers. */
  readonly answer: Promise<{ readonly status: number; readonly headers: IncomingHttpHeaders }>

  constructor(port: number, path: string, options: { pieces: number; pieceOctets: number }) {
    this.#left = options.pieces
    this.#piece = Buffer.alloc(options.pieceOctets, 'x')
    const headers = signHead(port, 'PUT', path, options.pieces * options.pieceOctets)
    this.#request = httpRequest({ host: '127.0.0.1', port, method: 'PUT', path, headers })
    this.answer = new Promise((resolve, reject) => {
      this.#request.on('error', reject)
      this.#request.on('response', (response) => {
        response.resume()
        response.on('error', reject)
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers }),
        )
      })
    })
    this.answer.catch(() => undefined)
  }

  /** Sends one piece; ends when it has left. */
  send(): Promise<void> {
    this.#left--
    return new Promise((resolve) => {
      if (this.#left > 0) this.#request.write(this.#piece, () => resolve())
      else this.#request.end(this.#piece, () => resolve())
    })
  }

  /** Sends what is left. */
  async finish(): Promise<void> {
    while (this.#left > 0) await this.send()
  }
}

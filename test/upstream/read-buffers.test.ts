import { createHash } from 'node:crypto'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { connect as connectTls, createServer, TLSSocket } from 'node:tls'
import fc from 'fast-check'
import t from 'tap'
import { isLentRead, openPooled, releaseRead } from '../../src/upstream/read-buffers.ts'
import { TestAuthority } from '../support/certificates.ts'
import { type Rig, startProxy } from './rig.ts'
import { signedHeaders } from './signed-head.ts'
import { startRawStandIn } from './stand-in.ts'

/*
 * Buffers that S3's answers are read into are used again, by any connection. Many answers at once, each
 * of bytes of its own, in any pieces, to readers of any speed, whole and broken off: none gets a byte of
 * another one's.
 */

/** One answer, and how its reader reads it. */
interface Script {
  readonly bytes: number
  readonly framing: 'length' | 'chunked' | 'close'
  /** Sizes of what S3 sends at once, round and round. */
  readonly pieces: readonly number[]
  /** Turns of the event loop between two of them. */
  readonly sendTurns: number
  /** Turns between two reads; 0: it reads what comes. */
  readonly readTurns: number
  /** Where S3 resets the connection, or the reader goes away: a part of the body. */
  readonly end:
    | { readonly kind: 'whole' }
    | { readonly kind: 'reset' | 'abort'; readonly at: number }
}

const BYTES = fc.oneof(
  fc.integer({ min: 0, max: 3_000 }),
  fc.integer({ min: 15_000, max: 140_000 }),
  fc.integer({ min: 150_000, max: 700_000 }),
  fc.constantFrom(4_000_000),
)

const WHOLE = {
  bytes: BYTES,
  framing: fc.constantFrom('length', 'length', 'chunked', 'close'),
  pieces: fc.array(fc.integer({ min: 1, max: 120_000 }), { minLength: 1, maxLength: 4 }),
  sendTurns: fc.integer({ min: 0, max: 2 }),
  readTurns: fc.constantFrom(0, 0, 1, 3),
} as const

const SCRIPT: fc.Arbitrary<Script> = fc.record({
  ...WHOLE,
  end: fc.constant({ kind: 'whole' as const }),
})
const LAST: fc.Arbitrary<Script> = fc.record({
  ...WHOLE,
  end: fc.oneof(
    fc.constant({ kind: 'whole' as const }),
    fc.record({
      kind: fc.constantFrom('reset' as const, 'abort' as const),
      at: fc.double({ min: 0, max: 0.99, noNaN: true }),
    }),
  ),
})

/** What one client asks for over one connection: all at once, or one after the other. */
const CLIENT = fc.record({
  isPipelined: fc.boolean(),
  scripts: fc
    .tuple(fc.array(SCRIPT, { maxLength: 3 }), LAST)
    .map(([before, last]) => [...before, last]),
})

/** Of that many bytes, other ones for each id, and nowhere the same at a distance of a buffer. */
function bodyOf(id: number, bytes: number): Buffer {
  const pattern = createHash('shake256', { outputLength: 4_099 }).update(`body ${id}`).digest()
  return Buffer.alloc(bytes, pattern)
}

const scripts: Script[] = []

/** Answers the requests of one connection in order, each as its script says. */
async function serve(socket: Socket, reset: () => void): Promise<void> {
  const reader = new Reader(socket)
  for (;;) {
    const head = await reader.until('\r\n\r\n')
    if (head === '') break
    const id = Number(/^GET \/bucket\/(\d+) /.exec(head)?.[1])
    const script = scripts[id]
    if (script === undefined) throw new Error(head)
    await answer(socket, script, bodyOf(id, script.bytes), reset)
  }
  socket.end()
}

async function answer(
  socket: Socket,
  script: Script,
  body: Buffer,
  reset: () => void,
): Promise<void> {
  const { framing, sendTurns, end } = script
  const head = `HTTP/1.1 200 OK\r\n${FRAMING_FIELD[framing](body.length)}\r\n\r\n`
  const sent = end.kind === 'reset' ? body.subarray(0, Math.floor(end.at * body.length)) : body
  const isCut = sent.length < body.length
  let before = Buffer.from(head)
  for (const piece of piecesOf(sent, script.pieces)) {
    if (socket.destroyed) return
    const bytes = Buffer.concat([before, framing === 'chunked' ? chunkOf(piece) : piece])
    before = Buffer.alloc(0)
    if (!socket.write(bytes)) await drained(socket)
    for (let n = 0; n < sendTurns; n++) await turn()
  }
  if (isCut) reset()
  else if (framing === 'chunked') socket.write('0\r\n\r\n')
  else if (framing === 'close') socket.end()
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('drain', done)
      socket.off('close', done)
      resolve()
    }
    socket.on('drain', done)
    socket.on('close', done)
    if (socket.destroyed) done()
  })
}

const FRAMING_FIELD = {
  length: (bytes: number) => `content-length: ${bytes}`,
  chunked: () => 'transfer-encoding: chunked',
  close: () => 'connection: close',
} as const

/** The first one may be empty: it takes the head with it. */
function piecesOf(body: Buffer, sizes: readonly number[]): readonly Buffer[] {
  const pieces: Buffer[] = []
  let at = 0
  do {
    // A million of one byte would take long.
    const size = (pieces.length < 100 && sizes[pieces.length % sizes.length]) || 100_000
    pieces.push(body.subarray(at, at + size))
    at += size
  } while (at < body.length)
  return pieces
}

function chunkOf(piece: Buffer): Buffer {
  if (piece.length === 0) return piece
  return Buffer.concat([
    Buffer.from(`${piece.length.toString(16)}\r\n`),
    piece,
    Buffer.from('\r\n'),
  ])
}

/** What came of one client's requests: the bodies as far as they came. */
async function ask(port: number, ids: readonly number[], isPipelined: boolean): Promise<Buffer[]> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => undefined)
  const reader = new Reader(socket)
  const head = (id: number): string => headOf(port, `/bucket/${id}`)
  if (isPipelined) socket.write(ids.map(head).join(''))
  const bodies: Buffer[] = []
  for (const id of ids) {
    const { bytes = 0, readTurns = 0, end } = scripts[id] ?? {}
    if (!isPipelined) socket.write(head(id))
    reader.turns = readTurns
    bodies.push(await readBody(reader, end?.kind === 'abort' ? end.at * bytes : undefined))
  }
  socket.destroy()
  return bodies
}

function headOf(port: number, path: string): string {
  const fields = Object.entries(signedHeaders(port, 'GET', path, 0))
  return `GET ${path} HTTP/1.1\r\n${fields.map((field) => `${field.join(': ')}\r\n`).join('')}\r\n`
}

/** The body of one answer, as far as it comes, or until it has so many bytes. */
async function readBody(reader: Reader, enough = Number.POSITIVE_INFINITY): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  const take = async (length: number): Promise<void> => {
    for (let left = length; left > 0 && bytes < enough; ) {
      const part = await reader.take(left)
      if (part.length === 0) return
      parts.push(part)
      bytes += part.length
      left -= part.length
    }
  }
  const head = await reader.until('\r\n\r\n')
  // S3 broke off before its head.
  if (!head.startsWith('HTTP/1.1 200 ')) return Buffer.alloc(0)
  const length = /content-length: (\d+)/i.exec(head)?.[1]
  if (length !== undefined) await take(Number(length))
  else {
    for (;;) {
      const size = Number.parseInt(await reader.until('\r\n'), 16)
      if (Number.isNaN(size) || bytes >= enough) break
      await take(size)
      await reader.until('\r\n')
      if (size === 0) break
    }
  }
  return Buffer.concat(parts)
}

/** Reads a socket as fast as it is asked, with pauses. */
class Reader {
  turns = 0
  readonly #socket: Socket
  #pending: Buffer = Buffer.alloc(0)

  #wake: () => void = () => undefined

  constructor(socket: Socket) {
    this.#socket = socket
    for (const event of ['readable', 'end', 'close']) socket.on(event, () => this.#wake())
  }

  /** Up to so many bytes; none: the end. */
  async take(most: number): Promise<Buffer> {
    if (this.#pending.length === 0) await this.#more()
    const part = this.#pending.subarray(0, most)
    this.#pending = this.#pending.subarray(most)
    return part
  }

  /** The text up to there, which is passed over; empty: it does not come. */
  async until(end: string): Promise<string> {
    let at = this.#pending.indexOf(end)
    while (at === -1) {
      if (!(await this.#more())) return ''
      at = this.#pending.indexOf(end)
    }
    const text = this.#pending.toString('latin1', 0, at)
    this.#pending = this.#pending.subarray(at + end.length)
    return text
  }

  async #more(): Promise<boolean> {
    for (let n = 0; n < this.turns; n++) await turn()
    for (;;) {
      const chunk: Buffer | null = this.#socket.read()
      if (chunk !== null) {
        this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk])
        return true
      }
      if (this.#socket.readableEnded || this.#socket.destroyed) return false
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

async function check(rig: Rig, clients: readonly { isPipelined: boolean; scripts: Script[] }[]) {
  const asked = clients.map(async ({ isPipelined, scripts: wanted }) => {
    const ids = wanted.map((script) => scripts.push(script) - 1)
    const bodies = await ask(rig.port, ids, isPipelined)
    for (const [i, id] of ids.entries()) {
      const { bytes, end } = wanted[i] as Script
      const expected = bodyOf(id, bytes)
      const body = bodies[i] ?? Buffer.alloc(0)
      if (end.kind === 'whole') {
        if (!body.equals(expected)) throw new Error(`${id}: ${body.length} of ${bytes} bytes`)
      } else if (!body.equals(expected.subarray(0, body.length))) {
        throw new Error(`${id}: other bytes than its own`)
      }
    }
  })
  await Promise.all(asked)
}

for (const protocol of ['http', 'https'] as const) {
  t.test(`${protocol}: no answer has bytes of another one`, async (t) => {
    const { ca, cert, key } = new TestAuthority().issue()
    const s3 = await startRawStandIn((tcp) => {
      tcp.setNoDelay(true)
      const socket = protocol === 'http' ? tcp : new TLSSocket(tcp, { isServer: true, cert, key })
      socket.on('error', () => undefined)
      serve(socket, () => tcp.resetAndDestroy()).catch(() => tcp.destroy())
    })
    t.teardown(() => s3.close())
    const rig = await startProxy({ endpoint: `${protocol}://127.0.0.1:${s3.port}`, ca })
    t.teardown(() => rig.close())
    await fc.assert(
      fc.asyncProperty(fc.array(CLIENT, { minLength: 1, maxLength: 8 }), (clients) =>
        check(rig, clients),
      ),
      { numRuns: 12 },
    )
  })
}

t.test('a paused TLS socket hands out every record without a copy', async (t) => {
  const { ca, cert, key } = new TestAuthority().issue()
  const body = bodyOf(0, 4_000_000)
  const server = createServer({ cert, key }, (socket) => {
    socket.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const options = { host: '127.0.0.1', port, ca, servername: 'localhost', checkServerIdentity }
  const socket = openPooled((onread) => {
    const pooled = { ...options, onread }
    return connectTls(pooled)
  }, 'record')
  let isEnded = false
  socket.on('readable', () => undefined)
  socket.on('end', () => {
    isEnded = true
  })

  const pieces: Buffer[] = []
  let copied = 0
  while (!isEnded) {
    // Records arrive and wait.
    for (let n = 0; n < 3; n++) await turn()
    const chunk: Buffer | null = socket.read()
    if (chunk === null) continue
    pieces.push(Buffer.from(chunk))
    if (isLentRead(chunk)) releaseRead(chunk)
    else copied += chunk.length
  }
  t.ok(Buffer.concat(pieces).equals(body), 'every byte, in order')
  t.ok(copied < 0.05 * body.length, `${copied} of ${body.length} bytes were copied`)
  socket.destroy()
})

function checkServerIdentity(): undefined {
  return undefined
}

import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import {
  buildChunked,
  bytesOf,
  type ChunkedMode,
  type ChunkedRequest,
  headOf,
  httpChunked,
  type Part,
} from '../support/chunked-request.ts'
import { buildForm, type Form, formHead } from '../support/form-request.ts'
import { errorCodeOf, type RawAnswer, RawConnection } from '../support/raw-http.ts'
import { KEY, type Rig, startRig } from '../support/rig.ts'

/*
 * Bodies that break in the middle, at every kind of place: the client gets S3's error, and the object
 * is neither stored nor, where there was one before, changed.
 */

/** What a stream is spoilt by. Undefined: the mode has no such place. */
type Spoil = (parts: readonly Part[], mode: ChunkedMode) => readonly Part[] | undefined

interface Break {
  readonly name: string
  readonly spoil: Spoil
  /** The S3 error code, or one for each mode. */
  readonly code: string | Readonly<Record<ChunkedMode, string>>
}

/** Changes the `nth` part (from 0; −1: the last) of that name. */
function change(name: string, nth: number, edit: (bytes: Buffer) => Buffer | string): Spoil {
  return (parts) => {
    const at = parts.flatMap((part, i) => (part.name === name ? [i] : [])).at(nth)
    if (at === undefined) return undefined
    return parts.map((part, i) =>
      i === at ? { name, bytes: Buffer.from(edit(part.bytes) as string, 'latin1') } : part,
    )
  }
}

const remove = (name: string, nth = 0): Spoil => change(name, nth, () => '')
const replace = (name: string, text: string, nth = 0): Spoil => change(name, nth, () => text)

/** Everything from the first part of that name on is missing, though the request is complete. */
function endBefore(name: string, nth = 0): Spoil {
  return (parts) => {
    const at = parts.flatMap((part, i) => (part.name === name ? [i] : [])).at(nth)
    return at === undefined ? undefined : parts.slice(0, at)
  }
}

function flipBit(bytes: Buffer, at = 0): Buffer {
  const flipped = Buffer.from(bytes)
  flipped[at] = (flipped[at] ?? 0) ^ 1
  return flipped
}

/** Another hex digit in that place. */
function otherDigit(bytes: Buffer, at = 0): string {
  const text = bytes.toString('latin1')
  return `${text.slice(0, at)}${text[at] === '0' ? '1' : '0'}${text.slice(at + 1)}`
}

const BREAKS: readonly Break[] = [
  // The size line.
  { name: 'a size without digits', spoil: replace('chunk size', ''), code: 'IncompleteBody' },
  { name: 'a size that is no hex', spoil: replace('chunk size', 'g000'), code: 'IncompleteBody' },
  { name: 'a size with a prefix', spoil: replace('chunk size', '0x2000'), code: 'IncompleteBody' },
  { name: 'a size with a sign', spoil: replace('chunk size', '+2000'), code: 'IncompleteBody' },
  {
    name: 'a size with a space',
    spoil: change('chunk size', 0, (b) => `${b} `),
    code: 'IncompleteBody',
  },
  {
    name: 'a size beyond all',
    spoil: replace('chunk size', 'f'.repeat(16)),
    code: 'IncompleteBody',
  },
  {
    name: 'a size beyond the length',
    spoil: replace('chunk size', 'fffffff'),
    code: 'IncompleteBody',
  },
  {
    name: 'a size of one too many',
    spoil: change('chunk size', 0, (b) => (Number.parseInt(b.toString(), 16) + 1).toString(16)),
    code: 'IncompleteBody',
  },
  {
    name: 'a size of one too few',
    spoil: change('chunk size', 0, (b) => (Number.parseInt(b.toString(), 16) - 1).toString(16)),
    code: 'IncompleteBody',
  },
  {
    name: 'a size line that ends with LF',
    spoil: replace('chunk line end', '\n'),
    code: 'IncompleteBody',
  },
  {
    name: 'a size line that ends with CR CR',
    spoil: replace('chunk line end', '\r\r'),
    code: 'IncompleteBody',
  },
  // The extension.
  { name: 'no extension', spoil: remove('chunk extension'), code: 'IncompleteBody' },
  {
    name: 'an extension misspelt',
    spoil: replace('chunk extension', ';chunk-signaturE='),
    code: 'IncompleteBody',
  },
  {
    name: 'another extension',
    spoil: replace('chunk extension', ';chunk-checksum='),
    code: 'IncompleteBody',
  },
  {
    name: 'an extension where there is none',
    spoil: (parts, mode) =>
      mode === 'unsigned-trailer'
        ? change('chunk size', 0, (b) => `${b};chunk-signature=${'a'.repeat(64)}`)(parts, mode)
        : undefined,
    code: 'IncompleteBody',
  },
  // Signatures.
  {
    name: 'the first chunk’s signature',
    spoil: change('chunk signature', 0, otherDigit),
    code: 'SignatureDoesNotMatch',
  },
  {
    name: 'the last chunk’s signature',
    spoil: change('chunk signature', -1, (b) => otherDigit(b, 63)),
    code: 'SignatureDoesNotMatch',
  },
  {
    name: 'the final chunk’s signature',
    spoil: change('final signature', 0, (b) => otherDigit(b, 31)),
    code: 'SignatureDoesNotMatch',
  },
  {
    name: 'a signature that is no hex',
    spoil: replace('chunk signature', 'z'.repeat(64)),
    code: 'SignatureDoesNotMatch',
  },
  {
    name: 'a signature one digit short',
    spoil: change('chunk signature', 0, (b) => b.subarray(1)),
    code: 'SignatureDoesNotMatch',
  },
  {
    name: 'a signature one digit long',
    spoil: change('chunk signature', 0, (b) => `${b}0`),
    code: 'IncompleteBody',
  },
  { name: 'an empty signature', spoil: remove('chunk signature'), code: 'IncompleteBody' },
  // Data.
  {
    name: 'a bit of the first data',
    spoil: change('data', 0, (b) => flipBit(b)),
    code: {
      signed: 'SignatureDoesNotMatch',
      'signed-trailer': 'SignatureDoesNotMatch',
      'unsigned-trailer': 'BadDigest',
    },
  },
  {
    name: 'a bit of the last data',
    spoil: change('data', -1, (b) => flipBit(b, b.length - 1)),
    code: {
      signed: 'SignatureDoesNotMatch',
      'signed-trailer': 'SignatureDoesNotMatch',
      'unsigned-trailer': 'BadDigest',
    },
  },
  { name: 'data without its line end', spoil: remove('data end'), code: 'IncompleteBody' },
  { name: 'data that ends with LF', spoil: replace('data end', '\n'), code: 'IncompleteBody' },
  {
    name: 'the last data with another end',
    spoil: replace('data end', 'XY', -1),
    code: 'IncompleteBody',
  },
  // The final chunk.
  { name: 'no final chunk', spoil: endBefore('final size'), code: 'IncompleteBody' },
  {
    name: 'a final chunk of one byte',
    spoil: replace('final size', '1'),
    code: 'InvalidChunkSizeError',
  },
  {
    name: 'only the size of the final chunk',
    spoil: endBefore('final line end'),
    code: 'IncompleteBody',
  },
  {
    name: 'the first chunk is the final one',
    spoil: (parts) => parts.slice(parts.findIndex(({ name }) => name === 'final size')),
    code: 'IncompleteBody',
  },
  // The trailer.
  {
    name: 'no trailer',
    spoil: withoutTrailer,
    // Its signature covers the one that is missing.
    code: {
      signed: '',
      'signed-trailer': 'SignatureDoesNotMatch',
      'unsigned-trailer': 'MalformedTrailerError',
    },
  },
  {
    name: 'a trailer of another name',
    spoil: replace('trailer', 'x-amz-checksum-sha1:AAAA\r\n'),
    code: 'MalformedTrailerError',
  },
  {
    name: 'a trailer that is a header',
    spoil: replace('trailer', 'x-amz-server-side-encryption:AES256\r\n'),
    code: 'MalformedTrailerError',
  },
  {
    name: 'a trailer without a colon',
    spoil: replace('trailer', 'x-amz-checksum-crc32\r\n'),
    code: 'MalformedTrailerError',
  },
  {
    name: 'a trailer twice',
    spoil: change('trailer', 0, (b) => `${b}${b}`),
    code: 'MalformedTrailerError',
  },
  {
    name: 'a trailer of a kilobyte',
    spoil: replace('trailer', `x-amz-checksum-crc32:${'A'.repeat(1024)}\r\n`),
    code: 'MalformedTrailerError',
  },
  {
    name: 'a trailer with a wrong value',
    spoil: change('trailer', 0, () => 'x-amz-checksum-crc32:AAAAAA==\r\n'),
    code: {
      signed: '',
      'signed-trailer': 'SignatureDoesNotMatch',
      'unsigned-trailer': 'BadDigest',
    },
  },
  {
    name: 'a trailer that is no base64',
    spoil: change('trailer', 0, () => 'x-amz-checksum-crc32:????\r\n'),
    code: {
      signed: '',
      'signed-trailer': 'SignatureDoesNotMatch',
      'unsigned-trailer': 'InvalidRequest',
    },
  },
  {
    name: 'no trailer signature',
    spoil: remove('trailer signature'),
    code: 'MalformedTrailerError',
  },
  {
    name: 'a wrong trailer signature',
    spoil: change('trailer signature', 0, (b) => otherDigit(b, b.length - 3)),
    code: 'SignatureDoesNotMatch',
  },
  {
    name: 'a line behind the trailer signature',
    spoil: change('trailer signature', 0, (b) => `${b}x-amz-checksum-crc32:AAAAAA==\r\n`),
    code: 'MalformedTrailerError',
  },
  // The end.
  {
    name: 'no end',
    spoil: endBefore('end'),
    code: 'IncompleteBody',
  },
  { name: 'half an end', spoil: replace('end', '\r'), code: 'IncompleteBody' },
]

function withoutTrailer(parts: readonly Part[]): readonly Part[] | undefined {
  const rest = parts.filter(({ name }) => name !== 'trailer')
  return rest.length === parts.length ? undefined : rest
}

const SIZES = {
  // Two chunks, collected in memory.
  small: [8192, 1000],
  // Four chunks, streamed.
  large: [65_536, 65_536, 65_536, 1000],
} as const satisfies Readonly<Record<string, readonly number[]>>

const MODES = ['signed', 'signed-trailer', 'unsigned-trailer'] as const
const FRAMINGS = ['content-length', 'chunked'] as const
const TRAILERS = ['forward', 'terminate'] as const

type Framing = (typeof FRAMINGS)[number]

function send(
  port: number,
  { target, fields }: ChunkedRequest,
  body: Buffer,
  framing: Framing,
): RawConnection {
  const isChunked = framing === 'chunked'
  const head = headOf('PUT', target, [
    ...fields,
    isChunked ? ['transfer-encoding', 'chunked'] : ['content-length', String(body.length)],
    ['connection', 'close'],
  ])
  return new RawConnection(port).write(head).write(isChunked ? httpChunked(body) : body)
}

async function answerTo(...args: Parameters<typeof send>): Promise<RawAnswer> {
  const connection = send(...args)
  const answer = await connection.answer()
  connection.destroy()
  return answer
}

interface Scene {
  readonly rig: Rig
  readonly mode: ChunkedMode
  readonly sizes: readonly number[]
  readonly framing: Framing
}

function build({ rig, mode, sizes }: Scene, key: string, decodedLength?: number): ChunkedRequest {
  const chunks = sizes.map((size) => randomBytes(size))
  const target = `/bucket/${key}`
  const options = { mode, target, chunks, port: rig.port }
  return buildChunked(decodedLength === undefined ? options : { ...options, decodedLength })
}

for (const trailers of TRAILERS) {
  for (const mode of MODES) {
    for (const [sizeName, sizes] of Object.entries(SIZES)) {
      t.test(
        `${mode}, ${sizeName}, trailers: ${trailers}: no broken stream is stored`,
        async (t) => {
          const rig = await startRig({
            upstream: `  trailers: ${trailers}`,
            sandbox: { quirks: { noTrailers: trailers === 'terminate' } },
          })
          t.teardown(() => rig.close())
          const total = sizes.reduce((sum: number, size) => sum + size, 0)
          for (const framing of FRAMINGS) {
            const scene: Scene = { rig, mode, sizes, framing }
            const good = build(scene, 'kept')
            const stored = await answerTo(rig.port, good, bytesOf(good.parts), framing)
            t.equal(stored.status, 200, `${framing}: a whole stream is stored: ${stored.body}`)
            const kept = rig.sandbox.inspect('bucket', 'kept')
            t.match(kept, { size: total, encryption: 'aws:kms', keyId: KEY })

            for (const { name, spoil, code } of BREAKS) {
              const request = build(scene, 'kept')
              const parts = spoil(request.parts, mode)
              if (parts === undefined) continue
              const answer = await answerTo(rig.port, request, bytesOf(parts), framing)
              const expected = typeof code === 'string' ? code : code[mode]
              t.equal(errorCodeOf(answer), expected, `${framing}: ${name}`)
              t.ok(answer.isWhole, `${name}: the answer is whole`)
              t.strictSame(
                rig.sandbox.inspect('bucket', 'kept'),
                kept,
                `${name}: nothing is changed`,
              )
            }
            await t.test(`${framing}: a wrong length is refused`, (t) =>
              wrongLengths(t, scene, total),
            )
            await t.test(`${framing}: a truncated body is not stored`, (t) => truncated(t, scene))
          }
          t.strictSame(rig.sandbox.list('bucket'), ['kept'], 'nothing else is there')
        },
      )
    }
  }
}

async function wrongLengths(t: Test, scene: Scene, total: number): Promise<void> {
  const { rig, framing, mode } = scene
  for (const length of [0, total - 1, total + 1, total * 2]) {
    const request = build(scene, 'never', length)
    const answer = await answerTo(rig.port, request, bytesOf(request.parts), framing)
    t.equal(errorCodeOf(answer), 'IncompleteBody', `decoded length ${length} of ${total}`)
    t.equal(rig.sandbox.inspect('bucket', 'never'), undefined)
  }
  const small = build({ ...scene, sizes: [8192, 8191, 1] }, 'never')
  const tooSmall = await answerTo(rig.port, small, bytesOf(small.parts), framing)
  t.equal(errorCodeOf(tooSmall), 'InvalidChunkSizeError', 'a chunk of 8,191 bytes before the last')
  t.match(tooSmall.body, '<Chunk>3</Chunk><BadChunkSize>8191</BadChunkSize>')
  t.equal(rig.sandbox.inspect('bucket', 'never'), undefined)

  const swapped = build({ ...scene, sizes: [8192, 8192, 10] }, 'never')
  const [first, second] = swapped.parts.filter(({ name }) => name === 'data')
  const parts = swapped.parts.map((part) => {
    if (part === first) return second ?? part
    return part === second ? (first ?? part) : part
  })
  const answer = await answerTo(rig.port, swapped, bytesOf(parts), framing)
  const code = mode === 'unsigned-trailer' ? 'BadDigest' : 'SignatureDoesNotMatch'
  t.equal(errorCodeOf(answer), code, 'two chunks in the other order')
  t.equal(rig.sandbox.inspect('bucket', 'never'), undefined)
}

/** The client goes away in the middle of every part: nothing is stored, whatever it is told. */
async function truncated(t: Test, scene: Scene): Promise<void> {
  const { rig, framing } = scene
  const whole = build(scene, 'never')
  let end = 0
  for (const { name, bytes } of whole.parts) {
    const cuts = new Set([end, end + (bytes.length >> 1)])
    end += bytes.length
    for (const cut of cuts) {
      const request = build(scene, 'never')
      const body = bytesOf(request.parts)
      const isChunked = framing === 'chunked'
      const head = headOf('PUT', request.target, [
        ...request.fields,
        isChunked ? ['transfer-encoding', 'chunked'] : ['content-length', String(body.length)],
      ])
      const sent = isChunked
        ? Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body.subarray(0, cut)])
        : body.subarray(0, cut)
      const connection = new RawConnection(rig.port).write(head).write(sent)
      connection.socket.end()
      const answer = await connection.answer()
      await connection.closed()
      t.not(answer.status, 200, `${name}, cut at ${cut}`)
      t.equal(rig.sandbox.inspect('bucket', 'never'), undefined, `${name}: nothing is stored`)
    }
  }
}

t.test('bodies that break while their request waits for a connection', async (t) => {
  // The only connection is held by a request that is never answered.
  let arrived: () => void = () => undefined
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve
  })
  const server = createServer((request) => {
    request.on('error', () => undefined)
    request.resume()
    arrived()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  const rig = await startRig({
    upstreamPort: typeof address === 'object' && address !== null ? address.port : 0,
    upstream: '  connections: 1\n  connectTimeout: 1s',
  })
  t.teardown(() => rig.close())
  const holder = new RawConnection(rig.port)
  t.teardown(() => holder.destroy())
  const scene: Scene = { rig, mode: 'unsigned-trailer', sizes: [65_536, 10], framing: 'chunked' }
  const whole = build(scene, 'held')
  const small = build({ ...scene, sizes: [10] }, 'held')
  const heads = (request: ChunkedRequest) =>
    headOf('PUT', request.target, [...request.fields, ['content-length', '1000000']])
  const smallBody = bytesOf(small.parts)
  holder.write(
    headOf('PUT', small.target, [...small.fields, ['content-length', String(smallBody.length)]]),
  )
  holder.write(smallBody)
  await arrival

  const leaving = MODES.map((mode) => {
    const request = build({ ...scene, mode }, 'left')
    return new RawConnection(rig.port).write(heads(request)).write(request.parts[0]?.bytes ?? '')
  })
  const form = new RawConnection(rig.port)
  const posted: Form = { fields: [['key', 'left']], file: Buffer.alloc(100_000) }
  const body = buildForm(posted)
  form.write(formHead(rig.port, posted, body.length)).write(body.subarray(0, 50_000))
  const broken = [
    new RawConnection(rig.port).write(heads(whole)).write('nonsense\r\n'),
    new RawConnection(rig.port).write(heads(build(scene, 'left'))).write('ffff\r\nabc'),
  ]
  broken[1]?.socket.end()
  while (rig.metrics.inflight < 7) await new Promise((resolve) => setImmediate(resolve))
  for (const connection of [...leaving, form]) connection.destroy()
  for (const connection of broken) {
    const answer = await connection.answer()
    t.not(answer.status, 200)
    connection.destroy()
  }
  const lines = await rig.audit()
  t.equal(lines.length, 6, 'the process lives, and has recorded each')
})

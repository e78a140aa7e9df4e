import { hash } from 'node:crypto'
import type { ChunkFraming } from '../../src/s3/payload.ts'
import { ChunkChain } from './chunk-chain.ts'

/** An aws-chunked body to be put together by the tests themselves, to the letter of AWS's page. */
export interface Wire {
  readonly kind: ChunkFraming
  /** The chunks without the empty last one. */
  readonly chunks: readonly Buffer[]
  /** `name:value`, without the line's end. */
  readonly trailer?: string
}

/** One part of a body on the wire, named after what it is: what a test breaks is named by it. */
export type Part = readonly [name: string, bytes: Buffer]

/** The seed signature of the page's examples. */
export const SEED = '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9'

/** The parts of a body, in order. */
export function wireParts(wire: Wire): Part[] {
  const signed = wire.kind !== 'unsigned-trailer'
  const chain = new ChunkChain(SEED)
  const parts: Part[] = []
  const put = (name: string, text: string) => parts.push([name, Buffer.from(text, 'latin1')])
  for (const chunk of [...wire.chunks, Buffer.alloc(0)]) {
    const last = chunk.length === 0
    const name = last ? 'final' : 'chunk'
    put(`${name} size`, chunk.length.toString(16))
    if (signed) {
      put(`${name} extension`, ';chunk-signature=')
      put(`${name} signature`, chain.signChunk(hash('sha256', chunk, 'hex')))
    }
    put(`${name} line end`, '\r\n')
    if (last) break
    parts.push(['data', chunk])
    put('data end', '\r\n')
  }
  if (wire.kind !== 'signed' && wire.trailer !== undefined) put('trailer', `${wire.trailer}\r\n`)
  if (wire.kind === 'signed-trailer') {
    const text = wire.trailer === undefined ? '\n' : `${wire.trailer}\n`
    const signature = chain.signTrailer(hash('sha256', text, 'hex'))
    put('trailer signature', `x-amz-trailer-signature:${signature}\r\n`)
  }
  put('end', '\r\n')
  return parts
}

/** A body as its bytes. */
export function wireBytes(wire: Wire): Buffer {
  return Buffer.concat(wireParts(wire).map(([, bytes]) => bytes))
}

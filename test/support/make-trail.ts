import { createPrivateKey } from 'node:crypto'
import { appendFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Chain } from '../../src/evidence/chain.ts'
import { type ControlRecord, formatControlRecord } from '../../src/evidence/control-record.ts'
import { formatVerifierKey, parseVerifierKey } from '../../src/evidence/note.ts'

export const ORIGIN = 'audit.example.com/sealgate/gw-0'

/** A key with a known seed: its bytes are `first`, `first` + 1 … */
export function sealingKey(first = 0) {
  const seed = Buffer.from(Array.from({ length: 32 }, (_, i) => first + i))
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

/** The verifier key of a sealing key. */
export function verifierKeyOf(privateKey = sealingKey()): string {
  return formatVerifierKey({ name: ORIGIN, privateKey })
}

export function verifierOf(privateKey = sealingKey()) {
  const parsed = parseVerifierKey(verifierKeyOf(privateKey))
  if (!parsed.ok) throw new Error(parsed.error)
  return parsed.value
}

const START_MS = Date.UTC(2026, 10, 28, 15)

/** Writes a stream into a trail's folder as a process would. */
export class StreamFile {
  readonly path: string
  readonly name: string
  readonly chain: Chain
  #seconds: number
  #requests = 0

  /** `seconds`: when it opens, after the beginning of all. */
  constructor(
    directory: string,
    name: string,
    stream = name.padEnd(22, '0').slice(0, 22),
    seconds = 0,
    origin = ORIGIN,
  ) {
    this.#seconds = seconds
    mkdirSync(join(directory, 'lines'), { recursive: true })
    this.name = `${name}.0000.jsonl`
    this.path = join(directory, 'lines', this.name)
    this.chain = new Chain(origin, stream)
    this.control({
      record: 'open',
      version: '0.2.0',
      origin,
      replica: 'gw-0',
      worker: 1,
      node: null,
      policy: 'sha256:00',
      previous: null,
    })
  }

  /** The time of the next line. */
  get time(): string {
    return new Date(START_MS + this.#seconds * 1000).toISOString()
  }

  wait(seconds: number): void {
    this.#seconds += seconds
  }

  request(count = 1, more = ''): void {
    for (let i = 0; i < count; i++) {
      this.#requests++
      this.line(`{"time":"${this.time}","requestId":"R${this.#requests}","client":"demo"${more}}`)
      this.#seconds++
    }
  }

  control(record: ControlRecord): void {
    this.line(formatControlRecord(this.time, record))
  }

  close(lost = 0): void {
    this.control({ record: 'close', lines: this.chain.seq - lost + 1, lost, reason: 'stop' })
  }

  line(text: string): void {
    const chained = this.chain.link(text)
    appendFileSync(this.path, `${chained}\n`)
    this.chain.advance(chained)
  }
}

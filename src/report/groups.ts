import type { AuditedWrite } from '../telemetry/audit-record.ts'
import { type AuditLine, numberOf, STORED, textOf } from './audit-line.ts'

/** Uploads by what became of them, and the stored bytes. */
export interface Counts extends Readonly<Record<AuditedWrite, number>> {
  readonly uploads: number
  /** Stored objects, which are every upload but the refused and failed ones. */
  readonly objects: number
  /** Of stored objects whose size the line tells. */
  readonly bytes: number
  /** Stored objects whose size the line does not tell (copies, forms, most completions). */
  readonly sizeUnknown: number
  /** Times of the first and last upload; null: none. */
  readonly first: string | null
  readonly last: string | null
}

/** The counts of one key, bucket, client, rule or day. */
export interface Group extends Counts {
  readonly name: string
}

/** Adds up the counts of uploads. */
export class Counter {
  readonly #counts = {
    sealed: 0,
    exempt: 0,
    observed: 0,
    unconfirmed: 0,
    mismatched: 0,
    refused: 0,
    failed: 0,
  } satisfies Record<AuditedWrite, number>
  #uploads = 0
  #objects = 0
  #bytes = 0
  #sizeUnknown = 0
  #first: string | null = null
  #last: string | null = null

  add(line: AuditLine, write: AuditedWrite): void {
    this.#uploads++
    this.#counts[write]++
    const time = textOf(line, 'time') ?? null
    if (time !== null) {
      if (this.#first === null || time < this.#first) this.#first = time
      if (this.#last === null || time > this.#last) this.#last = time
    }
    if (!STORED.has(write)) return
    this.#objects++
    const size = numberOf(line, 'objectSize')
    if (size === undefined) this.#sizeUnknown++
    else this.#bytes += size
  }

  get counts(): Counts {
    return {
      uploads: this.#uploads,
      objects: this.#objects,
      ...this.#counts,
      bytes: this.#bytes,
      sizeUnknown: this.#sizeUnknown,
      first: this.#first,
      last: this.#last,
    }
  }
}

/** Counts by name, with a limit of names: the rest is one group, so that the sums stay right. */
export class Groups {
  readonly #counters = new Map<string, Counter>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  add(name: string, line: AuditLine, write: AuditedWrite): void {
    const isFull = this.#counters.size >= this.#max && !this.#counters.has(name)
    const group = isFull ? REST : name
    let counter = this.#counters.get(group)
    if (counter === undefined) {
      counter = new Counter()
      this.#counters.set(group, counter)
    }
    counter.add(line, write)
  }

  /** Sorted by name. */
  get groups(): readonly Group[] {
    return [...this.#counters]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, counter]) => ({ name, ...counter.counts }))
  }
}

/** The name of the group of all names beyond the limit. */
const REST = '(all others)'

import type { Findings, Place } from './findings.ts'
import type { StreamState } from './stream-state.ts'

/** Lines without the three fields of a chain: each waits for the line, or the end, that explains it. */
export class LineFragments {
  readonly #findings: Findings
  #fragment: { readonly bytes: Buffer; readonly place: Place } | undefined

  constructor(findings: Findings) {
    this.#findings = findings
  }

  /** Whether one waits. */
  get isOpen(): boolean {
    return this.#fragment !== undefined
  }

  /** Takes a line without the three fields. */
  take(line: Buffer, place: Place): void {
    if (line.length === 0) {
      this.#findings.gap('an empty line, as a crash leaves it', place)
      return
    }
    const before = this.#fragment
    if (before !== undefined && !areOfOneLine(before.bytes, line)) this.#refuse()
    if (this.#fragment !== undefined && this.#fragment.bytes.length >= line.length) return
    this.#fragment = { bytes: Buffer.from(line), place: this.#fragment?.place ?? place }
  }

  /** A full disk cuts a line again and again; a kill then leaves its fragments at the end of the file. */
  endFile(rest: Buffer, file: string, last: StreamState | undefined): void {
    const fragment = this.#fragment
    if (fragment === undefined) return
    const { bytes } = fragment
    const isOpen = last === undefined || (last.file === file && last.closed === undefined)
    const isTorn = !isWhole(bytes) && (rest.length === 0 || areOfOneLine(bytes, rest))
    if (!isOpen || !isTorn) {
      this.#refuse()
      return
    }
    this.#fragment = undefined
    if (last !== undefined) last.fragmentBytes = bytes.length
    else this.#findings.gap(`a fragment of ${bytes.length} bytes, and no line`, { file })
  }

  /** A write that a crash or a full disk cut is followed by the whole line, or by another life's first. */
  explain(next: Buffer, seq: number, last: StreamState | undefined): void {
    const fragment = this.#fragment
    if (fragment === undefined) return
    const { bytes, place } = fragment
    const isRepeated = bytes.length < next.length && bytes.equals(next.subarray(0, bytes.length))
    // A torn line is no JSON, and another program would read this one.
    if (!isRepeated && (seq !== 0 || isWhole(bytes))) {
      this.#refuse()
      return
    }
    this.#fragment = undefined
    if (isRepeated) this.#findings.note('a fragment of the line that follows it', place)
    else if (last === undefined) this.#findings.gap(`a fragment of ${bytes.length} bytes`, place)
    else last.fragmentBytes = bytes.length
  }

  #refuse(): void {
    this.#findings.fail('a line without chain', this.#fragment?.place)
    this.#fragment = undefined
  }
}

/** Returns whether both may be the beginning of one line, which was cut twice. */
function areOfOneLine(one: Buffer, other: Buffer): boolean {
  const [shorter, longer] = one.length < other.length ? [one, other] : [other, one]
  return !isWhole(shorter) && shorter.equals(longer.subarray(0, shorter.length))
}

/** Returns whether it is JSON, which no torn line is. */
export function isWhole(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'))
    return true
  } catch {
    return false
  }
}

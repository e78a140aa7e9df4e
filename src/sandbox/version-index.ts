import type { VersionRecord } from './records.ts'
import { SortedKeys } from './sorted-keys.ts'

/** A version, and the file that its record is in. */
export interface VersionEntry {
  readonly record: VersionRecord
  readonly file: string
}

/** All versions of a bucket, in memory: by key, the oldest first. */
export class VersionIndex {
  readonly #entries = new Map<string, VersionEntry[]>()
  readonly #keys = new SortedKeys()

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  /** Keys that have a version, in the order of their UTF-8 bytes. */
  keys(): readonly string[] {
    return this.#keys.list()
  }

  /** A key's versions, the oldest first. */
  versions(key: string): readonly VersionEntry[] {
    return this.#entries.get(key) ?? []
  }

  /** A key's newest version. */
  current(key: string): VersionRecord | undefined {
    return this.#entries.get(key)?.at(-1)?.record
  }

  find(key: string, versionId: string): VersionEntry | undefined {
    return this.#entries.get(key)?.find(({ record }) => record.versionId === versionId)
  }

  /** Adds a version in the order of `sequence`; each version of a key has its own id. */
  add(entry: VersionEntry): void {
    const { key, sequence } = entry.record
    const entries = this.#entries.get(key)
    if (entries === undefined) {
      this.#entries.set(key, [entry])
      this.#keys.add(key)
      return
    }
    let at = entries.length
    while (at > 0 && (entries[at - 1]?.record.sequence ?? 0) > sequence) at--
    entries.splice(at, 0, entry)
  }

  /** Removes and returns a version; undefined if there is none. */
  take(key: string, versionId: string): VersionEntry | undefined {
    const entries = this.#entries.get(key) ?? []
    const at = entries.findIndex(({ record }) => record.versionId === versionId)
    if (at === -1) return undefined
    const [entry] = entries.splice(at, 1)
    if (entries.length === 0) {
      this.#entries.delete(key)
      this.#keys.remove(key)
    }
    return entry
  }

  *all(): Generator<VersionEntry> {
    for (const entries of this.#entries.values()) yield* entries
  }
}

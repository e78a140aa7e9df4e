import { createHash, randomBytes } from 'node:crypto'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { BucketRecord, ObjectRecord, PartRecord, Segment, UploadRecord } from './records.ts'

/**
 * One bucket on disk, and its index in memory:
 *
 *     bucket.json              settings
 *     objects/<sha256 of key>.json   one object's record
 *     uploads/<id>.json        a multipart upload
 *     uploads/<id>.<n>.json    a part
 *     data/<random>            data, never changed once a record names it
 *
 * A record is written beside its place and renamed, and data is complete before its record is
 * written, so that no partial object ever appears.
 */
export class BucketStore {
  readonly #folder: string
  #record: BucketRecord
  readonly #objects = new Map<string, ObjectRecord>()
  readonly #uploads = new Map<string, { upload: UploadRecord; parts: Map<number, PartRecord> }>()
  readonly #readers = new Map<string, number>()
  readonly #doomed = new Set<string>()
  #sortedKeys: readonly string[] | undefined

  private constructor(folder: string, record: BucketRecord) {
    this.#folder = folder
    this.#record = record
  }

  /** Makes the folder. */
  static create(folder: string, record: BucketRecord): BucketStore {
    for (const name of ['objects', 'uploads', 'data']) {
      mkdirSync(join(folder, name), { recursive: true })
    }
    const store = new BucketStore(folder, record)
    store.update(record)
    return store
  }

  /** Reads a folder that `create` made; data that no record names is removed. */
  static open(folder: string): BucketStore {
    const store = new BucketStore(folder, readJson(join(folder, 'bucket.json')) as BucketRecord)
    const known = new Set<string>()
    for (const name of recordNames(join(folder, 'objects'))) {
      const record = readJson(join(folder, 'objects', name)) as ObjectRecord
      store.#objects.set(record.key, record)
      for (const segment of record.segments) known.add(segment.file)
    }
    // `<id>.json` comes before `<id>.<n>.json` is asked for: uploads first, then their parts.
    const names = recordNames(join(folder, 'uploads'))
    for (const name of names.filter((candidate) => candidate.split('.').length === 2)) {
      const upload = readJson(join(folder, 'uploads', name)) as UploadRecord
      store.#uploads.set(upload.id, { upload, parts: new Map() })
    }
    for (const name of names.filter((candidate) => candidate.split('.').length === 3)) {
      const part = readJson(join(folder, 'uploads', name)) as PartRecord
      store.#uploads.get(name.split('.')[0] ?? '')?.parts.set(part.number, part)
      for (const segment of part.segments) known.add(segment.file)
    }
    for (const file of readdirSync(join(folder, 'data'))) {
      if (!known.has(file)) rmSync(join(folder, 'data', file), { force: true })
    }
    return store
  }

  get record(): BucketRecord {
    return this.#record
  }

  get isEmpty(): boolean {
    return this.#objects.size === 0
  }

  /** Replaces the settings. */
  update(record: BucketRecord): void {
    writeRecord(join(this.#folder, 'bucket.json'), record)
    this.#record = record
  }

  /** Removes the folder and all in it. */
  destroy(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** The path of a data file: a new one, or a segment's. */
  dataPath(file: string): string {
    return join(this.#folder, 'data', file)
  }

  find(key: string): ObjectRecord | undefined {
    return this.#objects.get(key)
  }

  /** Keys in the order of their UTF-8 octets. */
  keys(): readonly string[] {
    this.#sortedKeys ??= [...this.#objects.keys()].sort(compareUtf8)
    return this.#sortedKeys
  }

  /** Makes an object visible, in place of the one that had its key. */
  put(record: ObjectRecord): void {
    const replaced = this.#objects.get(record.key)
    writeRecord(this.#objectPath(record.key), record)
    this.#objects.set(record.key, record)
    if (replaced === undefined) this.#sortedKeys = undefined
    else this.#removeData(replaced.segments, record.segments)
  }

  /** Removes an object; nothing happens where there is none. */
  remove(key: string): void {
    const record = this.#objects.get(key)
    if (record === undefined) return
    rmSync(this.#objectPath(key), { force: true })
    this.#objects.delete(key)
    this.#sortedKeys = undefined
    this.#removeData(record.segments)
  }

  /** Keeps an object's data on disk, even if it is replaced or removed, until the function given is called. */
  pin(segments: readonly Segment[]): () => void {
    for (const { file } of segments) this.#readers.set(file, (this.#readers.get(file) ?? 0) + 1)
    let isReleased = false
    return () => {
      if (isReleased) return
      isReleased = true
      for (const { file } of segments) this.#release(file)
    }
  }

  /** Gives existing data a second name, which costs nothing: data is never changed. */
  linkData(source: BucketStore, segment: Segment): Segment {
    const file = newFileName()
    linkSync(source.dataPath(segment.file), this.dataPath(file))
    return { file, size: segment.size }
  }

  /** Removes data that no record names. */
  discard(segments: readonly Segment[]): void {
    this.#removeData(segments)
  }

  uploads(): readonly UploadRecord[] {
    return [...this.#uploads.values()].map(({ upload }) => upload)
  }

  findUpload(id: string): UploadRecord | undefined {
    return this.#uploads.get(id)?.upload
  }

  /** An upload's parts by number. */
  parts(id: string): readonly PartRecord[] {
    const parts = this.#uploads.get(id)?.parts.values() ?? []
    return [...parts].sort((a, b) => a.number - b.number)
  }

  putUpload(upload: UploadRecord): void {
    writeRecord(this.#uploadPath(upload.id), upload)
    this.#uploads.set(upload.id, { upload, parts: new Map() })
  }

  /** Adds or replaces a part. False where the upload is gone. */
  putPart(id: string, part: PartRecord): boolean {
    const parts = this.#uploads.get(id)?.parts
    if (parts === undefined) return false
    const replaced = parts.get(part.number)
    writeRecord(this.#uploadPath(`${id}.${part.number}`), part)
    parts.set(part.number, part)
    if (replaced !== undefined) this.#removeData(replaced.segments)
    return true
  }

  /** Ends an upload; data of its parts is removed unless an object took it. */
  removeUpload(id: string, kept: readonly Segment[]): void {
    const entry = this.#uploads.get(id)
    if (entry === undefined) return
    this.#uploads.delete(id)
    rmSync(this.#uploadPath(id), { force: true })
    for (const part of entry.parts.values()) {
      rmSync(this.#uploadPath(`${id}.${part.number}`), { force: true })
      this.#removeData(part.segments, kept)
    }
  }

  #objectPath(key: string): string {
    return join(this.#folder, 'objects', `${createHash('sha256').update(key).digest('hex')}.json`)
  }

  #uploadPath(name: string): string {
    return join(this.#folder, 'uploads', `${name}.json`)
  }

  #removeData(segments: readonly Segment[], kept: readonly Segment[] = []): void {
    const keptFiles = new Set(kept.map(({ file }) => file))
    for (const { file } of segments) {
      if (keptFiles.has(file)) continue
      if (this.#readers.has(file)) this.#doomed.add(file)
      else rmSync(this.dataPath(file), { force: true })
    }
  }

  #release(file: string): void {
    const readers = (this.#readers.get(file) ?? 1) - 1
    if (readers > 0) {
      this.#readers.set(file, readers)
      return
    }
    this.#readers.delete(file)
    if (this.#doomed.delete(file)) rmSync(this.dataPath(file), { force: true })
  }
}

/** A name for a new data file. */
export function newFileName(): string {
  return randomBytes(16).toString('hex')
}

/** Orders strings as their UTF-8 octets (UTF-16 order differs beyond U+FFFF). */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Surrogates stand for code points above all others. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}

function recordNames(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : []
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function writeRecord(path: string, record: unknown): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  writeFileSync(temporary, JSON.stringify(record))
  renameSync(temporary, path)
}

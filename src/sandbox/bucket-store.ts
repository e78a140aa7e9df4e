import { createHash, randomBytes } from 'node:crypto'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type {
  BucketRecord,
  DeleteMarker,
  NewObject,
  ObjectRecord,
  PartRecord,
  Segment,
  UploadRecord,
  VersionRecord,
} from './records.ts'
import { NOT_ARCHIVED } from './storage-class.ts'
import { newVersionId } from './version-id.ts'
import { type VersionEntry, VersionIndex } from './version-index.ts'

/**
 * One bucket on disk, and its index in memory:
 *
 *     bucket.json              settings
 *     versions/<sha256 of key>.<n>.json   the record of one version of an object
 *     uploads/<id>.json        a multipart upload
 *     uploads/<id>.<n>.json    a part
 *     data/<random>            data, never changed once a record names it
 *
 * A version appears when the index has its record, which is when data and record are complete, so no
 * partial object is ever seen. A record is written under a new number, and the one that it replaces
 * is then removed: renaming over a file makes ext4 write its data out at once, which was measured to hold up
 * a PUT for milliseconds. After a crash the highest number counts, and a record that is no JSON is
 * one that was never acknowledged.
 */
export class BucketStore {
  readonly #folder: string
  #record: BucketRecord
  readonly #versions = new VersionIndex()
  readonly #uploads = new Map<string, { upload: UploadRecord; parts: Map<number, PartRecord> }>()
  readonly #readers = new Map<string, number>()
  readonly #doomed = new Set<string>()
  #nextNumber = 1

  private constructor(folder: string, record: BucketRecord) {
    this.#folder = folder
    this.#record = record
  }

  /** Makes the folder. */
  static create(folder: string, record: BucketRecord): BucketStore {
    for (const name of ['versions', 'uploads', 'data']) {
      mkdirSync(join(folder, name), { recursive: true })
    }
    const store = new BucketStore(folder, record)
    store.update(record)
    return store
  }

  /** Opens a folder that `create` made; removes data that no record names. */
  static open(folder: string): BucketStore {
    const store = new BucketStore(folder, readJson(join(folder, 'bucket.json')) as BucketRecord)
    const known = new Set(store.#openVersions())
    // Uploads before their parts: `<id>.json` is needed before `<id>.<n>.json`.
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
      if (!known.has(file)) removeFile(join(folder, 'data', file))
    }
    return store
  }

  /** Reads the versions' records; returns the data files that they name. */
  #openVersions(): readonly string[] {
    const folder = join(this.#folder, 'versions')
    // By name: the later record of a version comes later.
    for (const file of recordNames(folder).toSorted()) {
      const record = readRecord(join(folder, file)) as VersionRecord | undefined
      this.#nextNumber = Math.max(this.#nextNumber, Number(file.split('.')[1]) + 1)
      const replaced =
        record === undefined ? file : this.#versions.take(record.key, record.versionId)?.file
      if (replaced !== undefined) removeFile(join(folder, replaced))
      if (record !== undefined) this.#versions.add({ record, file })
    }
    return [...this.#versions.all()].flatMap(({ record }) =>
      segmentsOf(record).map((segment) => segment.file),
    )
  }

  get record(): BucketRecord {
    return this.#record
  }

  get isEmpty(): boolean {
    return this.#versions.isEmpty
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

  /** Returns the current object; undefined if there is none, or a delete marker. */
  find(key: string): ObjectRecord | undefined {
    const record = this.current(key)
    return record?.kind === 'object' ? record : undefined
  }

  /** The newest version. */
  current(key: string): VersionRecord | undefined {
    return this.#versions.current(key)
  }

  findVersion(key: string, versionId: string): VersionRecord | undefined {
    return this.#versions.find(key, versionId)?.record
  }

  /** A key's versions, the newest first. */
  versions(key: string): readonly VersionRecord[] {
    return this.#versions
      .versions(key)
      .map(({ record }) => record)
      .toReversed()
  }

  /** Keys that have a version, in the order of their UTF-8 bytes. */
  keys(): readonly string[] {
    return this.#versions.keys()
  }

  /** Makes an object the newest version of its key; in a bucket without versions, the only one. */
  put(object: NewObject): ObjectRecord {
    const identity = this.#newIdentity()
    const record: ObjectRecord = {
      annotations: [],
      ...object,
      kind: 'object',
      archive: NOT_ARCHIVED,
      ...identity,
    }
    this.#write(record)
    return record
  }

  /** Makes a delete marker the newest version of a key. */
  putDeleteMarker(key: string, lastModified: number): DeleteMarker {
    const identity = this.#newIdentity()
    const record: DeleteMarker = { kind: 'delete-marker', key, lastModified, ...identity }
    this.#write(record)
    return record
  }

  /** Replaces the metadata of a version; its age and id stay. */
  replace(record: ObjectRecord): void {
    this.#write(record)
  }

  /** Removes a version for good. */
  remove(key: string, versionId: string): VersionRecord | undefined {
    const removed = this.#versions.take(key, versionId)
    if (removed !== undefined) this.#dispose(removed, [])
    return removed?.record
  }

  #newIdentity(): { readonly versionId: string; readonly sequence: number } {
    const sequence = this.#nextNumber
    const isVersioned = this.#record.versioning === 'Enabled'
    return { sequence, versionId: isVersioned ? newVersionId(sequence) : 'null' }
  }

  /** Writes a record, in the place of the one with that key and version. */
  #write(record: VersionRecord): void {
    const number = String(this.#nextNumber++).padStart(15, '0')
    const file = `${createHash('sha256').update(record.key).digest('hex')}.${number}.json`
    writeFileSync(join(this.#folder, 'versions', file), JSON.stringify(record))
    const replaced = this.#versions.take(record.key, record.versionId)
    this.#versions.add({ record, file })
    if (replaced !== undefined) this.#dispose(replaced, segmentsOf(record))
  }

  #dispose({ record, file }: VersionEntry, kept: readonly Segment[]): void {
    removeFile(join(this.#folder, 'versions', file))
    this.#removeData(segmentsOf(record), kept)
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

  /** Adds a second name for existing data at no cost, because data never changes. */
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

  /** Adds or replaces a part. Returns false if the upload is gone. */
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
    removeFile(this.#uploadPath(id))
    for (const part of entry.parts.values()) {
      removeFile(this.#uploadPath(`${id}.${part.number}`))
      this.#removeData(part.segments, kept)
    }
  }

  #uploadPath(name: string): string {
    return join(this.#folder, 'uploads', `${name}.json`)
  }

  #removeData(segments: readonly Segment[], kept: readonly Segment[] = []): void {
    const keptFiles = new Set(kept.map(({ file }) => file))
    for (const { file } of segments) {
      if (keptFiles.has(file)) continue
      if (this.#readers.has(file)) this.#doomed.add(file)
      else removeFile(this.dataPath(file))
    }
  }

  #release(file: string): void {
    const readers = (this.#readers.get(file) ?? 1) - 1
    if (readers > 0) {
      this.#readers.set(file, readers)
      return
    }
    this.#readers.delete(file)
    if (this.#doomed.delete(file)) removeFile(this.dataPath(file))
  }
}

/** A name for a new data file. */
export function newFileName(): string {
  return randomBytes(16).toString('hex')
}

/** The data that a record names. */
function segmentsOf(record: VersionRecord): readonly Segment[] {
  if (record.kind === 'delete-marker') return []
  return [...record.segments, ...record.annotations.map(({ segment }) => segment)]
}

function recordNames(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json')) : []
}

/** Removes a file that may be missing. (`rmSync` does the same for three times the cost.) */
function removeFile(path: string): void {
  try {
    unlinkSync(path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
}

/** A record, or `undefined` where a crash cut it off. */
function readRecord(path: string): unknown {
  try {
    return readJson(path)
  } catch {
    return undefined
  }
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}

function writeRecord(path: string, record: unknown): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  writeFileSync(temporary, JSON.stringify(record))
  renameSync(temporary, path)
}

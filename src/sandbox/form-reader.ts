import type { Readable } from 'node:stream'
import busboy from 'busboy'
import { S3Fault } from './fault.ts'
import type { FormFields } from './post-policy.ts'

/** All fields before the file, names and values. */
export const FIELDS_BYTES_MAX = 20_480

/** The file of a form. */
export interface FormFile {
  /** The last part of the path that the client gave; `undefined` where it gave none. */
  readonly filename: string | undefined
  readonly data: AsyncIterable<Buffer>
}

/** Receives the fields and the file when the file begins. */
type FormSink<T> = (fields: FormFields, file: FormFile) => Promise<T>

/**
 * Parses a `multipart/form-data` body with busboy up to the end of its file, the part named `file`;
 * every other part is a field, with or without a file name. Data after the file is read and
 * ignored. Returns the result of the sink. Throws `MalformedPOSTRequest`, `PreconditionFailed`,
 * `MaxPostPreDataLengthExceeded`, `InvalidArgument`, and everything that the sink throws.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
 */
export async function readForm<T>(
  contentType: string,
  body: AsyncIterable<Buffer>,
  sink: FormSink<T>,
): Promise<T> {
  const parser = createParser(contentType)
  const fields = new Map<string, string>()
  const named: Promise<void>[] = []
  let bytes = 0
  let outcome: Promise<T> | undefined
  let failure: { readonly error: unknown } | undefined
  let wake: () => void = () => undefined

  function fail(error: unknown): void {
    failure ??= { error }
    wake()
  }

  function start(file: FormFile): void {
    outcome = Promise.all(named).then(() => sink(fields, file))
    outcome.catch(fail)
  }

  function addField(name: string, value: Buffer): void {
    bytes += Buffer.byteLength(name) + value.length
    if (bytes > FIELDS_BYTES_MAX) fail(tooLarge())
    const before = fields.get(name)
    const text = value.toString('utf8')
    fields.set(name, before === undefined ? text : `${before},${text}`)
  }

  /** A field with a file name, which busboy returns as a stream. */
  async function addNamedField(name: string, data: Readable): Promise<void> {
    const pieces: Buffer[] = []
    let length = 0
    for await (const piece of data) {
      length += piece.length
      if (length > FIELDS_BYTES_MAX) throw tooLarge()
      pieces.push(piece)
    }
    addField(name, Buffer.concat(pieces))
  }

  /** Waits for an event of the parser, or for a failure. */
  async function until(event: 'drain' | 'close'): Promise<void> {
    await new Promise<void>((resolve) => {
      wake = resolve
      parser.once(event, resolve)
      if (failure !== undefined) resolve()
    })
    parser.removeListener(event, wake)
  }

  parser.on('field', (name, value, info) => {
    if (outcome !== undefined || failure !== undefined) return
    const lower = (name ?? '').toLowerCase()
    const bytes = Buffer.from(value, 'latin1')
    if (info.valueTruncated) fail(tooLarge())
    else if (lower === 'file') start({ filename: undefined, data: oneOf(bytes) })
    else addField(lower, bytes)
  })
  parser.on('file', (name, data, info) => {
    // An unread file fails when the parser is destroyed; the error can be ignored.
    data.on('error', () => undefined)
    const lower = (name ?? '').toLowerCase()
    if (outcome !== undefined || failure !== undefined) {
      data.resume()
    } else if (lower === 'file') {
      const filename: string | undefined = info.filename
      start({ filename, data })
    } else {
      const added = addNamedField(lower, data)
      added.catch(fail)
      named.push(added)
    }
  })
  parser.on('error', () => fail(new S3Fault('MalformedPOSTRequest')))

  try {
    for await (const data of body) {
      if (!parser.write(data)) await until('drain')
      // A refusal ends the reading at once, not at the end of the file.
      if (failure !== undefined) throw failure.error
    }
    parser.end()
    await until('close')
    if (failure !== undefined) throw failure.error
    if (outcome === undefined) throw noFile()
    return await outcome
  } finally {
    parser.destroy()
  }
}

function createParser(contentType: string) {
  if (!contentType.toLowerCase().startsWith('multipart/form-data')) {
    throw new S3Fault('PreconditionFailed', undefined, [
      ['Condition', 'Bucket POST must be of the enclosure-type multipart/form-data'],
    ])
  }
  try {
    return busboy({
      headers: { 'content-type': contentType },
      defParamCharset: 'utf8',
      // Raw bytes: busboy treats a file without a name and type as a field.
      defCharset: 'latin1',
      highWaterMark: 1 << 20,
      fileHwm: 1 << 20,
      limits: { fieldSize: 1 << 20, fields: 200, files: 200 },
    })
  } catch {
    throw new S3Fault('MalformedPOSTRequest')
  }
}

async function* oneOf(data: Buffer): AsyncGenerator<Buffer> {
  yield data
}

/** S3's refusal of more than {@link FIELDS_BYTES_MAX}. */
export function tooLarge(): S3Fault {
  return new S3Fault('MaxPostPreDataLengthExceeded', undefined, [
    ['MaxPostPreDataLengthBytes', String(FIELDS_BYTES_MAX)],
  ])
}

function noFile(): S3Fault {
  return new S3Fault('InvalidArgument', 'POST requires exactly one file upload per request.', [
    ['ArgumentName', 'file'],
    ['ArgumentValue', '0'],
  ])
}

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

/** Takes the fields and the file, as soon as the file begins. */
export type FormSink<T> = (fields: FormFields, file: FormFile) => Promise<T>

/**
 * Reads a `multipart/form-data` body with busboy up to the end of its file; what follows the file is
 * read and ignored. Gives what the sink gives. Throws `MalformedPOSTRequest`, `PreconditionFailed`,
 * `MaxPostPreDataLengthExceeded`, `InvalidArgument`, and whatever the sink throws.
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
  let bytes = 0
  let outcome: Promise<T> | undefined
  let failure: { readonly error: unknown } | undefined
  let wake: () => void = () => undefined

  function fail(error: unknown): void {
    failure ??= { error }
    wake()
  }

  function start(file: FormFile): void {
    outcome = sink(fields, file)
    outcome.catch(fail)
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
    if (lower === 'file') {
      if (info.valueTruncated) return fail(tooLarge())
      start({ filename: undefined, data: oneOf(Buffer.from(value, 'latin1')) })
      return
    }
    bytes += Buffer.byteLength(lower) + value.length
    if (bytes > FIELDS_BYTES_MAX || info.valueTruncated) fail(tooLarge())
    const text = Buffer.from(value, 'latin1').toString('utf8')
    const before = fields.get(lower)
    fields.set(lower, before === undefined ? text : `${before},${text}`)
  })
  parser.on('file', (name, data, info) => {
    // A file that nobody reads to its end fails when the parser is destroyed: no news to anybody.
    data.on('error', () => undefined)
    if (outcome !== undefined || failure !== undefined) {
      data.resume()
    } else if ((name ?? '').toLowerCase() === 'file') {
      const filename: string | undefined = info.filename
      start({ filename, data })
    } else {
      data.resume()
      fail(noFile())
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
      // Octets as they came: busboy takes a file without a name and type for a field.
      defCharset: 'latin1',
      highWaterMark: 1 << 20,
      fileHwm: 1 << 20,
      limits: { fieldSize: 1 << 20, fields: 200 },
    })
  } catch {
    throw new S3Fault('MalformedPOSTRequest')
  }
}

async function* oneOf(data: Buffer): AsyncGenerator<Buffer> {
  yield data
}

function tooLarge(): S3Fault {
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

import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import busboy from 'busboy'
import fc from 'fast-check'
import t from 'tap'
import { BodyError } from '../../src/body/body-error.ts'
import { FormHeadReader } from '../../src/body/form-head-reader.ts'
import { buildFormFrame, type FormFrame, formContentLength } from '../../src/body/form-writer.ts'
import { RewriteForm } from '../../src/body/rewrite-form.ts'
import { formBytes, type WirePart } from './form-wire.ts'

const OURS = 'sealgate-0123456789abcdef0123456789abcdef'

/** What busboy, which is not ours, finds in a form: `name=value`, `file(filename)=content`. */
function parseForm(boundary: string, body: Buffer): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const found: Promise<string>[] = []
    const parser = busboy({
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      defParamCharset: 'utf8',
    })
    parser.on('field', (name, value) => found.push(Promise.resolve(`${name}=${value}`)))
    parser.on('file', (name, stream, { filename }) => {
      const content = buffer(stream).then((bytes) => bytes.toString('latin1'))
      found.push(content.then((text) => `${name}(${filename})=${text}`))
    })
    parser.on('close', () => resolve(Promise.all(found)))
    parser.on('error', reject)
    parser.end(body)
  })
}

interface Rewritten {
  readonly body: Buffer
  readonly contentLength: number
}

async function rewrite(boundary: string, form: Buffer, pieceSize: number): Promise<Rewritten> {
  const reader = new FormHeadReader(boundary)
  const result = reader.push(form)
  if (!result.ok || result.value === undefined) throw new Error('the form has a head')
  const head = result.value
  const frame = frameOf(
    head.fields.map(({ name, value }) => ({ name, value })),
    head.file.filename,
  )
  const remaining = form.length - head.length
  const pieces: Buffer[] = []
  for (let i = 0; i < reader.rest.length; i += pieceSize) {
    pieces.push(reader.rest.subarray(i, i + pieceSize))
  }
  const stream = new RewriteForm(frame, { boundary, remaining, range: undefined })
  return {
    body: await buffer(Readable.from(pieces).pipe(stream)),
    contentLength: formContentLength(frame, { boundary, remaining }),
  }
}

function frameOf(
  fields: { name: string; value: string }[],
  filename: string | undefined,
): FormFrame {
  const frame = buildFormFrame({
    boundary: OURS,
    fields,
    file: { filename, contentType: undefined },
  })
  if (!frame.ok) throw new Error(frame.error.reason)
  return frame.value
}

t.test('a form is written afresh, its length known before', async (t) => {
  const form = formBytes('b', [
    { name: 'key', value: 'user/a' },
    { name: 'file', value: 'content\r\n--', more: '; filename="a.txt"' },
    { name: 'submit', value: 'Upload to Amazon S3' },
  ])
  const { body, contentLength } = await rewrite('b', form, 5)
  t.equal(body.length, contentLength)
  t.notMatch(body.toString(), /submit/)
  t.strictSame((await parseForm(OURS, body)).slice(0, 2), [
    'key=user/a',
    'file(a.txt)=content\r\n--',
  ])
})

const boundary = fc
  .array(fc.constantFrom(..."abcXYZ019'()+_,-./:=?"), { minLength: 1, maxLength: 70 })
  .map((characters) => characters.join(''))

/** Pieces of what a delimiter is made of, so that content comes close to it. */
const content = fc
  .array(fc.oneof(fc.constantFrom('\r', '\n', '\r\n', '-', '--', '\r\n--', '\r\n-'), fc.string()), {
    maxLength: 20,
  })
  .map((parts) => Buffer.from(parts.join('')))

t.test(
  'whatever the boundary, the file and the fields behind it, the length is exact',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(
        boundary,
        content,
        fc.array(fc.string({ maxLength: 40 }), { maxLength: 3 }),
        fc.constantFrom('--', '--\r\n', '--\r\n\r\n'),
        fc.integer(range(1, 50)),
        async (clientBoundary, file, after, end, pieceSize) => {
          const parts: WirePart[] = [
            { name: 'key', value: 'k' },
            { name: 'file', value: file, more: '; filename="f"' },
            ...after.map((value, i) => ({ name: `field${i}`, value })),
          ]
          const values = [file.toString('latin1'), ...after].map((value) => `\r\n${value}`)
          fc.pre(values.every((value) => !value.includes(`\r\n--${clientBoundary}`)))
          const form = formBytes(clientBoundary, parts, end)
          const { body, contentLength } = await rewrite(clientBoundary, form, pieceSize)
          t.equal(body.length, contentLength)
          const found = await parseForm(OURS, body)
          t.strictSame(found.slice(0, 2), ['key=k', `file(f)=${file.toString('latin1')}`])
        },
      ),
      { numRuns: 200 },
    )
  },
)

const range = (min: number, max: number) => ({ kind: 'content-length-range', min, max }) as const

for (const [name, body, size, code] of [
  ['a file that is too large', 'hello world', range(0, 4), 'EntityTooLarge'],
  ['a file that is too small', 'hello\r\n--b--\r\n', range(6, 10), 'EntityTooSmall'],
  ['a form that is cut', 'hello\r\n--b-', undefined, 'MalformedPOSTRequest'],
  [
    'a second file',
    `hello\r\n${formBytes('b', [{ name: 'file', value: '' }])}`,
    undefined,
    'InvalidArgument',
  ],
] as const) {
  t.test(`${name} destroys the stream before the closing boundary`, async (t) => {
    const stream = new RewriteForm(frameOf([], 'f'), {
      boundary: 'b',
      remaining: body.length,
      range: size,
    })
    let seen = ''
    const error = await pipeline(Readable.from([Buffer.from(body)]), stream, async (out) => {
      for await (const bytes of out) seen += String(bytes)
    }).catch((thrown: unknown) => thrown)
    t.ok(error instanceof BodyError && error.s3.code === code)
    t.notMatch(seen, /--sealgate-0123456789abcdef0123456789abcdef--/)
  })
}

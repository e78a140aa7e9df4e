import fc from 'fast-check'
import t from 'tap'
import {
  FORM_TAIL_BYTES_MAX,
  type FormEnd,
  type FormFileOptions,
  FormFileParser,
} from '../../src/body/form-file-parser.ts'
import type { S3Error } from '../../src/s3/error.ts'
import { formBytes } from './form-wire.ts'

interface Read {
  readonly content: string
  readonly end: FormEnd | undefined
  readonly error: S3Error | undefined
}

const range = (min: number, max: number) => ({ kind: 'content-length-range', min, max }) as const

function read(pieces: readonly (Buffer | string)[], size?: FormFileOptions['range']): Read {
  let content = ''
  const remaining = pieces.reduce((sum, piece) => sum + Buffer.from(piece).length, 0)
  const parser = new FormFileParser({ boundary: 'b', remaining, range: size }, (bytes) => {
    content += bytes.toString('latin1')
  })
  for (const piece of pieces) parser.push(Buffer.from(piece))
  const result = parser.finish()
  return {
    content,
    end: result.ok ? result.value : undefined,
    error: result.ok ? undefined : result.error,
  }
}

const submit = formBytes('b', [{ name: 'submit', value: 'Upload' }]).toString()

for (const [name, body, content, extra] of [
  ['a file at the end', 'hello\r\n--b--\r\n', 'hello', 2],
  ['no last line end', 'hello\r\n--b--', 'hello', 0],
  ['two line ends', 'hello\r\n--b--\r\n\r\n', 'hello', 4],
  ['an empty file', '\r\n--b--\r\n', '', 2],
  ['line ends in the file', '\r\n\r\r\n-\r\n--\r\n--\r\n--b--\r\n', '\r\n\r\r\n-\r\n--\r\n--', 2],
  ['the boundary not at the start of a line', 'a--b--\n--b\r\n--b--\r\n', 'a--b--\n--b', 2],
  ['two lines of an epilogue', 'hello\r\n--b--\r\nmore\n--b\r\n', 'hello', 12],
  ['spaces behind a boundary', 'hello\r\n--b-- \t\r\n', 'hello', 4],
  [
    'a file name on an ignored field',
    'a\r\n--b \r\nContent-Disposition: form-data; name="n"; filename="f"\r\n\r\nv\r\n--b--',
    'a',
    67,
  ],
  ['a submit button', `hello\r\n${submit}`, 'hello', submit.length - '--b--'.length],
] as const) {
  t.test(`${name}: split at every byte boundary`, async (t) => {
    const whole = { content, end: { fileLength: content.length, extra }, error: undefined }
    t.strictSame(read([body]), whole)
    for (let i = 0; i <= body.length; i++) {
      t.strictSame(read([body.slice(0, i), body.slice(i)]), whole, `split at ${i}`)
    }
    t.strictSame(read([...body]), whole, 'byte by byte')
  })

  t.test(`${name}: cut anywhere before its end it is malformed`, async (t) => {
    const complete = body.lastIndexOf('--b--') + '--b--'.length
    for (let i = 0; i < complete; i++) {
      t.match(read([body.slice(0, i)]), { end: undefined, error: { code: 'MalformedPOSTRequest' } })
    }
  })
}

const after = (name: string, more = '') =>
  `hello\r\n${formBytes('b', [
    { name: 'submit', value: '' },
    { name, value: 'v', more },
  ])}`

for (const [name, body, code] of [
  ['k5: a second file', after('file'), 'InvalidArgument'],
  ['k5: a second file without a file name', after('File', ''), 'InvalidArgument'],
  ['k5: a field with a file name', after('acl', '; filename="x"'), 'InvalidArgument'],
  ['k5: encryption after the file', after('X-Amz-Server-Side-Encryption'), 'InvalidArgument'],
  ['k5: the key after the file', after('Key'), 'InvalidArgument'],
  ['k5: the policy after the file', after('policy'), 'InvalidArgument'],
  ['content-type after the file', after('Content-Type'), 'InvalidArgument'],
  ['a malformed part after the file', after('a', '; filename*=x'), 'MalformedPOSTRequest'],
  [
    'a part without header after the file',
    'hello\r\n--b\r\n\r\nx\r\n--b--',
    'MalformedPOSTRequest',
  ],
  ['a lone LF at the end', 'hello\r\n--b--\n', 'MalformedPOSTRequest'],
  ['a boundary with more behind it', 'hello\r\n--bc\r\n--b--\r\n', 'MalformedPOSTRequest'],
  ['more behind the closing boundary', 'hello\r\n--b--more', 'MalformedPOSTRequest'],
  ['half a closing boundary', 'hello\r\n--b-', 'MalformedPOSTRequest'],
] as const) {
  t.test(`${name} is ${code}`, async (t) => {
    t.match(read([body]), { end: undefined, error: { code } })
    t.strictSame(read([...body]), read([body]), 'byte by byte')
  })
}

t.test('a file in range is read', async (t) => {
  t.match(read(['hello\r\n--b--\r\n'], range(5, 5)), { content: 'hello', error: undefined })
})

t.test('a file that is too large is refused at once', async (t) => {
  let content = 0
  const parser = new FormFileParser(
    { boundary: 'b', remaining: 1000, range: range(0, 10) },
    (bytes) => {
      content += bytes.length
    },
  )
  t.equal(parser.push(Buffer.alloc(10)), undefined)
  const error = parser.push(Buffer.alloc(1))
  t.match(error, {
    code: 'EntityTooLarge',
    message: 'Your proposed upload exceeds the maximum allowed size',
    extras: [
      ['ProposedSize', String(1000 - '\r\n--b--\r\n'.length)],
      ['MaxSizeAllowed', '10'],
    ],
  })
  t.equal(content, 10)
  t.equal(parser.push(Buffer.from('\r\n--b--\r\n')), error, 'an error stays')
  t.strictSame(parser.finish(), { ok: false, error })
})

t.test('a file that is too small is refused at its end', async (t) => {
  t.match(read(['hello\r\n--b--\r\n'], range(6, 10)).error, {
    code: 'EntityTooSmall',
    message: 'Your proposed upload is smaller than the minimum allowed size',
    extras: [
      ['ProposedSize', '5'],
      ['MinSizeAllowed', '6'],
    ],
  })
})

t.test('20,480 bytes behind the file are read, 20,481 are not', async (t) => {
  const tail = (bytes: number) => {
    const frame = formBytes('b', [{ name: 'a', value: '' }]).length - '--b'.length
    return `x\r\n${formBytes('b', [{ name: 'a', value: 'v'.repeat(bytes - frame) }])}`
  }
  t.equal(read([tail(FORM_TAIL_BYTES_MAX)]).end?.extra, FORM_TAIL_BYTES_MAX - 2)
  t.match(read([tail(FORM_TAIL_BYTES_MAX + 1)]).error, { reason: 'form-tail-too-long' })
  t.match(read([...tail(FORM_TAIL_BYTES_MAX + 1)]).error, { reason: 'form-tail-too-long' })
})

t.test('a boundary of all slices of a large file is found', async (t) => {
  const content = Buffer.alloc(300_000, '\r\n--')
  const pieces: Buffer[] = []
  const body = Buffer.concat([content, Buffer.from('\r\n--b--\r\n')])
  for (let i = 0; i < body.length; i += 997) pieces.push(body.subarray(i, i + 997))
  const { content: seen, end } = read(pieces)
  t.equal(end?.fileLength, content.length)
  t.equal(seen, content.toString('latin1'))
})

t.test('whatever comes, however it is split, it is read the same', async () => {
  const alphabet = ['\r\n--b', '\r\n', '--', '\r', 'x', submit, '\r\n--b--\r\n', '\r\n\r\n']
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...alphabet), { maxLength: 12 }),
      fc.integer({ min: 1, max: 9 }),
      (tokens, size) => {
        const body = tokens.join('')
        const pieces: string[] = []
        for (let i = 0; i < body.length; i += size) pieces.push(body.slice(i, i + size))
        const whole = read([body])
        const split = read(pieces)
        return (
          whole.content === split.content &&
          whole.error?.reason === split.error?.reason &&
          whole.end?.extra === split.end?.extra &&
          !`${whole.content}`.includes('\r\n--b')
        )
      },
    ),
    { numRuns: 500 },
  )
})

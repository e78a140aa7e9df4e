import t from 'tap'
import { FORM_HEAD_BYTES_MAX } from '../../src/body/form-fields.ts'
import { type FormHead, FormHeadReader } from '../../src/body/form-head-reader.ts'
import type { S3Error } from '../../src/s3/error.ts'
import { formBytes, type WirePart } from './form-wire.ts'

const BOUNDARY = '----WebKitFormBoundary7MA4YWxkTrZu0gW'

interface Read {
  readonly head: FormHead | undefined
  readonly error: S3Error | undefined
  /** What the reader did not consume. */
  readonly rest: string
}

function read(boundary: string, pieces: readonly (Buffer | string)[]): Read {
  const reader = new FormHeadReader(boundary)
  for (const [i, piece] of pieces.entries()) {
    const result = reader.push(Buffer.from(piece))
    if (!result.ok) return { head: undefined, error: result.error, rest: '' }
    if (result.value === undefined) continue
    const after = pieces.slice(i + 1).map((later) => Buffer.from(later))
    const rest = Buffer.concat([reader.rest, ...after]).toString('latin1')
    return { head: result.value, error: undefined, rest }
  }
  return { head: undefined, error: undefined, rest: '' }
}

const FORM = formBytes(BOUNDARY, [
  { name: 'Key', value: 'user/é\r\n--x' },
  { name: 'x-amz-meta-empty', value: '' },
  { name: 'File', value: 'content', more: '; filename="a.txt"\r\nContent-Type: text/plain' },
])

t.test('fields, file and the bytes before it are read', async (t) => {
  const { head, rest } = read(BOUNDARY, [FORM])
  t.strictSame(head?.fields, [
    { name: 'Key', key: 'key', value: 'user/é\r\n--x' },
    { name: 'x-amz-meta-empty', key: 'x-amz-meta-empty', value: '' },
  ])
  t.strictSame(head?.file, { name: 'File', filename: 'a.txt', contentType: 'text/plain' })
  t.equal(head?.length, FORM.indexOf('content'))
  t.equal(rest, `content\r\n--${BOUNDARY}--\r\n`)
})

t.test('split at every byte boundary it reads the same', async (t) => {
  const whole = read(BOUNDARY, [FORM])
  for (let i = 0; i <= FORM.length; i++) {
    t.strictSame(read(BOUNDARY, [FORM.subarray(0, i), FORM.subarray(i)]), whole, `split at ${i}`)
  }
  t.strictSame(
    read(
      BOUNDARY,
      Array.from(FORM, (byte) => Buffer.from([byte])),
    ),
    whole,
  )
})

t.test('a file without fields is read', async (t) => {
  t.match(read('b', [formBytes('b', [{ name: 'file', value: '' }])]), {
    head: { fields: [], file: { name: 'file', filename: undefined } },
    rest: '\r\n--b--\r\n',
  })
})

const file: WirePart = { name: 'file', value: 'x', more: '; filename="a"' }

for (const [name, bytes, code] of [
  ['a longer boundary', formBytes('bb', [file]), 'MalformedPOSTRequest'],
  [
    'another boundary, and no end',
    Buffer.concat([formBytes('c', [file]), Buffer.alloc(FORM_HEAD_BYTES_MAX)]),
    'MaxPostPreDataLengthExceeded',
  ],
  ['LF after a boundary', Buffer.from('--b\nContent-Disposition'), 'MalformedPOSTRequest'],
  ['a part without header', Buffer.from('--b\r\n\r\nvalue\r\n--b--'), 'MalformedPOSTRequest'],
  ['a form without parts', Buffer.from('--b--\r\n'), 'InvalidArgument'],
  ['no file', formBytes('b', [{ name: 'key', value: 'a' }]), 'InvalidArgument'],
  [
    'no file, whatever has a file name',
    formBytes('b', [{ name: 'upload', value: 'a', more: '; filename="x"' }]),
    'InvalidArgument',
  ],
  [
    'k5: a field twice, once with a file name',
    formBytes('b', [
      { name: 'key', value: 'a' },
      { name: 'key', value: 'b', more: '; filename="x"' },
      file,
    ]),
    'InvalidArgument',
  ],
  [
    'k5: a field twice',
    formBytes('b', [{ name: 'key', value: 'a' }, { name: 'KEY', value: 'b' }, file]),
    'InvalidArgument',
  ],
  [
    'k5: an unknown field twice',
    formBytes('b', [{ name: 'a', value: '1' }, { name: 'a', value: '2' }, file]),
    'InvalidArgument',
  ],
  [
    'a value that is not UTF-8',
    formBytes('b', [{ name: 'key', value: Buffer.from([0xff]) }, file]),
    'MalformedPOSTRequest',
  ],
  [
    'the boundary within a value with more behind it',
    formBytes('b', [{ name: 'key', value: 'a\r\n--bx' }, file]),
    'MalformedPOSTRequest',
  ],
] as const) {
  t.test(`${name} is ${code}`, async (t) => {
    const { error } = read('b', [bytes])
    t.equal(error?.code, code)
    t.strictSame(
      read(
        'b',
        Array.from(bytes, (byte) => Buffer.from([byte])),
      ).error,
      error,
      'byte by byte',
    )
  })
}

t.test('a form that ends too early is never complete', async (t) => {
  for (let i = 0; i < FORM.indexOf('content'); i++) {
    t.strictSame(read(BOUNDARY, [FORM.subarray(0, i)]), {
      head: undefined,
      error: undefined,
      rest: '',
    })
  }
})

t.test('a part with a file name is a field, unless it is named file', async (t) => {
  const { head } = read('b', [
    formBytes('b', [
      { name: 'key', value: 'k', more: '; filename="key"' },
      { name: 'acl', value: 'private', more: '; filename="a.txt"\r\nContent-Type: text/plain' },
      { name: 'x-amz-meta-a', value: '', more: '; filename=""' },
      file,
    ]),
  ])
  t.strictSame(
    head?.fields.map(({ key, value }) => [key, value]),
    [
      ['key', 'k'],
      ['acl', 'private'],
      ['x-amz-meta-a', ''],
    ],
  )
  t.equal(head?.file.filename, 'a')
})

for (const [name, before, padding] of [
  ['a preamble', 'This is a multi-part message.\r\n', ''],
  ['an empty line', '\r\n', ''],
  ['a preamble of lines that look like a boundary', '--a\r\n-- b\r\n x--b\r\n--\r\n', ''],
  ['spaces behind a boundary', '', ' \t '],
  ['all of it', 'Content-Disposition: form-data; name="key"\r\n\r\n\r\n', '\t'],
] as const) {
  t.test(`RFC 2046: ${name} is ignored, split anywhere`, async (t) => {
    const plain = formBytes('b', [{ name: 'key', value: 'k' }, file]).toString()
    const bytes = Buffer.from(before + plain.replaceAll('--b\r\n', `--b${padding}\r\n`))
    const whole = read('b', [bytes])
    t.match(whole, {
      head: { fields: [{ key: 'key', value: 'k' }], file: { name: 'file', filename: 'a' } },
      rest: 'x\r\n--b--\r\n',
    })
    t.equal(whole.head?.length, bytes.indexOf('x\r\n--b--'))
    for (let i = 0; i <= bytes.length; i++) {
      t.strictSame(read('b', [bytes.subarray(0, i), bytes.subarray(i)]), whole, `split at ${i}`)
    }
  })
}

t.test('a preamble counts among the 20,480 bytes before the file', async (t) => {
  const bytes = formBytes('b', [{ name: 'key', value: 'k' }, file])
  const length = bytes.indexOf('x\r\n--b--')
  const preamble = (size: number) => Buffer.from(`${'p'.repeat(size - length - 2)}\r\n`)
  const most = read('b', [preamble(FORM_HEAD_BYTES_MAX), bytes])
  t.equal(most.head?.length, FORM_HEAD_BYTES_MAX)
  const { error } = read('b', [preamble(FORM_HEAD_BYTES_MAX + 1), bytes])
  t.equal(error?.code, 'MaxPostPreDataLengthExceeded')
})

function formOfLength(length: number): Buffer {
  const make = (value: string) => formBytes('b', [{ name: 'policy', value }, file])
  const empty = make('').indexOf('x\r\n--b--')
  const bytes = make('p'.repeat(length - empty))
  t.equal(bytes.indexOf('x\r\n--b--'), length)
  return bytes
}

t.test('20,480 bytes before the file are read, 20,481 are not', async (t) => {
  t.equal(read('b', [formOfLength(FORM_HEAD_BYTES_MAX)]).head?.length, FORM_HEAD_BYTES_MAX)
  const { error } = read('b', [formOfLength(FORM_HEAD_BYTES_MAX + 1)])
  t.match(error, {
    code: 'MaxPostPreDataLengthExceeded',
    message: 'Your POST request fields preceeding the upload file was too large.',
    extras: [['MaxPostPreDataLengthBytes', '20480']],
  })
  const bytes = formOfLength(FORM_HEAD_BYTES_MAX + 1)
  const single = Array.from(bytes, (byte) => Buffer.from([byte]))
  t.equal(read('b', single).error?.code, 'MaxPostPreDataLengthExceeded')
})

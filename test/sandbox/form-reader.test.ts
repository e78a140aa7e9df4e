import t from 'tap'
import { FIELDS_BYTES_MAX, readForm } from '../../src/sandbox/form-reader.ts'

const TYPE = 'multipart/form-data; boundary=XX'

function field(name: string, value: string): string {
  return `--XX\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
}

function file(name: string, filename: string, data: string): string {
  return `--XX\r\nContent-Disposition: form-data; name="${name}"; filename="${filename}"\r\nContent-Type: text/plain\r\n\r\n${data}\r\n`
}

async function read(body: string, step = 64, type = TYPE) {
  async function* source() {
    const octets = Buffer.from(body)
    for (let i = 0; i < octets.length; i += step) yield octets.subarray(i, i + step)
  }
  return readForm(type, source(), async (fields, { filename, data }) => {
    const pieces: Buffer[] = []
    for await (const piece of data) pieces.push(piece)
    return { fields: Object.fromEntries(fields), filename, data: Buffer.concat(pieces).toString() }
  })
}

t.test('fields before the file count, what follows does not', async (t) => {
  const body =
    field('Key', 'a/ü') +
    field('acl', 'x') +
    file('file', '/tmp/ü.txt', 'data') +
    field('late', 'x') +
    '--XX--\r\n'
  for (const step of [1, 64, 10_000]) {
    t.strictSame(await read(body, step), {
      fields: { key: 'a/ü', acl: 'x' },
      filename: 'ü.txt',
      data: 'data',
    })
  }
})

t.test('fields of one name are joined by commas', async (t) => {
  const body = `${field('a', '1')}${field('A', '2')}${file('file', 'f', '')}--XX--\r\n`
  t.match(await read(body), { fields: { a: '1,2' }, data: '' })
})

t.test('a file part without a filename is taken as text', async (t) => {
  t.match(await read(`${field('file', 'text')}--XX--\r\n`), { filename: undefined, data: 'text' })
})

t.test('a part with a file name is a field, unless it is named file', async (t) => {
  const fields = [file('key', 'key', 'a/ü'), field('acl', 'x'), file('x-amz-meta-a', 'a', '')]
  const body = `${fields.join('')}${file('file', 'f', 'data')}${file('late', 'l', 'x')}--XX--\r\n`
  for (const step of [1, 64, 10_000]) {
    t.strictSame(await read(body, step), {
      fields: { key: 'a/ü', acl: 'x', 'x-amz-meta-a': '' },
      filename: 'f',
      data: 'data',
    })
  }
})

t.test('a preamble and an epilogue are ignored', async (t) => {
  const body = `preamble\r\n${field('a', 'b')}${file('file', 'f', 'data')}--XX--\r\nepilogue`
  t.match(await read(body), { fields: { a: 'b' }, data: 'data' })
})

t.test('a second file is ignored', async (t) => {
  const body = `${file('file', 'a', 'one')}${file('file', 'b', 'two')}--XX--\r\n`
  t.match(await read(body), { filename: 'a', data: 'one' })
})

t.test("a form that breaks the rules is refused with S3's code", async (t) => {
  const big = 'x'.repeat(FIELDS_BYTES_MAX)
  const cases: readonly (readonly [string, string, string, string])[] = [
    ['another type', '{}', 'application/json', 'PreconditionFailed'],
    ['no boundary', '', 'multipart/form-data', 'MalformedPOSTRequest'],
    ['no end', field('a', 'b'), TYPE, 'MalformedPOSTRequest'],
    ['a file that is cut off', file('file', 'a', 'data'), TYPE, 'MalformedPOSTRequest'],
    ['no file', `${field('a', 'b')}--XX--\r\n`, TYPE, 'InvalidArgument'],
    ['a file of another name', `${file('image', 'a', 'x')}--XX--\r\n`, TYPE, 'InvalidArgument'],
    [
      'a large field with a file name',
      `${file('a', 'a', big.repeat(100))}${file('file', 'a', 'x')}--XX--\r\n`,
      TYPE,
      'MaxPostPreDataLengthExceeded',
    ],
    [
      'large fields with file names',
      `${file('a', 'a', big)}${file('b', 'a', big)}${file('file', 'a', 'x')}--XX--\r\n`,
      TYPE,
      'MaxPostPreDataLengthExceeded',
    ],
    [
      'large fields',
      `${field('a', big)}${file('file', 'a', 'x')}--XX--\r\n`,
      TYPE,
      'MaxPostPreDataLengthExceeded',
    ],
  ]
  for (const [name, body, type, code] of cases) {
    await t.rejects(read(body, 4096, type), { code }, name)
  }
})

t.test('a refusal ends the reading', async (t) => {
  let pieces = 0
  async function* endless() {
    yield Buffer.from(
      `${field('a', 'b')}--XX\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n`,
    )
    for (; pieces < 10_000; pieces++) yield Buffer.alloc(65_536)
  }
  await t.rejects(
    readForm(TYPE, endless(), async () => {
      throw new Error('refused')
    }),
    { message: 'refused' },
  )
  t.ok(pieces < 100, 'the body was not read to its end')
})

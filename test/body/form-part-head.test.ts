import t from 'tap'
import { decodeUtf8, parseFormPartHead } from '../../src/body/form-part-head.ts'

const head = (text: string) => parseFormPartHead(Buffer.from(text, 'utf8'))
const disposition = (parameters: string) => head(`Content-Disposition: form-data; ${parameters}`)

for (const [name, text, expected] of [
  ['a field', 'Content-Disposition: form-data; name="key"', { name: 'key' }],
  [
    'a file',
    'content-disposition:form-data;name=file;filename="a.txt"\r\ncontent-type:text/plain \t',
    { name: 'file', filename: 'a.txt', contentType: 'text/plain' },
  ],
  [
    'the headers that OkHttp adds',
    'Content-Disposition: form-data; name="key"\r\nContent-Transfer-Encoding: binary\r\nContent-Length: 3',
    { name: 'key' },
  ],
  [
    'an empty filename',
    'Content-Disposition: form-data; name="file"; filename=""',
    { filename: '' },
  ],
  [
    'UTF-8',
    'Content-Disposition: form-data; name="file"; filename="smörgås.txt"',
    { filename: 'smörgås.txt' },
  ],
  [
    'the escapes of browsers',
    'Content-Disposition: form-data; name="file"; filename="a%22b%0D%0Ac%20%0d.txt"',
    { filename: 'a"b\r\nc%20%0d.txt' },
  ],
  [
    'the escapes of older curl',
    'Content-Disposition: form-data; name="file"; filename="a\\"b\\\\c.txt"',
    { filename: 'a"b\\c.txt' },
  ],
  ['an unknown parameter', 'Content-Disposition: form-data; name="a"; size=3', { name: 'a' }],
] as const) {
  t.test(`${name} is read`, async (t) => {
    t.match(head(text), { ok: true, value: expected })
  })
}

for (const [name, text] of [
  ['no header', ''],
  ['no disposition', 'Content-Type: text/plain'],
  ['another disposition', 'Content-Disposition: attachment; name="a"'],
  ['form-data in a longer word', 'Content-Disposition: form-data-x; name="a"'],
  ['no name', 'Content-Disposition: form-data; filename="a"'],
  ['no parameters', 'Content-Disposition: form-data'],
  ['an empty name', 'Content-Disposition: form-data; name=""'],
  ['two names', 'Content-Disposition: form-data; name="a"; name="key"'],
  ['a line end in a name', 'Content-Disposition: form-data; name="a%0D%0Ab"'],
  ['k5: filename*', 'Content-Disposition: form-data; name="file"; filename*=utf-8\'\'x'],
  ['name*', 'Content-Disposition: form-data; name="file"; name*=utf-8\'\'key'],
  ['filename*0', 'Content-Disposition: form-data; name="file"; filename*0=a'],
  [
    'two dispositions',
    'Content-Disposition: form-data; name="a"\r\ncontent-disposition: form-data; name="key"',
  ],
  ['a folded line', 'Content-Disposition: form-data;\r\n name="a"'],
  ['a bare LF', 'Content-Disposition: form-data; name="a"\nX: y'],
  ['a bare CR', 'Content-Disposition: form-data; name="a"\rX: y'],
  ['NUL', 'Content-Disposition: form-data; name="a\0"'],
  ['a space before the colon', 'Content-Disposition : form-data; name="a"'],
  ['a line without colon', 'Content-Disposition: form-data; name="a"\r\nfoo'],
  [
    'k5: a nested multipart',
    'Content-Disposition: form-data; name="a"\r\nContent-Type: multipart/mixed; boundary=b',
  ],
  ['base64', 'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64'],
  ['a type that is not ASCII', 'Content-Disposition: form-data; name="a"\r\nContent-Type: é'],
  [
    '17 lines',
    `Content-Disposition: form-data; name="a"${'\r\nX: y'.repeat(1)}${Array.from({ length: 15 }, (_, i) => `\r\nX${i}: y`).join('')}`,
  ],
] as const) {
  t.test(`${name} is refused`, async (t) => {
    t.match(head(text), { ok: false, error: { code: 'MalformedPOSTRequest' } })
  })
}

t.test('a part may have 16 header lines', async (t) => {
  const more = Array.from({ length: 15 }, (_, i) => `\r\nX${i}: y`).join('')
  t.match(disposition(`name="a"${more}`), { ok: true })
})

t.test('what is not UTF-8 is refused', async (t) => {
  const text = Buffer.from('Content-Disposition: form-data; name="\xe9"', 'latin1')
  t.match(parseFormPartHead(text), { ok: false, error: { reason: 'form-not-utf8' } })
})

t.test('UTF-8 is decoded as it is, a byte order mark too', async (t) => {
  t.equal(decodeUtf8(Buffer.from('\ufeffé')), '\ufeffé')
  t.equal(decodeUtf8(Buffer.from([0xc0, 0x80])), undefined)
  t.equal(decodeUtf8(Buffer.from([0xed, 0xa0, 0x80])), undefined)
})

t.test('a line of spaces costs no time', async (t) => {
  t.match(head(`X:${' '.repeat(20_000)}\x01`), { ok: false })
  t.match(disposition(`name="a"${' '.repeat(20_000)}x`), { ok: false })
  t.match(disposition(`name="${'\\"'.repeat(10_000)}`), { ok: false })
})

import t from 'tap'
import {
  buildFormEnd,
  buildFormFrame,
  type FormContent,
  formContentLength,
} from '../../src/body/form-writer.ts'

const BOUNDARY = 'sealgate-0123456789abcdef'

const build = (form: Partial<FormContent>) =>
  buildFormFrame({
    boundary: BOUNDARY,
    fields: [],
    file: { filename: undefined, contentType: undefined },
    ...form,
  })

t.test('a form is written up to its file', async (t) => {
  const frame = build({
    boundary: 'b',
    fields: [
      { name: 'key', value: 'é\r\nx' },
      { name: 'x-amz-meta-a', value: '' },
    ],
    file: { filename: 'ä.txt', contentType: 'text/plain' },
  })
  t.equal(
    frame.ok && frame.value.prelude.toString(),
    '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\né\r\nx\r\n' +
      '--b\r\nContent-Disposition: form-data; name="x-amz-meta-a"\r\n\r\n\r\n' +
      '--b\r\nContent-Disposition: form-data; name="file"; filename="ä.txt"\r\nContent-Type: text/plain\r\n\r\n',
  )
})

t.test('a file name cannot leave its quotes', async (t) => {
  const frame = build({ boundary: 'b', file: { filename: 'a"\r\nX: y\\', contentType: undefined } })
  t.equal(
    frame.ok && frame.value.prelude.toString(),
    '--b\r\nContent-Disposition: form-data; name="file"; filename="a%22%0D%0AX: y%5C"\r\n\r\n',
  )
})

for (const name of ['', 'a"b', 'a\r\nb', 'a\\', 'a\0']) {
  t.test(`a field named ${JSON.stringify(name)} is refused`, async (t) => {
    t.match(build({ fields: [{ name, value: '' }] }), {
      ok: false,
      error: { code: 'MalformedPOSTRequest', reason: 'form-field-name' },
    })
  })
}

for (const [name, form, reason] of [
  [
    'a type with a line end',
    { file: { filename: 'a', contentType: 'a\r\nb' } },
    'form-content-type',
  ],
  ['a type that is not ASCII', { file: { filename: 'a', contentType: 'é' } }, 'form-content-type'],
  [
    'the boundary in a value',
    { fields: [{ name: 'a', value: `x--${BOUNDARY}` }] },
    'form-boundary-in-value',
  ],
  ['a boundary that is none', { boundary: 'a\r\n' }, 'form-boundary-malformed'],
] as const) {
  t.test(`${name} is refused`, async (t) => {
    t.match(build(form), { ok: false, error: { code: 'MalformedPOSTRequest', reason } })
  })
}

const frame = { boundary: 'bb', prelude: Buffer.alloc(100) }

t.test('a form that ends with its file gets no filling', async (t) => {
  t.equal(buildFormEnd(frame, 2).toString(), '\r\n--bb--\r\n')
  t.equal(buildFormEnd(frame, 0).toString(), '\r\n--bb--')
})

t.test('fields behind the file become one ignored field of the same length', async (t) => {
  t.equal(
    buildFormEnd(frame, 80).toString(),
    '\r\n--bb\r\nContent-Disposition: form-data; name="x-ignore-filling"\r\n\r\n...........\r\n--bb--\r\n',
  )
})

t.test('the end has the closing boundary and as many bytes as it is told', async (t) => {
  for (let extra = 0; extra < 300; extra++) {
    const end = buildFormEnd(frame, extra)
    t.equal(end.length, '\r\n--bb--'.length + extra)
    t.match(end.toString(), /\r\n--bb--(?: |\r\n *)?$/)
  }
})

t.test('the length is that of prelude, file and end', async (t) => {
  // 5 bytes of file, `\r\n--b--\r\n` behind it.
  t.equal(formContentLength(frame, { boundary: 'b', remaining: 5 + 9 }), 100 + 5 + 10)
})

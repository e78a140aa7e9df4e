import t from 'tap'
import { isBoundary, parseFormBoundary } from '../../src/body/form-boundary.ts'

for (const [contentType, expected] of [
  [
    'multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW',
    '----WebKitFormBoundary7MA4YWxkTrZu0gW',
  ],
  ['Multipart/Form-Data;BOUNDARY="a b"', 'a b'],
  ['multipart/form-data; charset=utf-8; boundary=x', 'x'],
  [`multipart/form-data; boundary=${'x'.repeat(70)}`, 'x'.repeat(70)],
] as const) {
  t.test(`${contentType} has a boundary`, async (t) => {
    t.strictSame(parseFormBoundary(contentType), { ok: true, value: expected })
  })
}

for (const contentType of [
  'multipart/form-data',
  'multipart/form-data; boundary=',
  'multipart/form-data; boundary=""',
  'multipart/form-data; boundary=a; boundary=b',
  'multipart/form-data; boundary="a "',
  'multipart/form-data; boundary=a@b',
  'multipart/form-data; boundary="é"',
  'multipart/form-data; boundary="a\\"b"',
  `multipart/form-data; boundary=${'x'.repeat(71)}`,
]) {
  t.test(`${contentType} has none`, async (t) => {
    t.match(parseFormBoundary(contentType), {
      ok: false,
      error: { code: 'MalformedPOSTRequest', reason: 'form-boundary-malformed' },
    })
  })
}

for (const contentType of [
  undefined,
  '',
  'text/plain',
  'multipart/mixed; boundary=a',
  'multipart/form-datax',
]) {
  t.test(`${contentType} is no form`, async (t) => {
    t.match(parseFormBoundary(contentType), {
      ok: false,
      error: {
        code: 'PreconditionFailed',
        extras: [['Condition', 'Bucket POST must be of the enclosure-type multipart/form-data']],
      },
    })
  })
}

t.test('a boundary has 1 to 70 characters', async (t) => {
  t.ok(isBoundary('a'))
  t.ok(isBoundary('x'.repeat(70)))
  t.notOk(isBoundary(''))
  t.notOk(isBoundary('x'.repeat(71)))
  t.notOk(isBoundary('a\r\nb'))
  t.notOk(isBoundary('a\n'))
})

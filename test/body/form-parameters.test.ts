import t from 'tap'
import { parseParameters } from '../../src/body/form-parameters.ts'

for (const [text, expected] of [
  ['', {}],
  ['; a=b', { a: 'b' }],
  [';A=b;c="d e"', { a: 'b', c: 'd e' }],
  ['; a="b;c=d"; e=f', { a: 'b;c=d', e: 'f' }],
  ['; a="" ;b=x\t', { a: '', b: 'x' }],
  ['; boundary=----WebKitFormBoundaryABC/:=?', { boundary: '----WebKitFormBoundaryABC/:=?' }],
  ['; a="\\"quoted\\" \\\\ slash"', { a: '"quoted" \\ slash' }],
  ['; a="C:\\temp\\new.txt"', { a: 'C:\\temp\\new.txt' }],
  ["; a*=utf-8''x", { 'a*': "utf-8''x" }],
] as const) {
  t.test(`${JSON.stringify(text)} is read`, async (t) => {
    t.strictSame(Object.fromEntries(parseParameters(text) ?? [['malformed', '']]), expected)
  })
}

for (const text of [
  'a=b',
  ';',
  '; a',
  '; a=',
  '; =b',
  '; a =b',
  '; a= b',
  '; a=b c',
  '; a="b',
  '; a="b\\"',
  '; a="b"c',
  '; a=b"c"',
  '; a=b; a=c',
  '; a=b; A=c',
  '; a=b;',
]) {
  t.test(`${JSON.stringify(text)} is malformed`, async (t) => {
    t.equal(parseParameters(text), undefined)
  })
}

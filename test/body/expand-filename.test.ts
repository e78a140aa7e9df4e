import fc from 'fast-check'
import t from 'tap'
import { expandFilename } from '../../src/body/expand-filename.ts'
import { FORM_HEAD_BYTES_MAX } from '../../src/body/form-fields.ts'

/* biome-ignore-start lint/suspicious/noTemplateCurlyInString: S3's variable has this very form. */

function expand(fields: Readonly<Record<string, string>>, filename: string | undefined) {
  const list = Object.entries(fields).map(([name, value]) => ({
    name,
    key: name.toLowerCase(),
    value,
  }))
  const expanded = expandFilename(list, filename)
  if (!expanded.ok) return `${expanded.error.code} ${expanded.error.reason}`
  return Object.fromEntries(expanded.value.map(({ name, value }) => [name, value]))
}

for (const [value, filename, expected] of [
  ['a/${filename}', 'b.txt', 'a/b.txt'],
  ['${filename}/${filename}', 'b', 'b/b'],
  ['a/${filename}', 'C:\\dir\\b.txt', 'a/b.txt'],
  ['a/${filename}', '../../etc/passwd', 'a/passwd'],
  ['a/${filename}', 'dir/', 'a/'],
  ['a/${filename}', '', 'a/'],
  ['a/${filename}', "$&$'", "a/$&$'"],
  ['a/${filename}', '${filename}', 'a/${filename}'],
  ['a/${filename}', undefined, 'a/${filename}'],
  ['a/${Filename}', 'b', 'a/${Filename}'],
  ['a', 'b', 'a'],
] as const) {
  t.test(`the name ${filename} in ${value} gives ${expected}`, async (t) => {
    const fields = { Key: value, 'x-amz-meta-name': value, Tagging: value }
    const all = { Key: expected, 'x-amz-meta-name': expected, Tagging: expected }
    t.strictSame(expand(fields, filename), all, 'in every field')
    t.strictSame(expand({ policy: value }, filename), { policy: value }, 'not in the policy')
  })
}

t.test('a key of 1,024 bytes is expanded, one of 1,025 refused', async (t) => {
  t.strictSame(expand({ key: '${filename}' }, 'x'.repeat(1024)), { key: 'x'.repeat(1024) })
  t.equal(expand({ key: '${filename}' }, 'x'.repeat(1025)), 'KeyTooLongError key-too-long')
  t.equal(expand({ key: '${filename}' }, 'ü'.repeat(513)), 'KeyTooLongError key-too-long')
})

t.test('20,480 bytes of all fields are expanded, one more is refused', async (t) => {
  const half = 'x'.repeat(FORM_HEAD_BYTES_MAX / 2)
  t.ok(expand({ a: half, b: '${filename}' }, half) instanceof Object)
  const refused = 'MaxPostPreDataLengthExceeded form-head-too-long'
  t.equal(expand({ a: `${half}x`, b: '${filename}' }, half), refused)
  t.equal(expand({ a: '${filename}', b: '${filename}', c: 'x' }, half), refused)
})

t.test('attack 9: what is made is never longer than what is allowed', async () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat({ max: 600 }), { maxLength: 3 }),
      fc.string({ unit: 'grapheme', maxLength: 9000 }),
      (counts, filename) => {
        const fields = counts.map((n, i) => [`f${i}`, '${filename}'.repeat(n)] as const)
        const expanded = expand(Object.fromEntries(fields), filename)
        const bytes = Object.values(expanded).reduce((sum, v) => sum + Buffer.byteLength(v), 0)
        return bytes <= FORM_HEAD_BYTES_MAX
      },
    ),
    { numRuns: 50 },
  )
})

/* biome-ignore-end lint/suspicious/noTemplateCurlyInString: S3's variable has this very form. */

import fc from 'fast-check'
import t from 'tap'
import { splitCsvRow } from '../../src/base/csv-row.ts'

t.test('cells are read as they were quoted', async (t) => {
  t.strictSame(splitCsvRow('a,b,,c'), ['a', 'b', '', 'c'])
  t.strictSame(splitCsvRow('"a,b","","say ""hi"", twice",x'), ['a,b', '', 'say "hi", twice', 'x'])
  t.strictSame(splitCsvRow(''), [''])
  t.strictSame(splitCsvRow(','), ['', ''])
})

t.test('a row of any cells comes back', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', ',', '"', ' '), maxLength: 8 })
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 6 }), (cells) => {
      const row = cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')
      return JSON.stringify(splitCsvRow(row)) === JSON.stringify(cells)
    }),
  )
})

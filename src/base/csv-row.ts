/**
 * Splits one row of CSV, without line ends in cells, into its cells. Every second part between
 * quotation marks is quoted; an empty part between two of these is a quotation mark.
 *
 * Source: RFC 4180
 */
export function splitCsvRow(row: string): readonly string[] {
  const cells: string[] = []
  let cell = ''
  const parts = row.split('"')
  for (const [i, part] of parts.entries()) {
    if (i % 2 === 1) {
      cell += part
    } else if (part === '' && i > 0 && i < parts.length - 1) {
      cell += '"'
    } else {
      const [first = '', ...rest] = part.split(',')
      cell += first
      for (const next of rest) {
        cells.push(cell)
        cell = next
      }
    }
  }
  cells.push(cell)
  return cells
}

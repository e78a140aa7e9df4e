import t from 'tap'
import { BOUNDARY_PADDING_BYTES_MAX, readBoundaryLine } from '../../src/body/boundary-line.ts'

const PADDING = ' '.repeat(BOUNDARY_PADDING_BYTES_MAX)

for (const [text, expected] of [
  ['\r\nx', { kind: 'part', at: 2 }],
  [' \t\r\nx', { kind: 'part', at: 4 }],
  [`${PADDING}\r\n`, { kind: 'part', at: BOUNDARY_PADDING_BYTES_MAX + 2 }],
  [`${PADDING} \r\n`, { kind: 'malformed' }],
  ['--', { kind: 'close' }],
  ['--\r\n', { kind: 'close' }],
  ['-- \t', { kind: 'close' }],
  [`--${PADDING}\r\nepilogue`, { kind: 'close' }],
  [`--${PADDING} \r\n`, { kind: 'malformed' }],
  ['--x', { kind: 'malformed' }],
  ['---', { kind: 'malformed' }],
  ['--\n', { kind: 'malformed' }],
  ['--\rx', { kind: 'malformed' }],
  ['', { kind: 'incomplete' }],
  ['\r', { kind: 'incomplete' }],
  [' \r', { kind: 'incomplete' }],
  ['-', { kind: 'incomplete' }],
  ['--\r', { kind: 'incomplete' }],
  [' ', { kind: 'incomplete' }],
  [' -', { kind: 'malformed' }],
  [' --\r\n', { kind: 'malformed' }],
  ['-\r\n', { kind: 'malformed' }],
  ['\n', { kind: 'malformed' }],
  ['\rx', { kind: 'malformed' }],
  ['x\r\n', { kind: 'malformed' }],
  ['\u00a0\r\n', { kind: 'malformed' }],
] as const) {
  t.test(`${JSON.stringify(text)} behind a boundary: ${expected.kind}`, async (t) => {
    t.strictSame(readBoundaryLine(Buffer.from(text), 0), expected)
    const behind = Buffer.from(`--boundary${text}`)
    const { kind } = readBoundaryLine(behind, '--boundary'.length)
    t.equal(kind, expected.kind, 'wherever it begins')
  })
}

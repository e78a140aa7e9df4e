import t from 'tap'
import { measureProlog } from '../../src/s3/xml-prolog.ts'

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

t.test('white space and a declaration come before the root', async (t) => {
  for (const [prolog, rest, isOver] of [
    ['', '', false],
    [' \t\r\n', '', false],
    [DECLARATION, '', false],
    [`${DECLARATION}\n  `, '', false],
    [`  ${DECLARATION} `, '', false],
    ['', '<', false],
    [' ', '<?', false],
    ['', '<?xml vers', false],
    ['', '<?xml ?', false],
    ['', '<a', true],
    [`${DECLARATION}\n`, '<Error>', true],
    [' ', '<?pi ?>', true],
    [' ', '<!-- -->', true],
    [' ', 'text', true],
    [' ', '\u00a0', true],
    ['', '\ufeff<a', true],
  ] as const) {
    const found = measureProlog(Buffer.from(prolog + rest))
    t.strictSame(found, { length: prolog.length, isOver }, JSON.stringify(prolog + rest))
  }
})

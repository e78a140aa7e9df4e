import t from 'tap'
import { parseLength } from '../../src/request/parse-length.ts'

t.test('a length is decimal digits, at most 15', async (t) => {
  t.equal(parseLength('0'), 0)
  t.equal(parseLength('5368709120'), 5_368_709_120)
  t.equal(parseLength('9'.repeat(15)), 999_999_999_999_999)
  for (const text of [undefined, '', '-1', '+1', '1.0', '0x1', ' 1', '1e3', '9'.repeat(16)]) {
    t.equal(parseLength(text), undefined, String(text))
  }
})

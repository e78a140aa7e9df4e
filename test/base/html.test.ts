import t from 'tap'
import { escapeHtml, formatCount, formatShare } from '../../src/base/html.ts'

t.test('text stays text in an element and in a quoted attribute', async (t) => {
  t.equal(
    escapeHtml(`<a href="x" title='y'>&`),
    '&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;',
  )
})

t.test('numbers are readable, and a share is never rounded up', async (t) => {
  t.equal(formatCount(1_234_567), '1,234,567')
  for (const [share, text] of [
    [1, '100 %'],
    [0.99999, '99.99 %'],
    [0.5, '50 %'],
    [0, '0 %'],
  ] as const) {
    t.equal(formatShare(share), text)
  }
})

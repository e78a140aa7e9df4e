import { createHash } from 'node:crypto'
import t from 'tap'
import { formatHtml } from '../../src/report/format-html.ts'
import { readReport } from '../../src/report/read-report.ts'
import { verifierOf } from '../support/make-trail.ts'
import { reportTrail } from '../support/report-trail.ts'

async function pageOf(directory: string): Promise<string> {
  reportTrail(directory)
  const report = await readReport({
    ...{ paths: [directory], from: '2026-11-27T00:00:00.000Z', to: undefined },
    ...{ verifiers: [verifierOf()], anchor: undefined, command: 'sealgate audit report <x>' },
    nowMs: Date.UTC(2026, 10, 29),
  })
  return formatHtml(report, undefined)
}

t.test('a page needs nothing but its style, which its own policy names', async (t) => {
  const html = await pageOf(t.testdir())
  const [, policy = ''] = /content-security-policy" content="([^"]*)"/.exec(html) ?? []
  const [, style = ''] = /<style>(.*)<\/style>/s.exec(html) ?? []
  const hash = createHash('sha256').update(style).digest('base64')
  t.match(policy, /^default-src 'none'; /)
  t.match(policy, `style-src 'sha256-${hash}'`)
  t.notMatch(html, /<script|<img|<iframe|<link|style="|https?:\/\//)
})

t.test('what a client chose is text, and cannot mislead', async (t) => {
  const html = await pageOf(t.testdir())
  t.match(html, 'billing-eu/=1+1\\u{202e}&quot;x&quot;')
  t.notMatch(html, '\u202e')
  t.match(html, 'sealgate audit report &lt;x&gt;')
})

t.test('one number, the counts, every exception, and what a page proves', async (t) => {
  const html = await pageOf(t.testdir())
  t.match(html, /id="coverage" class="number warning">37\.5 %</)
  t.match(html, />of the 8 objects that were written in this period/)
  t.match(html, /id="uploads-mismatched">1</)
  t.match(html, 'proves nothing about that machine')
  t.match(html, /id="verdict" class="warning"><strong>VERIFIED, WITH GAPS/)
  t.equal(
    (html.match(/<rect class="(?:sealed|exempt|observed)" [^>]*height="[^8]/g) ?? []).length,
    3,
  )
  t.match(html, /<rect class="change"/)
  t.match(html, /2026-11-27: no upload; 24 h without evidence/)
  t.match(html, /reload<\/strong>, mode <strong>observe<\/strong> \(before: enforce\)/)
})

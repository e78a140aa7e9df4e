import { textOf } from './audit-line.ts'
import type { ObjectHistory, ObjectName } from './find-object.ts'
import { list, page, text } from './format-html.ts'
import { AS_FAR_AS, holdingText, lineText } from './history-text.ts'
import { offeredPeriods, type ServedPeriod } from './served-period.ts'

/**
 * What a page that is served has and a report in a file has not: periods, downloads and the look-up. `asked`:
 * what the page is about.
 */
export function servedParts(asked: ServedPeriod, nowMs: number): string {
  const query = asked.name === '' ? '' : `?period=${asked.name}`
  const periods = offeredPeriods(nowMs).map(({ name, words }) => {
    const current = name === asked.name ? ' aria-current="page"' : ''
    return `<a href="/${name === '' ? '' : `?period=${name}`}"${current}>${words}</a>`
  })
  return `<nav aria-label="Period">${periods.join('')}</nav>
<form action="/" method="get"><p><label>Month <input type="month" name="period" required pattern="[0-9]{4}-[0-9]{2}" placeholder="YYYY-MM"></label>
<button>Show</button></p></form>
<nav aria-label="Downloads"><a href="/report.csv${query}">CSV</a><a href="/report.json${query}">JSON</a><a href="/vkey">verifier keys</a></nav>
${FORM}`
}

const FORM = `<form action="/object" method="get" role="search">
<p><label>Bucket <input name="bucket" required maxlength="63"></label>
<label>Key <input name="key" required maxlength="1024"></label>
<button>Find its lines</button></p>
</form>`

/** What a trail says of one object. */
export function objectPage(
  { bucket, key, versionId }: ObjectName,
  { holding, lines }: ObjectHistory,
): string {
  const version = versionId === undefined ? '' : ` version ${versionId}`
  return page(
    'Sealgate audit: an object',
    `<header>
<nav><a href="/">report</a></nav>
<h1>${text(`${bucket}/${key}${version}`)}</h1>
</header>
<main>
<p id="holding"><strong>${text(holdingText(holding))}</strong></p>
<p class="quiet">${text(AS_FAR_AS)}. A proof is verified elsewhere: <code>sealgate audit check-proof</code>.</p>
<h2>Lines, the newest first</h2>
${list('lines', lines, (line) => {
  const requestId = textOf(line, 'requestId') ?? ''
  // A forged line may hold half a surrogate pair, of which encodeURIComponent throws.
  const asked = encodeURIComponent(Buffer.from(requestId).toString())
  const proof = `<a href="/proof?requestId=${asked}">proof</a>`
  return `${text(lineText(line))}<br>${proof}`
})}
${FORM}
</main>`,
  )
}

import { createHash } from 'node:crypto'
import { escapeHtml, formatCount, formatShare } from '../base/html.ts'
import { htmlPage } from '../base/html-page.ts'
import type { WriteOutcome } from '../telemetry/metric-words.ts'
import { SLOTS_MAX, type WriteCounts } from './coverage-history.ts'
import type { StatusFacts } from './status-facts.ts'
import { STATUS_STYLE } from './status-style.ts'

/** Reasons that are shown. */
const REFUSALS_MAX = 20

const STYLE_HASH = createHash('sha256').update(STATUS_STYLE).digest('base64')

/** No script, no image, no frame, no form, and this one style. */
export const STATUS_PAGE_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** From the bottom of the strip to its top. */
const OUTCOMES = [
  ['sealed', 'good', "S3 confirmed the policy's encryption"],
  ['exempt', 'warning', 'a rule leaves them as they are'],
  ['observed', 'neutral', 'mode observe: nothing was changed'],
  ['unconfirmed', 'bad', 'S3 did not confirm: see the audit'],
] as const satisfies readonly (readonly [WriteOutcome, string, string])[]

const READS: Readonly<Record<string, string>> = {
  policy: "under the policy's key",
  'other-key': 'under another key',
  'sse-s3': "under S3's own keys: written before or around Sealgate",
  none: 'S3 names no encryption',
}

/** The start page: one HTML document that needs nothing else. */
export function statusPage(facts: StatusFacts): string {
  const body = `<header>
<h1>Sealgate</h1>
<p class="quiet">Version <span id="version">${escapeHtml(facts.version)}</span>, Node ${escapeHtml(facts.node)}</p>
</header>
<main>
${health(facts)}
${configuration(facts)}
${coverage(facts)}
${reads(facts)}
${refusals(facts)}
</main>
<h2>More</h2>
<nav><a href="/metrics">/metrics</a><a href="/readyz">/readyz</a><a href="/livez">/livez</a></nav>
<p class="quiet">What each figure means and what to do: docs/operations.md. All of them are since the start of this process.</p>`
  return htmlPage({ title: 'Sealgate', style: STATUS_STYLE, body })
}

function health({ readiness }: StatusFacts): string {
  const { ready, degraded, parts, workers } = readiness
  const served = degraded ? ['Degraded', 'warning'] : ['Ready', 'good']
  const [word, tone] = ready ? served : ['Not ready', 'bad']
  const wrong = Object.entries(parts).filter(([, state]) => state !== 'ok')
  const lines = wrong.map(([part, state]) => `<p>${escapeHtml(part)}: ${escapeHtml(state)}</p>`)
  const serving =
    workers === undefined
      ? ''
      : `<p class="quiet">${workers.serving} of ${workers.wanted} workers serve</p>`
  return `<h2>Health</h2>
<p id="health" class="number ${tone}">${word}</p>
${lines.join('\n')}${serving}`
}

function configuration({ configurations, loadedAtSeconds, isReloadRefused }: StatusFacts): string {
  const lines = configurations.map(
    ({ mode, hash }) =>
      `<p>Mode <strong class="mode">${escapeHtml(mode)}</strong>, hash <code class="hash">${escapeHtml(hash)}</code></p>`,
  )
  const loaded =
    loadedAtSeconds === undefined
      ? ''
      : `<p class="quiet">Loaded ${new Date(loadedAtSeconds * 1000).toISOString()}</p>`
  const refused = isReloadRefused
    ? '<p class="bad">The last reload was refused, this configuration is still at work: see the log, or <code>sealgate check</code>.</p>'
    : ''
  return `<h2>Configuration</h2>\n${lines.join('\n')}\n${loaded}${refused}`
}

function coverage({ writes, slots }: StatusFacts): string {
  const all = sum(writes)
  const number =
    all === 0
      ? '<p id="coverage" class="quiet">No object has been written yet.</p>'
      : `<p id="coverage" class="number ${writes.sealed === all ? 'good' : 'warning'}">${formatShare(writes.sealed / all)}</p>
<p>of the objects written are under the policy's key.</p>`
  const rows = OUTCOMES.map(
    ([outcome, tone, meaning]) =>
      `<tr><th scope="row"><span class="key ${tone}"></span>${outcome}</th><td class="count" id="writes-${outcome}">${formatCount(writes[outcome])}</td><td class="quiet">${escapeHtml(meaning)}</td></tr>`,
  )
  return `<h2>Coverage</h2>
${number}
${strip(slots)}
<table>${rows.join('')}</table>`
}

/** Stacked bars, one for each five minutes; shares of the fullest. */
function strip(slots: readonly WriteCounts[]): string {
  const highest = Math.max(1, ...slots.map(sum))
  const first = SLOTS_MAX - slots.length
  const bars = slots.flatMap((slot, i) => {
    let top = 100
    return OUTCOMES.filter(([outcome]) => slot[outcome] > 0).map(([outcome]) => {
      const height = (slot[outcome] / highest) * 100
      top -= height
      return `<rect class="${outcome}" x="${(first + i) * 10}" y="${top.toFixed(2)}" width="9" height="${height.toFixed(2)}"/>`
    })
  })
  const total = slots.reduce((all, slot) => all + sum(slot), 0)
  return `<svg viewBox="0 0 ${SLOTS_MAX * 10} 100" preserveAspectRatio="none" role="img" aria-label="${formatCount(total)} objects written in the last six hours, by outcome">${bars.join('')}</svg>
<p class="quiet">The last six hours, by five minutes; at most ${formatCount(highest)} in one.</p>`
}

function reads({ reads: counts }: StatusFacts): string {
  const rows = counts.map(
    ({ word, count: number }) =>
      `<tr><th scope="row">${escapeHtml(word)}</th><td class="count" id="reads-${escapeHtml(word)}">${formatCount(number)}</td><td class="quiet">${escapeHtml(READS[word] ?? '')}</td></tr>`,
  )
  return `<h2>Objects read, by their encryption</h2>\n<table>${rows.join('')}</table>`
}

function refusals({ refusals: all, upstreamErrors }: StatusFacts): string {
  const items = all
    .slice(0, REFUSALS_MAX)
    .map(
      ({ reason, count: number, answer, meaning }) =>
        `<li><strong>${escapeHtml(reason)}</strong>: <span id="refusals-${escapeHtml(reason)}">${formatCount(number)}</span> ×${answer === undefined ? '' : `<span class="quiet">, answered ${inline(answer)}</span>`}<br>${inline(meaning)}</li>`,
    )
  const more =
    all.length > REFUSALS_MAX
      ? `<p class="quiet">And ${all.length - REFUSALS_MAX} reasons more.</p>`
      : ''
  const kinds = upstreamErrors.map(({ word, count: number }) => `${word} ${formatCount(number)}`)
  const errors =
    kinds.length === 0
      ? ''
      : `<p class="bad">Failed attempts to reach S3: ${escapeHtml(kinds.join(', '))}</p>`
  const list = items.length === 0 ? '<p class="quiet">None.</p>' : `<ul>${items.join('')}</ul>`
  return `<h2>Refused, by reason</h2>\n${errors}${list}${more}`
}

function sum(counts: WriteCounts): number {
  return counts.sealed + counts.exempt + counts.observed + counts.unconfirmed
}

/** Of Markdown, what the table of reasons has: code, and links, whose pages are not here. */
function inline(markdown: string): string {
  return escapeHtml(markdown)
    .replace(/`([^`]*)`/g, '<code>$1</code>')
    .replace(/\[([^[\]]*)\]\([^()[]*\)/g, '$1')
}

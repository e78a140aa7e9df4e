import t from 'tap'
import { NO_WRITES } from '../../src/service/coverage-history.ts'
import { readStatus, type StatusFacts } from '../../src/service/status-facts.ts'
import { statusPage } from '../../src/service/status-page.ts'
import { STATUS_STYLE } from '../../src/service/status-style.ts'
import { Metrics, type RequestMeasurement } from '../../src/telemetry/metrics.ts'

const READY = { ready: true, degraded: false, parts: { upstream: 'ok' } }
const UPLOAD: RequestMeasurement = {
  operation: 'PutObject',
  status: 200,
  decision: 'allow',
  durationMs: 1,
  upstreamMs: 1,
  requestBytes: 1,
  responseBytes: 0,
  action: 'added',
  confirmation: 'confirmed',
  write: 'sealed',
  read: undefined,
  reason: undefined,
  bucket: undefined,
  client: undefined,
}

async function factsOf(
  measurements: readonly Partial<RequestMeasurement>[],
  readiness = READY,
): Promise<StatusFacts> {
  const metrics = new Metrics({ bucketLabel: true, clientLabel: true, withDefaults: false })
  metrics.configured({
    mode: 'enforce',
    hash: 'f00d',
    inflightMax: 1,
    issuers: [],
    buckets: new Set(['b']),
    certificates: [],
  })
  metrics.configLoaded(1_700_000_000_000)
  for (const measurement of measurements) {
    metrics.requestStarted()
    metrics.requestEnded({ ...UPLOAD, ...measurement })
  }
  return readStatus(await metrics.registry.getMetricsAsJSON(), readiness, [NO_WRITES])
}

t.test('the facts are those of the metrics', async (t) => {
  const refused = {
    write: undefined,
    reason: 'signature-mismatch',
    bucket: 'b',
    client: 'c',
  } as const
  const facts = await factsOf([
    {},
    {},
    { write: 'exempt' },
    { write: undefined, read: 'sse-s3' },
    { write: undefined, reason: 'upstream-busy' },
    refused,
    { ...refused, bucket: undefined },
  ])
  t.match(facts, {
    configurations: [{ mode: 'enforce', hash: 'f00d' }],
    loadedAtSeconds: 1_700_000_000,
    isReloadRefused: false,
    writes: { sealed: 2, exempt: 1, observed: 0, unconfirmed: 0 },
    reads: [
      { word: 'policy', count: 0 },
      { word: 'other-key', count: 0 },
      { word: 'sse-s3', count: 1 },
      { word: 'none', count: 0 },
    ],
    refusals: [
      {
        reason: 'signature-mismatch',
        count: 2,
        answer: '403 SignatureDoesNotMatch',
        meaning: /secret/,
      },
      { reason: 'upstream-busy', count: 1, answer: undefined, meaning: /Upstream problems/ },
    ],
  })
  t.equal(facts.refusals.length, 2)
})

t.test('coverage is rounded down: nothing but all is 100 %', async (t) => {
  const nearly = [...Array(29_999).fill({}), { write: 'unconfirmed' }]
  t.match(statusPage(await factsOf(nearly)), />99\.99 %</)
  t.match(statusPage(await factsOf([{}])), />100 %</)
  t.match(statusPage(await factsOf([{ write: 'exempt' }])), />0 %</)
  t.match(statusPage(await factsOf([])), /No object has been written yet/)
})

t.test('health is a word, and what is wrong', async (t) => {
  t.match(statusPage(await factsOf([])), />Ready</)
  const degraded = { ready: true, degraded: true, parts: { upstream: 'cannot connect to <x>' } }
  const page = statusPage(await factsOf([], degraded))
  t.match(page, />Degraded</)
  t.match(page, 'upstream: cannot connect to &lt;x&gt;')
  t.match(statusPage(await factsOf([], { ...degraded, ready: false })), />Not ready</)
})

t.test('nothing in it runs or is fetched', async (t) => {
  const page = statusPage(await factsOf([{ reason: 'bucket-not-allowed' }]))
  t.notMatch(page, /<script|<img|<link|<iframe|<form| style=| on\w+=|https?:/i)
  t.match(page, '<code>clients[].buckets</code>')
})

/** Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [a, b].map(luminance).sort((x, y) => y - x)
  return (light + 0.05) / (dark + 0.05)
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

t.test('every colour of a text has the contrast of WCAG AA, light and dark', async (t) => {
  t.equal(Math.round(contrast('#000000', '#ffffff')), 21)
  const palettes = [...STATUS_STYLE.matchAll(/:root\{([^}]*)\}/g)].map(([, text = '']) =>
    Object.fromEntries(
      [...text.matchAll(/--(\w+):(#\w{6})/g)].map(([, name, value]) => [name, value]),
    ),
  )
  t.equal(palettes.length, 3, 'and paper')
  for (const { background, line, ...texts } of palettes) {
    t.ok(Object.keys(texts).length >= 7)
    for (const [name, colour] of Object.entries(texts)) {
      t.ok(contrast(String(colour), String(background)) >= 4.5, `${name} ${colour}`)
    }
  }
})

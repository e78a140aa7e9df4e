import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { AdminServer } from '../../src/service/admin.ts'
import type { ReadinessReport } from '../../src/service/readiness.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'

const OPTIONS = { bucketLabel: false, clientLabel: false, withDefaults: false }

async function start(t: Test, report: ReadinessReport, isStarted = true): Promise<string> {
  const admin = new AdminServer({
    isStarted,
    metricValues: async () => new Metrics(OPTIONS).registry.getMetricsAsJSON(),
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'a 1\n' }),
    readiness: async () => report,
  })
  const port = await admin.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => admin.close())
  return `http://127.0.0.1:${port}`
}

const READY = { ready: true, degraded: false, parts: { upstream: 'ok' } }

const CASES = [
  ['GET', '/metrics', 200, 'a 1\n'],
  ['GET', '/metrics?x=1', 200, 'a 1\n'],
  ['GET', '/livez', 200, 'ok\n'],
  ['GET', '/readyz', 200, `${JSON.stringify(READY, undefined, 2)}\n`],
  ['HEAD', '/livez', 200, ''],
  ['POST', '/livez', 405, 'method not allowed\n'],
  ['GET', '/x', 404, 'see /, /metrics, /livez, /readyz\n'],
  ['POST', '/', 405, 'method not allowed\n'],
] as const

for (const [method, path, status, body] of CASES) {
  t.test(`${method} ${path} is answered ${status}`, async (t) => {
    const answer = await fetch((await start(t, READY)) + path, { method })
    t.equal(answer.status, status)
    t.equal(await answer.text(), body)
  })
}

t.test('until the listeners are open it does not live yet', async (t) => {
  const answer = await fetch(`${await start(t, READY, false)}/livez`)
  t.equal(answer.status, 503)
  t.equal(await answer.text(), 'starting\n')
})

t.test('what is not ready says 503 and why', async (t) => {
  const report = {
    ready: false,
    degraded: true,
    parts: { upstream: 'cannot connect', drain: 'ok' },
  }
  const answer = await fetch(`${await start(t, report)}/readyz`)
  t.equal(answer.status, 503)
  t.strictSame(await answer.json(), report)
})

t.test('an answer that cannot be given cuts the connection', async (t) => {
  const admin = new AdminServer({
    isStarted: true,
    metricValues: () => Promise.reject(new Error('no')),
    metrics: () => Promise.reject(new Error('no')),
    readiness: async () => READY,
  })
  const port = await admin.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => admin.close())
  await t.rejects(fetch(`http://127.0.0.1:${port}/metrics`))
  await t.rejects(fetch(`http://127.0.0.1:${port}/`))
})

t.test('the start page allows its own style and nothing else', async (t) => {
  const answer = await fetch(`${await start(t, READY)}/`)
  t.equal(answer.status, 200)
  t.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8')
  t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  const [, style = ''] = /<style>(.*?)<\/style>/s.exec(await answer.text()) ?? []
  const hash = createHash('sha256').update(style).digest('base64')
  t.equal(
    answer.headers.get('content-security-policy'),
    `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  )
})

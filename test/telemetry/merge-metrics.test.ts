import t from 'tap'
import { mergeEnded, mergeMetrics } from '../../src/telemetry/merge-metrics.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'

const OPTIONS = { bucketLabel: false, clientLabel: false, withDefaults: false }

const FACTS = {
  mode: 'enforce',
  hash: 'abc',
  inflightMax: 7,
  issuers: [],
  buckets: new Set<string>(),
  certificates: [],
} as const

function process(requests: number, expiry: number | undefined, worker = 0): Metrics {
  const metrics = new Metrics({ ...OPTIONS, worker })
  metrics.configured(FACTS)
  metrics.watchCredentials(() => expiry)
  for (let i = 0; i < requests; i++) {
    metrics.requestStarted()
    metrics.requestEnded({
      operation: 'PutObject',
      status: 200,
      decision: 'allow',
      durationMs: 3,
      upstreamMs: 2,
      requestBytes: 10,
      responseBytes: 1,
      action: 'added',
      confirmation: 'confirmed',
      write: 'sealed',
      read: undefined,
      reason: undefined,
      bucket: undefined,
      client: undefined,
    })
  }
  metrics.requestStarted()
  return metrics
}

const valuesOf = (metrics: Metrics) => metrics.registry.getMetricsAsJSON()

t.test('counters, histograms and gauges of workers are added up', async (t) => {
  const supervisor = new Metrics(OPTIONS)
  supervisor.configReload('success', 1_700_000_000_000)
  const [a, b] = [process(2, 300), process(3, 200, 1)]
  const text = await mergeMetrics(await valuesOf(supervisor), [
    await valuesOf(a),
    await valuesOf(b),
  ])
  const lines = text.split('\n')
  for (const expected of [
    'sealgate_requests_total{operation="PutObject",status="200",decision="allow"} 5',
    'sealgate_bytes_total{direction="request"} 50',
    'sealgate_request_duration_seconds_bucket{operation="PutObject",le="0.0025"} 0',
    'sealgate_request_duration_seconds_bucket{operation="PutObject",le="0.005"} 5',
    'sealgate_request_duration_seconds_bucket{operation="PutObject",le="+Inf"} 5',
    'sealgate_request_duration_seconds_count{operation="PutObject"} 5',
    'sealgate_inflight_requests 2',
    'sealgate_config_reloads_total{result="success"} 1',
    'sealgate_object_writes_total{outcome="sealed"} 5',
    'sealgate_object_writes_total{outcome="unconfirmed"} 0',
    'sealgate_config_last_reload_successful 1',
    'sealgate_config_last_reload_success_timestamp_seconds 1700000000',
    'sealgate_worker_inflight_requests{worker="0"} 1',
    'sealgate_worker_inflight_requests{worker="1"} 1',
    'sealgate_inflight_limit{worker="1"} 7',
    'sealgate_config_info{mode="enforce",hash="abc"} 1',
  ]) {
    t.ok(lines.includes(expected), `${expected}\n${text}`)
  }
})

t.test('each process has its own CPU time, and one build is told of once', async (t) => {
  const lists = [await valuesOf(process(0, 1)), await valuesOf(process(0, 1, 1))]
  const text = await mergeMetrics([], lists)
  t.match(text, /^sealgate_worker_cpu_seconds_total\{worker="0"\} [\d.]+$/m)
  t.match(text, /^sealgate_worker_cpu_seconds_total\{worker="1"\} [\d.]+$/m)
  t.match(text, /^sealgate_build_info\{version="[\d.]+",node="v\d+\.[\d.]+",fips="false"\} 1$/m)
})

t.test('of the expiry of credentials the first counts', async (t) => {
  const lists = [await valuesOf(process(0, 300)), await valuesOf(process(0, 200))]
  t.match(await mergeMetrics([], lists), /^sealgate_credentials_expiry_seconds 200$/m)
  const never = [await valuesOf(process(0, undefined)), await valuesOf(process(0, 200))]
  t.match(await mergeMetrics([], never), /^sealgate_credentials_expiry_seconds 200$/m)
})

t.test('what ended processes have counted stays, what they had under way does not', async (t) => {
  const ended = await mergeEnded([await valuesOf(process(2, 1)), await valuesOf(process(5, 1))])
  const text = await mergeMetrics([], [ended, await valuesOf(process(1, 100))])
  t.match(text, /^sealgate_requests_total\{.*\} 8$/m)
  t.match(text, /^sealgate_inflight_requests 1$/m)
  t.match(text, /^sealgate_credentials_expiry_seconds 100$/m)
})

t.test(
  "of Node's own metrics the supervisor adds CPU and memory, and the worst lag counts",
  async (t) => {
    const supervisor = new Metrics({ ...OPTIONS, withDefaults: true })
    const worker = new Metrics({ ...OPTIONS, withDefaults: true })
    const values = await valuesOf(worker)
    const text = await mergeMetrics(await valuesOf(supervisor), [values, values])
    t.match(text, /^process_start_time_seconds \d+/m)
    t.match(text, /^process_resident_memory_bytes \d+/m)
    const heap = values.find(({ name }) => name === 'nodejs_heap_size_used_bytes')?.values[0]?.value
    t.match(text, new RegExp(`^nodejs_heap_size_used_bytes ${2 * (heap ?? 0)}$`, 'm'))
    const lag = values.find(({ name }) => name === 'nodejs_eventloop_lag_p99_seconds')?.values[0]
    t.match(text, new RegExp(`^nodejs_eventloop_lag_p99_seconds ${lag?.value}$`, 'm'))
  },
)

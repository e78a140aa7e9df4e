import t from 'tap'
import {
  BUCKET_LABELS_MAX,
  BUCKET_SERIES_MAX,
  Metrics,
  type RequestMeasurement,
} from '../../src/telemetry/metrics.ts'

const UPLOAD: RequestMeasurement = {
  operation: 'PutObject',
  status: 200,
  decision: 'allow',
  durationMs: 12,
  upstreamMs: 9,
  requestBytes: 4096,
  responseBytes: 0,
  action: 'added',
  confirmation: 'confirmed',
  read: undefined,
  reason: undefined,
  bucket: 'b',
  client: 'c',
}

const REFUSED: RequestMeasurement = {
  ...UPLOAD,
  operation: undefined,
  status: 403,
  decision: 'none',
  upstreamMs: undefined,
  requestBytes: 0,
  responseBytes: 300,
  action: undefined,
  confirmation: undefined,
  reason: 'signature-mismatch',
}

const READ: RequestMeasurement = {
  ...UPLOAD,
  operation: 'GetObject',
  requestBytes: 0,
  responseBytes: 10,
  action: undefined,
  confirmation: undefined,
  read: 'policy',
}

function metrics(labels: { bucketLabel?: boolean; clientLabel?: boolean } = {}): Metrics {
  return new Metrics({ bucketLabel: false, clientLabel: false, withDefaults: false, ...labels })
}

function serve(target: Metrics, ...measurements: readonly RequestMeasurement[]): void {
  for (const measurement of measurements) {
    target.requestStarted()
    target.requestEnded(measurement)
  }
}

async function scrape(target: Metrics): Promise<readonly string[]> {
  return (await target.registry.metrics()).split('\n')
}

t.test('requests are counted in all that they touch', async (t) => {
  const target = metrics()
  serve(target, UPLOAD, UPLOAD, REFUSED, READ)
  target.requestStarted()
  target.upstreamError('timeout')
  target.configReload('failure')
  const lines = await scrape(target)
  for (const line of [
    'sealgate_requests_total{operation="PutObject",status="200",decision="allow"} 2',
    'sealgate_requests_total{operation="Unknown",status="403",decision="none"} 1',
    'sealgate_request_duration_seconds_bucket{operation="PutObject",le="0.01"} 0',
    'sealgate_request_duration_seconds_bucket{operation="PutObject",le="0.025"} 2',
    'sealgate_request_duration_seconds_count{operation="PutObject"} 2',
    'sealgate_request_duration_seconds_sum{operation="PutObject"} 0.024',
    'sealgate_upstream_duration_seconds_bucket{operation="PutObject",le="0.01"} 2',
    'sealgate_bytes_total{direction="request"} 8192',
    'sealgate_bytes_total{direction="response"} 310',
    'sealgate_encryption_total{operation="PutObject",action="added"} 2',
    'sealgate_confirmations_total{operation="PutObject",result="confirmed"} 2',
    'sealgate_refusals_total{reason="signature-mismatch"} 1',
    'sealgate_reads_total{encryption="policy"} 1',
    'sealgate_inflight_requests 1',
    'sealgate_upstream_errors_total{kind="timeout"} 1',
    'sealgate_config_reloads_total{result="failure"} 1',
    'sealgate_config_reloads_total{result="success"} 0',
  ]) {
    t.ok(lines.includes(line), line)
  }
  t.equal(target.inflight, 1)
  t.notOk(
    lines.some(
      (line) => line.startsWith('sealgate_upstream_duration_seconds') && line.includes('Unknown'),
    ),
  )
})

t.test('every fixed name is there before the first request', async (t) => {
  const lines = await scrape(metrics())
  for (const [name, type] of [
    ['sealgate_requests_total', 'counter'],
    ['sealgate_request_duration_seconds', 'histogram'],
    ['sealgate_upstream_duration_seconds', 'histogram'],
    ['sealgate_bytes_total', 'counter'],
    ['sealgate_encryption_total', 'counter'],
    ['sealgate_confirmations_total', 'counter'],
    ['sealgate_refusals_total', 'counter'],
    ['sealgate_reads_total', 'counter'],
    ['sealgate_inflight_requests', 'gauge'],
    ['sealgate_upstream_errors_total', 'counter'],
    ['sealgate_config_reloads_total', 'counter'],
    ['sealgate_credentials_expiry_seconds', 'gauge'],
  ] as const) {
    t.ok(lines.includes(`# TYPE ${name} ${type}`), name)
  }
})

t.test('labels of bucket and client are there only where they are asked for', async (t) => {
  const both = metrics({ bucketLabel: true, clientLabel: true })
  serve(both, UPLOAD, REFUSED)
  t.ok(
    (await scrape(both)).includes(
      'sealgate_requests_total{operation="PutObject",status="200",decision="allow",bucket="b",client="c"} 1',
    ),
  )
  const client = metrics({ clientLabel: true })
  serve(client, UPLOAD, { ...UPLOAD, client: undefined })
  const lines = await scrape(client)
  t.ok(
    lines.includes(
      'sealgate_requests_total{operation="PutObject",status="200",decision="allow",client="c"} 1',
    ),
  )
  t.ok(
    lines.includes(
      'sealgate_requests_total{operation="PutObject",status="200",decision="allow",client=""} 1',
    ),
  )
})

t.test('names that clients choose cannot multiply the series without end', async (t) => {
  const target = metrics({ bucketLabel: true })
  for (let i = 0; i < BUCKET_LABELS_MAX + 50; i++) serve(target, { ...UPLOAD, bucket: `b${i}` })
  serve(target, { ...UPLOAD, bucket: 'b0' })
  const lines = (await scrape(target)).filter((line) => line.startsWith('sealgate_requests_total{'))
  t.equal(lines.length, BUCKET_LABELS_MAX + 1)
  t.ok(lines.some((line) => line.endsWith('bucket="_other"} 50')))
  t.ok(lines.some((line) => line.endsWith('bucket="b0"} 2')))
  const words = metrics()
  for (let i = 0; i < 600; i++) words.upstreamError(`kind-${i}`)
  const kinds = (await scrape(words)).filter((line) =>
    line.startsWith('sealgate_upstream_errors_total{'),
  )
  t.equal(kinds.length, 501)
  t.ok(kinds.includes('sealgate_upstream_errors_total{kind="_other"} 100'))
})

t.test('one client cannot make a scrape take long with many operations and statuses', async (t) => {
  const target = metrics({ bucketLabel: true })
  for (let bucket = 0; bucket < 300; bucket++) {
    for (let status = 200; status < 240; status++) {
      serve(target, { ...UPLOAD, bucket: `b${bucket}`, status })
    }
  }
  const lines = (await scrape(target)).filter((line) => line.startsWith('sealgate_requests_total{'))
  t.equal(lines.length, BUCKET_SERIES_MAX + 40)
  t.equal(lines.filter((line) => line.includes('bucket="_other"')).length, 40)
})

t.test(
  'the expiry of credentials is asked for at a scrape, and absent where there is none',
  async (t) => {
    const target = metrics()
    let seconds: number | undefined
    target.watchCredentials(() => seconds)
    const expiry = async () =>
      (await scrape(target)).filter((line) =>
        line.startsWith('sealgate_credentials_expiry_seconds'),
      )
    t.strictSame(await expiry(), [])
    seconds = 299.5
    t.strictSame(await expiry(), ['sealgate_credentials_expiry_seconds 299.5'])
  },
)

t.test('lost audit lines are counted', async (t) => {
  const target = metrics()
  target.watchAudit(() => 3)
  t.ok((await scrape(target)).includes('sealgate_audit_lost_lines_total 3'))
})

t.test("Node's own metrics come on request", async (t) => {
  const target = new Metrics({ bucketLabel: false, clientLabel: false, withDefaults: true })
  const lines = await scrape(target)
  t.ok(lines.some((line) => line.startsWith('process_cpu_user_seconds_total')))
  t.ok(lines.some((line) => line.startsWith('nodejs_eventloop_lag_seconds')))
  target.registry.clear()
})

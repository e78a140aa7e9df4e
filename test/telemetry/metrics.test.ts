import { readFileSync } from 'node:fs'
import t from 'tap'
import { OPERATIONS } from '../../src/s3/operation.ts'
import { BUCKET_SERIES_MAX, Metrics, type RequestMeasurement } from '../../src/telemetry/metrics.ts'
import type { ConfiguredFacts } from '../../src/telemetry/service-metrics.ts'

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
  write: 'sealed',
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
  write: undefined,
  reason: 'signature-mismatch',
}

const READ: RequestMeasurement = {
  ...UPLOAD,
  operation: 'GetObject',
  requestBytes: 0,
  responseBytes: 10,
  action: undefined,
  confirmation: undefined,
  write: undefined,
  read: 'policy',
}

const FACTS: ConfiguredFacts = {
  mode: 'enforce',
  hash: 'f00d',
  inflightMax: 2000,
  issuers: ['cluster'],
  buckets: new Set(['b', 'c']),
  certificates: [{ use: 'listener', file: '/tls/tls.crt', expiresAtSeconds: 1_800_000_000 }],
}

function metrics(
  labels: { bucketLabel?: boolean; clientLabel?: boolean; worker?: number } = {},
  facts = FACTS,
): Metrics {
  const options = { bucketLabel: false, clientLabel: false, withDefaults: false, ...labels }
  const metrics = new Metrics(options)
  metrics.configured(facts)
  return metrics
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
  target.configReload('failure', 0)
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

t.test('a value of a label is one of the configuration', async (t) => {
  const target = metrics({ bucketLabel: true, clientLabel: true })
  serve(
    target,
    { ...REFUSED, bucket: 'b', client: 'legacy', reason: 'bucket-not-allowed' },
    { ...REFUSED, bucket: 'made-up', client: undefined },
    { ...REFUSED, bucket: 'made-up-too', client: undefined },
    { ...REFUSED, bucket: undefined, client: undefined },
  )
  const refusals = (await scrape(target)).filter(
    (line) => line.startsWith('sealgate_refusals_total{') && !line.endsWith(' 0'),
  )
  t.strictSame(refusals.sort(), [
    'sealgate_refusals_total{reason="bucket-not-allowed",bucket="b",client="legacy"} 1',
    'sealgate_refusals_total{reason="signature-mismatch",bucket="",client=""} 1',
    'sealgate_refusals_total{reason="signature-mismatch",bucket="_other",client=""} 2',
  ])
  target.configured({ ...FACTS, buckets: new Set(['made-up']) })
  serve(target, { ...UPLOAD, bucket: 'made-up' })
  t.ok(
    (await scrape(target)).includes(
      'sealgate_requests_total{operation="PutObject",status="200",decision="allow",bucket="made-up",client="c"} 1',
    ),
    'a reload brings new names',
  )
})

t.test('one client cannot make a scrape take long with many operations and statuses', async (t) => {
  const buckets = Array.from({ length: 300 }, (_, i) => `b${i}`)
  const target = metrics({ bucketLabel: true }, { ...FACTS, buckets: new Set(buckets) })
  for (const bucket of buckets) {
    for (let status = 200; status < 240; status++) serve(target, { ...UPLOAD, bucket, status })
  }
  const lines = (await scrape(target)).filter((line) => line.startsWith('sealgate_requests_total{'))
  t.equal(lines.length, BUCKET_SERIES_MAX + 40)
  t.equal(lines.filter((line) => line.includes('bucket="_other"')).length, 40)
})

t.test('what has a closed set of labels begins at 0', async (t) => {
  const lines = (await scrape(metrics())).filter((line) => line.endsWith(' 0'))
  const uploads = OPERATIONS.filter(({ isUpload }) => isUpload).map(({ name }) => name)
  t.equal(uploads.length, 4)
  const confirmed = [...uploads, 'UploadPart', 'UploadPartCopy', 'CompleteMultipartUpload']
  const count = (metric: string) => lines.filter((line) => line.startsWith(`${metric}{`)).length
  for (const operation of uploads) {
    for (const action of ['added', 'refused', 'would-add', 'would-refuse']) {
      const line = `sealgate_encryption_total{operation="${operation}",action="${action}"} 0`
      t.ok(lines.includes(line), line)
    }
  }
  t.equal(count('sealgate_encryption_total'), 4 * 10)
  for (const operation of confirmed) {
    const line = `sealgate_confirmations_total{operation="${operation}",result="mismatched"} 0`
    t.ok(lines.includes(line), line)
  }
  t.equal(count('sealgate_confirmations_total'), 7 * 3)
  for (const outcome of ['sealed', 'exempt', 'observed', 'unconfirmed']) {
    t.ok(lines.includes(`sealgate_object_writes_total{outcome="${outcome}"} 0`), outcome)
  }
  for (const encryption of ['policy', 'other-key', 'sse-s3', 'none']) {
    t.ok(lines.includes(`sealgate_reads_total{encryption="${encryption}"} 0`), encryption)
  }
  for (const kind of ['dns', 'connect', 'tls', 'timeout', 'reset', 'aborted']) {
    t.ok(lines.includes(`sealgate_upstream_errors_total{kind="${kind}"} 0`), kind)
  }
  for (const reason of ['signature-mismatch', 'egress-dns', 'upstream-busy']) {
    t.ok(lines.includes(`sealgate_refusals_total{reason="${reason}"} 0`), reason)
  }
})

t.test('a scrape tells of the program, its configuration and its limits', async (t) => {
  const target = metrics({ worker: 3 })
  target.configLoaded(1_700_000_000_000)
  target.requestStarted()
  target.watchService({
    connections: () => 4,
    unauthenticatedConnections: () => 1,
    upstream: () => ({ busy: 2, free: 3, waiting: 5 }),
    degraded: () => new Map([['upstream', true]]),
  })
  const lines = await scrape(target)
  for (const line of [
    'sealgate_config_info{mode="enforce",hash="f00d"} 1',
    'sealgate_config_last_reload_successful 1',
    'sealgate_config_last_reload_success_timestamp_seconds 1700000000',
    'sealgate_certificate_expiry_timestamp_seconds{use="listener",file="/tls/tls.crt"} 1800000000',
    'sealgate_inflight_requests 1',
    'sealgate_worker_inflight_requests{worker="3"} 1',
    'sealgate_inflight_limit{worker="3"} 2000',
    'sealgate_connections 4',
    'sealgate_unauthenticated_connections 1',
    'sealgate_degraded{part="upstream"} 1',
    'sealgate_upstream_connections{state="busy"} 2',
    'sealgate_upstream_connections{state="free"} 3',
    'sealgate_upstream_waiting_requests 5',
  ]) {
    t.ok(lines.includes(line), line)
  }
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'))
  const labels = `version="${version}",node="${process.version}",fips="false"`
  t.ok(lines.includes(`sealgate_build_info{${labels}} 1`))
  target.configReload('failure', 1_800_000_000_000)
  const after = await scrape(target)
  t.ok(after.includes('sealgate_config_last_reload_successful 0'))
  t.ok(after.includes('sealgate_config_last_reload_success_timestamp_seconds 1700000000'))
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
  target.watchAudit({ lostLines: 3, undeliveredLines: 5 })
  t.ok((await scrape(target)).includes('sealgate_audit_lost_lines_total 3'))
})

t.test("Node's own metrics come on request", async (t) => {
  const target = new Metrics({ bucketLabel: false, clientLabel: false, withDefaults: true })
  const lines = await scrape(target)
  t.ok(lines.some((line) => line.startsWith('process_cpu_user_seconds_total')))
  t.ok(lines.some((line) => line.startsWith('nodejs_eventloop_lag_seconds')))
  target.registry.clear()
})

t.test('reads of the keys of an issuer are counted from 0', async (t) => {
  const metrics = new Metrics({ bucketLabel: false, clientLabel: false, withDefaults: false })
  metrics.configured(FACTS)
  metrics.keySetRead('cluster', 'failure')
  const text = await metrics.registry.getSingleMetricAsString('sealgate_sts_key_set_reads_total')
  t.match(text, /\{issuer="cluster",result="success"\} 0/)
  t.match(text, /\{issuer="cluster",result="failure"\} 1/)
})

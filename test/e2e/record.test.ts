import t from 'tap'
import { CLIENT, KEY, OTHER_KEY, type RigOptions, startRig } from '../support/rig.ts'
import { type RequestOptions, send } from '../support/signed-request.ts'

const SSE = 'x-amz-server-side-encryption'

/** More than is collected into one buffer. */
const STREAMED_BYTES = 100_000

interface Recorded {
  readonly name: string
  readonly request: RequestOptions
  readonly line: Readonly<Record<string, unknown>>
  /** What the metrics say of it besides. */
  readonly metrics?: readonly string[]
  readonly rig?: RigOptions
}

const TABLE: readonly Recorded[] = [
  {
    name: 'an upload',
    request: { method: 'PUT', path: '/bucket/a%20k', body: 'four' },
    line: {
      client: 'app',
      sourceIp: '127.0.0.1',
      operation: 'PutObject',
      bucket: 'bucket',
      key: 'a k',
      rule: 'all',
      decision: 'allow',
      requestedEncryption: null,
      appliedEncryption: { algorithm: 'aws:kms', keyId: KEY },
      confirmedEncryption: { algorithm: 'aws:kms', keyId: KEY },
      status: 200,
      requestBytes: 4,
      responseBytes: 0,
      reason: null,
    },
    metrics: [
      'sealgate_requests_total{operation="PutObject",status="200",decision="allow"} 1',
      'sealgate_encryption_total{operation="PutObject",action="added"} 1',
      'sealgate_confirmations_total{operation="PutObject",result="confirmed"} 1',
      'sealgate_object_writes_total{outcome="sealed"} 1',
      'sealgate_bytes_total{direction="request"} 4',
    ],
  },
  {
    name: 'an upload whose body is streamed',
    request: { method: 'PUT', path: '/bucket/k', body: 'x'.repeat(STREAMED_BYTES) },
    line: { status: 200, requestBytes: STREAMED_BYTES },
    metrics: [`sealgate_bytes_total{direction="request"} ${STREAMED_BYTES}`],
  },
  {
    name: 'an upload that asks for other encryption',
    request: {
      method: 'PUT',
      path: '/bucket/k',
      body: 'x',
      headers: {
        [SSE]: 'aws:kms',
        [`${SSE}-aws-kms-key-id`]: OTHER_KEY,
        [`${SSE}-bucket-key-enabled`]: 'True',
      },
    },
    line: {
      requestedEncryption: { algorithm: 'aws:kms', keyId: OTHER_KEY, bucketKey: true },
      appliedEncryption: { keyId: KEY },
    },
    metrics: ['sealgate_encryption_total{operation="PutObject",action="overridden"} 1'],
  },
  {
    name: 'an upload with the client’s own key',
    request: {
      method: 'PUT',
      path: '/bucket/k',
      body: 'x',
      headers: { [`${SSE}-customer-algorithm`]: 'AES256' },
    },
    line: { requestedEncryption: { algorithm: 'SSE-C' } },
  },
  {
    name: 'an exempt upload',
    request: { method: 'PUT', path: '/bucket/k', body: 'x' },
    rig: {
      policy: `
  rules: [{ name: logs, match: { buckets: [bucket] }, exempt: of old age }]`,
    },
    line: { rule: 'logs', decision: 'allow', appliedEncryption: null, reason: 'of old age' },
    metrics: [
      'sealgate_encryption_total{operation="PutObject",action="exempt"} 1',
      'sealgate_object_writes_total{outcome="exempt"} 1',
      'sealgate_object_writes_total{outcome="sealed"} 0',
    ],
  },
  {
    name: 'an exempt upload into a bucket that is not there',
    request: { method: 'PUT', path: '/absent/k', body: 'x' },
    rig: {
      policy: `
  rules: [{ name: logs, match: { buckets: [absent] }, exempt: of old age }]`,
    },
    line: { status: 404 },
    metrics: ['sealgate_object_writes_total{outcome="exempt"} 0'],
  },
  {
    name: 'an upload under another key than the one that was set',
    request: { method: 'PUT', path: '/bucket/k', body: 'x' },
    rig: { sandbox: { quirks: { wrongKey: OTHER_KEY } } },
    line: { confirmedEncryption: { keyId: OTHER_KEY } },
    metrics: [
      'sealgate_confirmations_total{operation="PutObject",result="mismatched"} 1',
      'sealgate_object_writes_total{outcome="unconfirmed"} 1',
    ],
  },
  {
    name: 'a multipart upload that has begun',
    request: { method: 'POST', path: '/bucket/k?uploads' },
    line: { operation: 'CreateMultipartUpload' },
    metrics: [
      'sealgate_confirmations_total{operation="CreateMultipartUpload",result="confirmed"} 1',
      'sealgate_object_writes_total{outcome="sealed"} 0',
    ],
  },
  {
    name: 'an upload that no rule matches',
    request: { method: 'PUT', path: '/bucket/k', body: 'x' },
    rig: {
      policy: `
  rules: [{ name: other, match: { buckets: [other] }, encrypt: { keyId: '${KEY}' } }]`,
    },
    line: { rule: null, decision: 'deny', status: 403, reason: 'no-matching-rule' },
    metrics: [
      'sealgate_encryption_total{operation="PutObject",action="refused"} 1',
      'sealgate_refusals_total{reason="no-matching-rule"} 1',
    ],
  },
  {
    name: 'what would have been, where nothing is enforced',
    request: { method: 'PUT', path: '/bucket?encryption', body: '<x/>' },
    rig: {
      policy: `
  mode: observe
  rules: [{ name: all, encrypt: { keyId: '${KEY}' } }]`,
    },
    line: { decision: 'observe', reason: 'operation-closed', appliedEncryption: null },
  },
  {
    name: 'an upload where nothing is enforced',
    request: { method: 'PUT', path: '/bucket/k', body: 'x' },
    rig: {
      policy: `
  mode: observe
  rules: [{ name: all, encrypt: { keyId: '${KEY}' } }]`,
    },
    line: { decision: 'observe', rule: 'all', appliedEncryption: null, reason: null },
    metrics: [
      'sealgate_encryption_total{operation="PutObject",action="would-add"} 1',
      'sealgate_encryption_total{operation="PutObject",action="added"} 0',
      'sealgate_object_writes_total{outcome="observed"} 1',
    ],
  },
  {
    name: 'an upload that would be refused',
    request: { method: 'PUT', path: '/bucket/k', body: 'x' },
    rig: {
      policy: `
  mode: observe
  rules: [{ name: other, match: { buckets: [other] }, encrypt: { keyId: '${KEY}' } }]`,
    },
    line: { decision: 'observe', reason: 'no-matching-rule' },
    metrics: ['sealgate_encryption_total{operation="PutObject",action="would-refuse"} 1'],
  },
  {
    name: 'a read of nothing',
    request: { path: '/bucket/absent' },
    line: { operation: 'GetObject', status: 404, decision: 'allow', reason: null },
    metrics: ['sealgate_requests_total{operation="GetObject",status="404",decision="allow"} 1'],
  },
  {
    name: 'a request that nobody signed',
    request: { path: '/bucket/k', credentials: null },
    line: {
      client: null,
      operation: 'GetObject',
      decision: 'none',
      status: 403,
      reason: 'anonymous',
    },
    metrics: ['sealgate_refusals_total{reason="anonymous"} 1'],
  },
  {
    name: 'a request that cannot be parsed',
    request: { path: '/bucket/%zz', credentials: null },
    line: { client: null, operation: null, bucket: null, key: null, decision: 'none', status: 400 },
  },
]

for (const { name, request, line, metrics = [], rig: options } of TABLE) {
  t.test(`audit and metrics record ${name}`, async (t) => {
    const rig = await startRig(options)
    t.teardown(() => rig.close())
    await send(rig.port, request)
    const lines = await rig.audit()
    t.equal(lines.length, 1, 'one line')
    const [found = {}] = lines
    t.match(found, line)
    const { requestId, time, durationMs } = found
    t.match(requestId, /^[0-9A-Z]{16}$/)
    t.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    t.ok(Number(durationMs) > 0)
    const text = await rig.metrics.registry.metrics()
    for (const metric of metrics) t.ok(text.includes(`${metric}\n`), metric)
    t.match(text, 'sealgate_inflight_requests 0\n')
  })
}

t.test(
  'metrics and audit name the same client, and only buckets of the configuration',
  async (t) => {
    const rig = await startRig({
      buckets: "['bucket']",
      more: 'metrics: { bucketLabel: true, clientLabel: true }',
    })
    t.teardown(() => rig.close())
    const preflight = { origin: 'https://a.example', 'access-control-request-method': 'GET' }
    await send(rig.port, { path: '/nobody-1/k', credentials: null })
    await send(rig.port, { path: '/other/k' })
    await send(rig.port, {
      path: '/bucket/k',
      credentials: { ...CLIENT, secretAccessKey: 'wrong' },
    })
    await send(rig.port, {
      method: 'OPTIONS',
      path: '/bucket/k',
      credentials: null,
      headers: preflight,
    })
    await send(rig.port, { path: '/bucket/k' })
    const lines = await rig.audit()
    t.strictSame(
      lines.map(({ client }) => client),
      [null, 'app', null, null, 'app'],
    )
    const text = await rig.metrics.registry.metrics()
    const labels = [...text.matchAll(/^sealgate_requests_total\{.*(bucket=.*)\} /gm)]
    t.strictSame(labels.map(([, found]) => found).sort(), [
      'bucket="_other",client=""',
      'bucket="_other",client="app"',
      ...Array(2).fill('bucket="bucket",client=""'),
      'bucket="bucket",client="app"',
    ])
    const refusals = [...text.matchAll(/^sealgate_refusals_total\{(.*)\} 1$/gm)]
    t.strictSame(refusals.map(([, found]) => found).sort(), [
      'reason="anonymous",bucket="_other",client=""',
      'reason="bucket-not-allowed",bucket="_other",client="app"',
      'reason="signature-mismatch",bucket="bucket",client=""',
    ])
  },
)

t.test('a client may be called preflight, and preflights are not its requests', async (t) => {
  const rig = await startRig({
    clients: `
  - name: preflight
    accessKeyId: SGPREFLIGHT0000001
    secretAccessKey: another-secret-of-length
    buckets: ['*']`,
  })
  t.teardown(() => rig.close())
  const headers = { origin: 'https://a.example', 'access-control-request-method': 'GET' }
  await send(rig.port, { method: 'OPTIONS', path: '/bucket/k', credentials: null, headers })
  const credentials = {
    accessKeyId: 'SGPREFLIGHT0000001',
    secretAccessKey: 'another-secret-of-length',
  }
  await send(rig.port, { path: '/bucket/k', credentials })
  t.match(await rig.audit(), [
    { operation: 'OptionsPreflight', client: null },
    { operation: 'GetObject', client: 'preflight' },
  ])
})

t.test('every line has every member up to the reason, in one order', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  await send(rig.port, { method: 'PUT', path: '/bucket/k', body: 'x' })
  await send(rig.port, { path: '/%zz', credentials: null })
  const [full, empty] = await rig.audit()
  const members = (line: object = {}) => Object.keys(line).slice(0, 23)
  t.strictSame(members(empty), members(full))
  t.equal(members(full).at(-1), 'reason')
})

t.test('a fault that is not the client’s is logged', async (t) => {
  const rig = await startRig({ upstreamPort: 1 })
  t.teardown(() => rig.close())
  const { status } = await send(rig.port, { path: '/bucket/k' })
  t.equal(status, 503)
  const [{ requestId } = {}] = await rig.audit()
  const logged = rig
    .log()
    .split('\n')
    .filter((text) => text.includes(String(requestId)))
  t.equal(logged.length, 1)
  t.match(JSON.parse(logged[0] ?? '{}'), {
    level: 'error',
    operation: 'GetObject',
    bucket: 'bucket',
    code: 'ServiceUnavailable',
  })
  t.notMatch(logged[0], 'stack', 'the place in the code says nothing of S3')
  await send(rig.port, { path: '/bucket/k', credentials: null })
  t.notMatch(rig.log(), 'anonymous', 'what clients do wrong is in the audit')
})

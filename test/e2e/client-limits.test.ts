import { createHash, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import aws4 from 'aws4'
import t from 'tap'
import { becomes, open } from '../support/raw-socket.ts'
import { CLIENT, REGION, startRig } from '../support/rig.ts'
import { send } from '../support/signed-request.ts'
import { sumMetric } from '../support/sum-metric.ts'

const LIMITED = { accessKeyId: 'SGLIMITED000000001', secretAccessKey: 'limited-secret-limited' }
const limited = (limits: string): string => `
  - name: limited
    accessKeyId: ${LIMITED.accessKeyId}
    secretAccessKey: ${LIMITED.secretAccessKey}
    buckets: ['bucket']
    ${limits}`
const OBJECT = { path: '/bucket/k', credentials: LIMITED }

t.test('a client beyond its rate gets SlowDown, and nobody else can use it up', async (t) => {
  const rig = await startRig({ clients: limited('requests: 1/m') })
  t.teardown(() => rig.close())
  const stranger = { ...LIMITED, secretAccessKey: 'guessed-secret-guessed' }
  for (let i = 0; i < 6; i++) {
    const forged = await send(rig.port, { ...OBJECT, credentials: stranger })
    t.match(forged.headers, { 'x-sealgate-reason': 'signature-mismatch' })
    const own = await send(rig.port, { path: '/other/k', credentials: LIMITED })
    t.match(own.headers, { 'x-sealgate-reason': 'bucket-not-allowed' }, 'nor what is refused')
  }
  t.equal((await send(rig.port, { ...OBJECT, method: 'PUT', body: 'first' })).status, 200)
  const sent = rig.received.length
  const refused = await send(rig.port, { ...OBJECT, method: 'PUT', body: 'x' })
  t.equal(refused.status, 503)
  t.match(refused.text, '<Code>SlowDown</Code><Message>Please reduce your request rate.')
  t.match(refused.headers, {
    'x-sealgate-reason': 'request-rate-exceeded',
    'retry-after': /^[1-5]\d$|^60$/,
  })
  t.equal(rig.received.length, sent, 'S3 sees nothing of it')
  const other = await send(rig.port, { path: '/bucket/k', credentials: CLIENT })
  t.equal(other.text, 'first', 'others go on')
  t.ok(await becomes(async () => (await rig.audit()).length === 15))
  const line = (await rig.audit()).find(({ reason }) => reason === 'request-rate-exceeded')
  t.match(line, { client: 'limited', status: 503, errorCode: 'SlowDown', operation: 'PutObject' })
  const metric = { reason: 'request-rate-exceeded' }
  t.equal(await sumMetric(rig.adminUrl, 'sealgate_refusals_total', metric), 1)
})

t.test('bodies pass whole at their bandwidth, large and small, in both directions', async (t) => {
  const rig = await startRig({ clients: limited('bandwidth: 8MiB/s') })
  t.teardown(() => rig.close())
  // With the first burst of a second, the rest takes about one more.
  const body = randomBytes(6 * 2 ** 20)
  const put = await send(rig.port, { ...OBJECT, method: 'PUT', body })
  t.equal(put.status, 200, put.text)
  const objects = await Promise.all([OBJECT, OBJECT].map((request) => send(rig.port, request)))
  for (const got of objects) t.equal(hash(got.body), hash(body))
  const small = { ...OBJECT, path: '/bucket/small' }
  t.equal((await send(rig.port, { ...small, method: 'PUT', body: 'small' })).status, 200)
  t.equal((await send(rig.port, small)).text, 'small')
  const lines = await rig.audit()
  t.match(lines[0], { requestBytes: body.length, status: 200 })
})

t.test('as many requests as the bandwidth serves soon; others are not concerned', async (t) => {
  const rig = await startRig({ clients: limited('bandwidth: 64KiB/s') })
  t.teardown(() => rig.close())
  const uploads: Socket[] = []
  t.teardown(() => {
    for (const socket of uploads) socket.destroy()
  })
  for (let i = 0; i < 10; i++) uploads.push(await beginUpload(rig.port))
  const inflight = () => sumMetric(rig.adminUrl, 'sealgate_inflight_requests', {})
  t.ok(await becomes(async () => (await inflight()) === 10))
  const refused = await send(rig.port, OBJECT)
  t.equal(refused.status, 503)
  t.match(refused.headers, { 'x-sealgate-reason': 'bandwidth-exceeded', 'retry-after': '1' })
  t.equal((await send(rig.port, { path: '/bucket?list-type=2' })).status, 200)
  uploads[0]?.destroy()
  t.ok(await becomes(async () => (await send(rig.port, OBJECT)).status === 404))
})

/** Opens an upload of the limited client whose body never comes. */
async function beginUpload(port: number): Promise<Socket> {
  const socket = await open(port)
  socket.on('error', () => undefined)
  socket.write(signedHead(port))
  return socket
}

function signedHead(port: number): string {
  const host = `127.0.0.1:${port}`
  const signed = aws4.sign(
    {
      service: 's3',
      region: REGION,
      method: 'PUT',
      path: '/bucket/slow',
      headers: { host, 'content-length': '1000000', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
      host,
    },
    LIMITED,
  )
  const fields = Object.entries(signed.headers ?? {}).map(([name, value]) => `${name}: ${value}`)
  return `PUT /bucket/slow HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n`
}

function hash(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex')
}

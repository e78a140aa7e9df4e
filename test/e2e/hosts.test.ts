import t, { type Test } from 'tap'
import { CLIENT, KEY, REGION, type Rig, type RigOptions, startRig } from './harness.ts'
import { type Answer, send } from './signed-request.ts'

/* Spellings of a host that name the same host, and regions of a client's own. */

async function rigOf(t: Test, options: RigOptions = {}): Promise<Rig> {
  const rig = await startRig(options)
  t.teardown(() => rig.close())
  return rig
}

const outcome = ({ status, headers }: Answer): string =>
  `${status} ${headers['x-sealgate-reason'] ?? ''}`.trim()

t.test('a last dot, an empty and a default port in Host', async (t) => {
  const rig = await rigOf(t)
  for (const host of ['localhost.', 'LOCALHOST', 'localhost:', 'localhost.:80', 'localhost:443']) {
    const put = await send(rig.port, {
      method: 'PUT',
      path: '/bucket/k',
      body: 'content',
      headers: { host },
    })
    t.equal(outcome(put), '200', host)
    t.match(rig.sandbox.inspect('bucket', 'k'), { encryption: 'aws:kms', keyId: KEY })
  }
  const virtual = await send(rig.port, { path: '/k', headers: { host: 'bucket.localhost.:443' } })
  t.equal(virtual.text, 'content')
  for (const [signed, sent] of [
    ['localhost', 'localhost:80'],
    ['localhost:443', 'localhost'],
    ['localhost.:80', 'localhost.'],
  ] as const) {
    const headers = { host: signed }
    const read = await send(rig.port, { path: '/bucket/k', headers, unsigned: { host: sent } })
    t.equal(outcome(read), '200', `${signed} as ${sent}`)
  }
})

t.test('another host or port is not what was signed', async (t) => {
  const rig = await rigOf(t)
  for (const [signed, sent, expected] of [
    ['localhost', '127.0.0.1', '403 signature-mismatch'],
    ['localhost:8080', 'localhost', '403 signature-mismatch'],
    ['localhost', 'bucket.localhost', '403 signature-mismatch'],
    ['localhost..', 'localhost..', '400 host-invalid'],
    ['localhost:80:80', 'localhost:80:80', '400 host-invalid'],
    ['.localhost', '.localhost', '400 host-invalid'],
    ['localhost.evil.test.', 'localhost.evil.test.', '403 host-not-served'],
  ] as const) {
    const headers = { host: signed }
    const read = await send(rig.port, { path: '/bucket', headers, unsigned: { host: sent } })
    t.equal(outcome(read), expected, `${signed} as ${sent}`)
  }
  t.equal(rig.received.length, 0)
})

t.test('a region of the client is accepted where it is named; S3 gets its own', async (t) => {
  const rig = await rigOf(t, { upstream: '  acceptRegions: [auto, localhost]' })
  for (const [region, expected] of [
    [REGION, '200'],
    ['auto', '200'],
    ['localhost', '200'],
    ['eu-west-1', '400 scope-region-wrong'],
    ['AUTO', '400 scope-region-wrong'],
  ] as const) {
    const put = await send(rig.port, { method: 'PUT', path: '/bucket/k', body: 'x', region })
    t.equal(outcome(put), expected, region)
  }
  for (const { rawHeaders } of rig.received)
    t.match(rawHeaders.join(), `/${REGION}/s3/aws4_request`)
  const stranger = { ...CLIENT, secretAccessKey: 'another' }
  const refused = await send(rig.port, { path: '/bucket', region: 'auto', credentials: stranger })
  t.equal(outcome(refused), '403 signature-mismatch')
})

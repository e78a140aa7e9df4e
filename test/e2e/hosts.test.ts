import t, { type Test } from 'tap'
import { CLIENT, KEY, REGION, type Rig, type RigOptions, startRig } from '../support/rig.ts'
import { S3Client } from '../support/s3-client.ts'
import { type Answer, send, sendRaw } from '../support/signed-request.ts'

/* Spellings of a host and of a target that name the same, and regions of a client's own. */

async function rigOf(t: Test, options: RigOptions = {}): Promise<Rig> {
  const rig = await startRig(options)
  t.teardown(() => rig.close())
  return rig
}

const outcome = ({ status, headers }: Answer): string =>
  `${status} ${headers['x-sealgate-reason'] ?? ''}`.trim()

t.test('a last dot, an empty port and a default port in Host are accepted', async (t) => {
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

t.test('a target in absolute-form, which every server has to take (RFC 9112 3.2.2)', async (t) => {
  const rig = await rigOf(t)
  const client = new S3Client({ host: '127.0.0.1', port: rig.port }, CLIENT, REGION)
  t.teardown(() => client.close())
  const authority = `127.0.0.1:${rig.port}`
  for (const [path, sent] of [
    ['/bucket/k', '/bucket/k'],
    ['/bucket/a/%2e%2e/b//c', '/bucket/a/../b//c'],
    ['/bucket/http://evil/', '/bucket/http%3A//evil/'],
  ] as const) {
    const put = client.prepare({ method: 'PUT', target: path, body: 'content' })
    const stored = await client.sendWire({ ...put, target: `http://${authority}${path}` })
    t.equal(stored.status, 200, path)
    t.equal(rig.received.at(-1)?.rawTarget, sent)
  }
  t.match(rig.sandbox.inspect('bucket', 'k'), { encryption: 'aws:kms', keyId: KEY })
  const url = client.presign({ method: 'GET', target: '/bucket/k' })
  t.equal((await client.sendBare('GET', `http://${authority}${url}`)).status, 200)
  const list = client.prepare({ method: 'GET', target: '/?list-type=2' })
  const fields = list.fields.map(([n, v]) => [n, n === 'host' ? 'bucket.localhost' : v] as const)
  const unsigned = await client.sendWire({
    ...list,
    fields,
    target: 'http://bucket.localhost?list-type=2',
  })
  t.equal(unsigned.headers.get('x-sealgate-reason'), 'signature-mismatch', 'Host is signed')
})

t.test('what an absolute-form says besides Host is refused', async (t) => {
  const rig = await rigOf(t)
  const host = `127.0.0.1:${rig.port}`
  for (const [target, expected] of [
    ['http://localhost/bucket/k', '400 target-host-mismatch'],
    [`http://other.127.0.0.1:${rig.port}/k`, '400 target-host-mismatch'],
    ['http://127.0.0.1/bucket/k', '400 target-host-mismatch'],
    [`https://${host}/bucket/k`, '400 target-host-mismatch'],
    [`http://u:p@${host}/bucket/k`, '400 target-form'],
    [`ftp://${host}/bucket/k`, '400 target-form'],
    [`http://${host}/bucket/k#f`, '400 target-form'],
    ['*', '400 target-form'],
  ] as const) {
    t.equal(outcome(await sendRaw(rig.port, 'GET', target, { host })), expected, target)
  }
  t.equal(rig.received.length, 0)
})

t.test('a raw + in a path and in a copy source is a space, as at S3', async (t) => {
  const rig = await rigOf(t)
  const put = await send(rig.port, { method: 'PUT', path: '/bucket/a+b%2Bc', body: 'content' })
  t.equal(outcome(put), '200', 'aws4 signs it so')
  t.equal(rig.received.at(-1)?.rawTarget, '/bucket/a%20b%2Bc')
  t.strictSame(rig.sandbox.list('bucket'), ['a b+c'])
  const headers = { 'x-amz-copy-source': '/bucket/a+b%2Bc' }
  const copied = await send(rig.port, { method: 'PUT', path: '/bucket/copy', headers })
  t.equal(outcome(copied), '200', copied.text)
  t.match(rig.received.at(-1)?.rawHeaders.join(), 'bucket/a%20b%2Bc')
  const bucket = await send(rig.port, { path: '/buc+ket/k' })
  t.equal(outcome(bucket), '400 bucket-name-invalid')
})

t.test(
  'the payload hash need not be among the signed headers: it is signed as itself',
  async (t) => {
    const rig = await rigOf(t)
    const client = new S3Client({ host: '127.0.0.1', port: rig.port }, CLIENT, REGION)
    t.teardown(() => client.close())
    const request = {
      method: 'PUT',
      target: '/bucket/k',
      body: 'content',
      payload: 'unsigned',
      omitContentHash: true,
      unsigned: [['x-amz-content-sha256', 'UNSIGNED-PAYLOAD']],
    } as const
    t.equal((await client.send(request)).status, 200)
    for (const value of ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', 'a'.repeat(64)]) {
      const changed = await client.send({ ...request, unsigned: [['x-amz-content-sha256', value]] })
      t.equal(changed.headers.get('x-sealgate-reason'), 'signature-mismatch', value)
    }
    t.equal(rig.received.length, 1)
  },
)

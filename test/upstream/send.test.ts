import t from 'tap'
import { AttemptNotes } from '../../src/upstream/attempts.ts'
import { Cancellation } from '../../src/upstream/cancellation.ts'
import { send } from '../../src/upstream/send.ts'
import { generationOf } from '../support/generation-of.ts'
import { send as ask } from '../support/signed-request.ts'
import { startProxy } from './rig.ts'
import { errorDocument, startStandIn } from './stand-in.ts'

const HOME = 'eu-west-1'

for (const [status, code] of [
  [400, 'ExpiredToken'],
  [400, 'InvalidToken'],
  [400, 'AuthorizationHeaderMalformed'],
  [403, 'SignatureDoesNotMatch'],
  [403, 'InvalidAccessKeyId'],
] as const) {
  t.test(`${status} ${code} speaks of our signature, and the client does not see it`, async (t) => {
    const told = '<AWSAccessKeyId>SGUPSTREAM00000001</AWSAccessKeyId>'
    const s3 = await startStandIn((_request, response) => {
      response.writeHead(status, { 'content-type': 'application/xml' })
      response.end(errorDocument(code, 'SGUPSTREAM00000001 …', told))
    })
    const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
    t.teardown(() => Promise.all([rig.close(), s3.close()]))
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const body = method === 'PUT' ? { body: 'x' } : {}
      const answer = await ask(rig.port, { method, path: '/bucket/key', ...body })
      t.equal(answer.status, 503, method)
      t.equal(answer.headers['x-sealgate-reason'], 'upstream-signature-refused')
      t.notMatch(answer.text, /SGUPSTREAM/)
    }
  })
}

t.test('a bucket is looked up under the credentials that sign the request', async (t) => {
  const s3 = await startStandIn(({ path, region }, response) => {
    const home = path === '/bucket' ? { 'x-amz-bucket-region': HOME } : {}
    response.writeHead(region === HOME ? 200 : 400, home).end()
  })
  const team = { accessKeyId: 'SGTEAM000000000001', secretAccessKey: 'team-secret-team-secret' }
  const rig = await startProxy({
    endpoint: `http://127.0.0.1:${s3.port}`,
    clients: `  - name: team
    accessKeyId: ${team.accessKeyId}
    secretAccessKey: ${team.secretAccessKey}
    buckets: ['*']
    upstream: { source: static, accessKeyId: UPTEAM, secretAccessKey: team-secret-of-16 }`,
  })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  const answer = await ask(rig.port, { method: 'HEAD', path: '/bucket/key', credentials: team })
  t.equal(answer.status, 200)
  t.strictSame(
    s3.received.map(({ path, accessKeyId }) => `${path} ${accessKeyId}`),
    ['/bucket/key UPTEAM', '/bucket UPTEAM', '/bucket/key UPTEAM'],
  )
})

t.test('what is sent again is signed at the time when it is sent', async (t) => {
  const s3 = await startStandIn(({ region }, response) => {
    const isHome = region === HOME
    response.writeHead(isHome ? 200 : 301, { 'x-amz-bucket-region': HOME }).end()
  })
  t.teardown(() => s3.close())
  const { upstream } = await generationOf(t, {}, s3.port)
  const addressed = { bucket: 'bucket', key: 'key', query: [] }
  const destination = upstream.destinationOf(addressed)
  if (!destination.ok) throw new Error(destination.error.message)
  const beganAtMs = Date.UTC(2026, 0, 1)
  const attempts = new AttemptNotes()
  const answer = await send(
    upstream,
    {
      method: 'GET',
      addressed,
      destination: destination.value,
      headers: ['host', destination.value.host],
      payloadHash: 'UNSIGNED-PAYLOAD',
      isSigned: true,
      credentials: undefined,
      body: undefined,
    },
    beganAtMs,
    new Cancellation(),
    attempts,
  )
  t.strictSame(attempts.learnt, [{ bucket: 'bucket', region: HOME }])
  t.equal(answer.ok && answer.value.head.status, 200)
  const [first = '', second = ''] = s3.received.map(({ date }) => date)
  t.equal(first, '20260101T000000Z')
  t.ok(second > '20260102', second)
})

t.test('what is sent to another region names the host that it is sent to', async (t) => {
  const s3 = await startStandIn(({ region }, response) => {
    const isHome = region === HOME
    response.writeHead(isHome ? 200 : 301, { 'x-amz-bucket-region': HOME }).end()
  })
  const asked: string[] = []
  const rig = await startProxy({
    endpoint: `http://s3.us-east-1.amazonaws.com:${s3.port}`,
    resolve: (hostname) => {
      asked.push(hostname)
      return ['127.0.0.1']
    },
  })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  t.equal((await ask(rig.port, { path: '/bucket/key' })).status, 200)
  const hosts = ['bucket.s3.us-east-1.amazonaws.com', 'bucket.s3.eu-west-1.amazonaws.com']
  t.strictSame(asked, hosts)
  t.strictSame(
    s3.received.map(({ host }) => host),
    hosts.map((host) => `${host}:${s3.port}`),
  )
})

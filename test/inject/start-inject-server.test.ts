import { EventEmitter, once } from 'node:events'
import { Agent, request } from 'node:https'
import { join } from 'node:path'
import { connect } from 'node:tls'
import t from 'tap'
import { type InjectServer, startInjectServer } from '../../src/inject/start-inject-server.ts'
import { type KeyPair, makeCertificate, mountCertificate } from '../support/certificates.ts'
import { readReview } from './read-review.ts'
import { SETTINGS } from './settings.ts'

interface Answer {
  readonly status: number
  readonly body: string
}

const JSON_HEADERS = { 'content-type': 'application/json' }

/** Starts a webhook on a loopback port; its log messages are events of `log`. */
async function start(t: { teardown(close: () => Promise<void>): void }, folder: string) {
  const certificate = makeCertificate({ serialNumber: '01' })
  const files = mountCertificate(folder, certificate)
  const messages = new EventEmitter()
  const write = (fields: unknown, message: string) => messages.emit(message, fields)
  const server = await startInjectServer({
    address: { host: '127.0.0.1', port: 0 },
    certificate: files,
    settings: SETTINGS,
    log: { info: write, warn: write },
  })
  t.teardown(() => server.close())
  return { server, certificate, messages }
}

/** Sends one request over verified TLS. */
function send(
  server: InjectServer,
  certificate: KeyPair,
  options: { method?: string; path?: string; headers?: Record<string, string>; body?: string },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { body, ...rest } = { method: 'POST', path: '/mutate', headers: JSON_HEADERS, ...options }
    const target = { host: '127.0.0.1', port: server.port, servername: 'localhost' }
    const tls = { ca: certificate.cert, agent: false }
    const outgoing = request({ ...target, ...tls, ...rest }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk)
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

t.test('a review is answered with a patch over TLS', async (t) => {
  const { server, certificate, messages } = await start(t, t.testdir())
  const patched = once(messages, 'pod patched')
  const answer = await send(server, certificate, {
    path: '/mutate?timeout=5s',
    body: readReview('deployment-pod'),
  })
  t.equal(answer.status, 200)
  const { response } = JSON.parse(answer.body)
  t.equal(response.uid, '705ab4f5-6393-11e8-b7cc-42010a800002')
  t.equal(response.allowed, true)
  const patch = JSON.parse(Buffer.from(response.patch, 'base64').toString())
  t.ok(patch.some((operation: { path: string }) => operation.path === '/spec/initContainers'))
  t.match(await patched, [{ namespace: 'shop' }])
})

t.test('a pod that cannot have the sidecar is refused', async (t) => {
  const { server, certificate } = await start(t, t.testdir())
  const answer = await send(server, certificate, { body: readReview('host-network-pod') })
  t.equal(answer.status, 200)
  t.match(JSON.parse(answer.body).response, { allowed: false, status: { message: /hostNetwork/ } })
})

t.test('the kubelet finds it alive and ready', async (t) => {
  const { server, certificate } = await start(t, t.testdir())
  for (const path of ['/livez', '/readyz']) {
    t.equal((await send(server, certificate, { method: 'GET', path })).status, 200, path)
  }
})

t.test('other requests are refused', async (t) => {
  const { server, certificate } = await start(t, t.testdir())
  const cases = [
    [404, { path: '/' }],
    [405, { method: 'PUT' }],
    [415, { headers: { 'content-type': 'text/plain' }, body: '{}' }],
    [400, { body: '{' }],
    [413, { body: ' '.repeat(3 * 1024 * 1024 + 1) }],
  ] as const
  for (const [status, options] of cases) {
    t.equal((await send(server, certificate, options)).status, status, String(status))
  }
})

t.test('a renewed certificate is used; a broken one is not', async (t) => {
  const folder = t.testdir()
  const { server, messages } = await start(t, folder)
  const broken = once(messages, 'certificate not renewed')
  mountCertificate(folder, { cert: 'nonsense', key: 'nonsense' })
  await broken
  t.equal(await readSerialNumber(server), '01')
  const renewed = once(messages, 'certificate renewed')
  mountCertificate(folder, makeCertificate({ serialNumber: '02' }))
  await renewed
  t.equal(await readSerialNumber(server), '02')
})

/** Serial number of the certificate that the server shows. */
async function readSerialNumber(server: InjectServer): Promise<string> {
  const socket = connect({
    host: '127.0.0.1',
    port: server.port,
    servername: 'localhost',
    rejectUnauthorized: false,
  })
  await once(socket, 'secureConnect')
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}

t.test('a missing certificate and a taken address are errors', async (t) => {
  const { server } = await start(t, t.testdir())
  const options = {
    settings: SETTINGS,
    log: { info: () => {}, warn: () => {} },
    certificate: {
      certFile: join(t.testdirName, 'tls.crt'),
      keyFile: join(t.testdirName, 'tls.key'),
    },
  }
  const taken = { host: '127.0.0.1', port: server.port }
  await t.rejects(startInjectServer({ ...options, address: taken }), { code: 'EADDRINUSE' })
  const nowhere = { certFile: 'nowhere.crt', keyFile: 'nowhere.key' }
  const free = { host: '127.0.0.1', port: 0 }
  await t.rejects(
    startInjectServer({ ...options, certificate: nowhere, address: free }),
    /nowhere\.crt/,
  )
})

t.test('it closes with a client connected', async (t) => {
  const { server, certificate } = await start(t, t.testdir())
  await send(server, certificate, { method: 'GET', path: '/livez' })
  await server.close()
  await t.rejects(send(server, certificate, { method: 'GET', path: '/livez' }), {
    code: 'ECONNREFUSED',
  })
})

t.test('while it drains it is not ready, patches, and ends its connections', async (t) => {
  const { server, certificate } = await start(t, t.testdir())
  server.drain()
  t.equal((await send(server, certificate, { method: 'GET', path: '/readyz' })).status, 503)
  t.equal((await send(server, certificate, { method: 'GET', path: '/livez' })).status, 200)
  const answer = await send(server, certificate, { body: readReview('deployment-pod') })
  t.equal(answer.status, 200)
  t.equal(JSON.parse(answer.body).response.allowed, true)
  const agent = new Agent({ keepAlive: true, ca: certificate.cert })
  t.teardown(() => agent.destroy())
  const target = { host: '127.0.0.1', port: server.port, servername: 'localhost', path: '/livez' }
  const [response] = await once(request({ ...target, agent }).end(), 'response')
  response.resume()
  t.equal(response.headers.connection, 'close')
})

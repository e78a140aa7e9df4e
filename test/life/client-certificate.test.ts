import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import t from 'tap'
import { type KeyPair, TestAuthority, writePair } from '../support/certificates.ts'
import { type LifeRig, startLife } from '../support/program-scene.ts'
import { signHead } from './load.ts'

const folder = await mkdtemp(join(tmpdir(), 'sealgate-mtls-'))
t.teardown(() => rm(folder, { recursive: true, force: true }))
const authority = new TestAuthority('/CN=corp')
const authorityFile = join(folder, 'corp.crt')
await writeFile(authorityFile, authority.cert)
const stranger = new TestAuthority('/CN=stranger')
const server = writePair(folder, 'server', authority.issue())
const robot = authority.issue({ subject: '/C=DE/O=Corp, Inc./CN=robot', names: [] })
const web = authority.issue({
  subject: '/CN=any',
  names: ['DNS:web.corp.example', 'URI:spiffe://corp.example/web'],
})
const padded = ['\u00a0', '\u3000', '\ufeff', ' '].flatMap((blank) => [
  authority.issue({ subject: `/C=DE/O=Corp, Inc./CN=robot${blank}`, names: [] }),
  authority.issue({ subject: `/C=DE/O=Corp, Inc./CN=${blank}robot`, names: [] }),
])
const unnamed = authority.issue({ subject: '/CN=unnamed', names: [] })
const forged = stranger.issue({ subject: '/C=DE/O=Corp, Inc./CN=robot', names: [] })

const CLIENTS = `
  - name: robot
    certificate: { subject: 'CN=robot, O=Corp\\, Inc., C=DE' }
    buckets: ['bucket']
  - name: web
    certificate: { san: 'spiffe://corp.example/web' }
    buckets: ['*']
`

function start(t: Parameters<typeof startLife>[0], clientCaFile: string): Promise<LifeRig> {
  const tls = `{ certFile: '${server.certFile}', keyFile: '${server.keyFile}', clientCaFile: '${clientCaFile}' }`
  const listen = `  - address: '127.0.0.1:0'\n    tls: ${tls}`
  return startLife(t, { listen, clients: CLIENTS })
}

interface Put {
  readonly status: number
  readonly reason: string | undefined
}

/** A PUT without a signature, unless `headers` have one. */
function put(
  port: number,
  key: string,
  certificate: KeyPair | undefined,
  options: { headers?: Record<string, string>; bucket?: string } = {},
): Promise<Put> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      {
        ...{
          host: '127.0.0.1',
          port,
          method: 'PUT',
          path: `/${options.bucket ?? 'bucket'}/${key}`,
        },
        ...{
          ca: authority.cert,
          agent: false,
          headers: { 'content-length': 1, ...options.headers },
        },
        ...(certificate === undefined ? {} : { cert: certificate.cert, key: certificate.key }),
      },
      (response) => {
        response.resume()
        const reason = response.headers['x-sealgate-reason']
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, reason: String(reason) }),
        )
      },
    )
    request.on('error', reject)
    request.end('x')
  })
}

t.test("a client is known by its certificate's subject or SAN", async (t) => {
  const { sealgate, sandbox } = await start(t, authorityFile)
  t.match(await put(sealgate.port, 'robot', robot), { status: 200 })
  t.match(await put(sealgate.port, 'web', web), { status: 200 })
  t.strictSame(sandbox.list('bucket'), ['robot', 'web'])
  t.equal(sandbox.inspect('bucket', 'robot')?.encryption, 'aws:kms')
  t.match(
    await put(sealgate.port, 'x', robot, { bucket: 'other' }),
    { status: 403, reason: 'bucket-not-allowed' },
    'its buckets are those of the client',
  )
  t.match(
    await put(sealgate.port, 'x', unnamed),
    { status: 403, reason: 'anonymous' },
    'a good certificate that names no client',
  )
  for (const certificate of padded) {
    const answer = await put(sealgate.port, 'x', certificate)
    t.match(answer, { status: 403, reason: 'anonymous' }, 'attack 6: a name with blanks is another')
  }
  await t.rejects(put(sealgate.port, 'x', forged), 'the same name, from another authority')
  await t.rejects(put(sealgate.port, 'x', undefined), 'no certificate')
  await sealgate.logged('TLS handshake failed')
  const headers = signHead(sealgate.port, 'PUT', '/bucket/signed', 1)
  t.match(
    await put(sealgate.port, 'signed', unnamed, { headers }),
    { status: 200 },
    'a signature names its client over any good certificate',
  )
  sealgate.signal('SIGTERM')
  const { stdout } = await sealgate.end
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => Object(JSON.parse(line)))
  const served = lines.filter(({ status }) => status === 200)
  t.strictSame(
    served.map(({ client }) => client),
    ['robot', 'web', 'app'],
  )
})

t.test('a resumed session is the same client, until the authority changes', async (t) => {
  const clientCa = join(folder, 'client-ca.crt')
  await writeFile(clientCa, authority.cert)
  const { sealgate } = await start(t, clientCa)
  const first = await putOnSession(sealgate.port, robot, undefined)
  t.match(first.head, /^HTTP\/1\.1 200 /)
  t.equal(first.isReused, false)
  const second = await putOnSession(sealgate.port, robot, first.session)
  t.equal(second.isReused, true)
  t.match(second.head, /^HTTP\/1\.1 200 /)
  await writeFile(clientCa, stranger.cert)
  await sealgate.logged('certificates renewed')
  await t.rejects(
    putOnSession(sealgate.port, robot, second.session),
    'no session outlives the authority that it was verified with',
  )
  t.match(await put(sealgate.port, 'x', forged), { status: 200 }, 'which is now the right one')
})

interface SessionPut {
  readonly head: string
  readonly isReused: boolean
  readonly session: Buffer | undefined
}

function putOnSession(
  port: number,
  { cert, key }: KeyPair,
  session: Buffer | undefined,
): Promise<SessionPut> {
  return new Promise((resolve, reject) => {
    let ticket: Buffer | undefined
    let head = ''
    let isReused = false
    const socket: TLSSocket = connect({
      ...{ host: '127.0.0.1', port, ca: authority.cert, cert, key },
      ...(session === undefined ? {} : { session }),
    })
    socket.on('secureConnect', () => {
      isReused = socket.isSessionReused()
    })
    socket.on('session', (next: Buffer) => {
      ticket = next
    })
    socket.on('error', reject)
    socket.on('data', (part: Buffer) => {
      head += part.toString('latin1')
    })
    socket.on('close', () => {
      if (head === '') reject(new Error('closed without an answer'))
      else resolve({ head, isReused, session: ticket })
    })
    socket.write(
      'PUT /bucket/s HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1\r\nconnection: close\r\n\r\nx',
    )
  })
}

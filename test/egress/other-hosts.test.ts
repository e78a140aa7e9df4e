import { createHash } from 'node:crypto'
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { type AddressInfo, createServer as createNetServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { becomes, exchangeOctets, open } from '../support/raw-socket.ts'
import { CLIENT } from '../support/rig.ts'
import { sendRaw } from '../support/signed-request.ts'
import { type EgressRigOptions, startEgressRig, watchNetwork } from './egress-rig.ts'
import { basic, connectThrough } from './through-proxy.ts'

const ALLOWED = ["allowHosts: ['repo.example', 'repo.example:8080', '*.wide.example', '10.1.2.3']"]

const NAMES = {
  'repo.example': ['93.184.216.34'],
  'metadata.wide.example': ['169.254.169.254'],
  'metadata6.wide.example': ['fd00:ec2::254'],
  'loopback.wide.example': ['127.0.0.1'],
  'loopback6.wide.example': ['::1'],
  'private.wide.example': ['10.0.0.1'],
  'mapped.wide.example': ['::ffff:10.0.0.1'],
  'mixed.wide.example': ['93.184.216.34', '192.168.1.1'],
  'empty.wide.example': [],
} as const

/** A server of another host, on loopback, and an egress listener whose network ends there. */
async function startBoth(t: Test, options: EgressRigOptions = {}) {
  const seen: { readonly request: IncomingMessage; readonly body: string }[] = []
  const server = createServer(async (request, response) => {
    const hash = createHash('sha256')
    let octets = 0
    for await (const chunk of request) {
      hash.update(chunk)
      octets += chunk.length
    }
    const body = `${octets} ${hash.digest('hex')}`
    seen.push({ request, body })
    if (request.url === '/silent') return
    if (request.url?.startsWith('/raw?') === true) {
      response.socket?.end(Buffer.from(decodeURIComponent(request.url.slice(5)), 'latin1'))
      return
    }
    if (request.url === '/cut') {
      response.write('half', () => response.socket?.destroy())
      return
    }
    response.writeHead(201, [
      ...['content-type', 'text/plain', 'set-cookie', 'a=1', 'set-cookie', 'b=2'],
      ...['keep-alive', 'timeout=99', 'connection', 'x-nominated', 'x-nominated', 'yes'],
      ...['proxy-authenticate', 'Basic realm="phishing"'],
    ])
    if (request.url === '/large') response.end(Buffer.alloc(3_000_000, 'large'))
    else response.end(body)
  })
  server.on('upgrade', (request, socket: Socket) => {
    seen.push({ request, body: '' })
    if (request.url === '/half') {
      socket.write('HTTP/1.1 403 Forbidden\r\ncontent-length: 9\r\n\r\nhalf')
      return
    }
    if (request.url === '/no') {
      socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno')
      return
    }
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n',
    )
    socket.on('data', (chunk: Buffer) => socket.write(`echo ${chunk}`))
    socket.on('end', () => socket.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const network = watchNetwork(NAMES, port)
  const rig = await startEgressRig({ network, egress: ALLOWED, ...options })
  t.teardown(() => rig.close())
  return { rig, network, seen, server }
}

function get(port: number, target: string, headers: Readonly<Record<string, string>> = {}) {
  const host = /^https?:\/\/([^/]*)/.exec(target)?.[1] ?? ''
  return sendRaw(port, 'GET', target, { host, ...headers })
}

t.test('a host on the list is reached, at the address that was checked', async (t) => {
  const { rig, network, seen } = await startBoth(t)
  const answer = await get(rig.port, 'http://repo.example/a/../b//c?d=e', {
    'x-kept': 'yes',
    'proxy-authorization': basic('app', CLIENT.secretAccessKey),
    'proxy-connection': 'keep-alive',
    connection: 'close, x-named',
    'x-named': 'hop by hop',
    te: 'trailers',
  })
  t.equal(answer.status, 201)
  t.strictSame(network.resolved, ['repo.example'])
  t.strictSame(network.dialled, ['93.184.216.34:80'])
  const { url, headers } = seen[0]?.request ?? {}
  t.equal(url, '/a/../b//c?d=e')
  t.match(headers, { host: 'repo.example', 'x-kept': 'yes', via: '1.1 sealgate' })
  for (const name of ['proxy-authorization', 'proxy-connection', 'x-named', 'te']) {
    t.equal(headers?.[name], undefined, name)
  }
  t.strictSame(answer.headers['set-cookie'], ['a=1', 'b=2'])
  t.equal(answer.headers.via, '1.1 sealgate')
  for (const name of ['proxy-authenticate', 'x-nominated']) {
    t.equal(answer.headers[name], undefined, name)
  }
  t.not(answer.headers['keep-alive'], 'timeout=99')
  t.match(await rig.audit(), [
    {
      ...{ operation: null, bucket: null, client: 'app', decision: 'allow', status: 201 },
      ...{ reason: 'egress-request', host: 'repo.example:80' },
    },
  ])
})

t.test('a last dot names the same host', async (t) => {
  const { rig, network } = await startBoth(t)
  t.equal((await get(rig.port, 'http://repo.example./')).status, 201)
  t.equal((await get(rig.port, 'http://repo.example.:80/')).status, 201)
  const { status, socket } = await connectThrough(rig.port, 'repo.example.:443')
  t.equal(status, 200)
  socket.destroy()
  t.strictSame(network.dialled, ['93.184.216.34:80', '93.184.216.34:80', '93.184.216.34:443'])
})

t.test('bodies go both ways, with a length and without', async (t) => {
  const { rig, seen } = await startBoth(t)
  const body = Buffer.alloc(2_000_000, 'up')
  const digest = `2000000 ${createHash('sha256').update(body).digest('hex')}`
  const headers = { host: 'repo.example:8080' }
  const target = 'http://repo.example:8080/large'
  const sized = { ...headers, 'content-length': String(body.length) }
  const put = await sendRaw(rig.port, 'PUT', target, sized, body)
  t.equal(put.status, 201)
  t.equal(put.body.length, 3_000_000)
  t.equal(seen.at(-1)?.body, digest)
  for (const method of ['POST', 'DELETE']) {
    const chunked = { ...headers, 'transfer-encoding': 'chunked' }
    const answer = await sendRaw(rig.port, method, target, chunked, body)
    t.equal(answer.status, 201)
    t.equal(seen.at(-1)?.body, digest, `${method} in chunks`)
  }
  t.match((await rig.audit())[0], { requestBytes: 2_000_000, responseBytes: 3_000_000 })
})

t.test('Expect: 100-continue is answered here', async (t) => {
  const { rig, seen } = await startBoth(t)
  const events: string[] = []
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const request = httpRequest({
      ...{ host: '127.0.0.1', port: rig.port, method: 'PUT', path: 'http://repo.example/' },
      headers: { host: 'repo.example', expect: '100-continue', 'content-length': '4' },
    })
    request.on('continue', () => {
      events.push('100')
      request.end('text')
    })
    request.on('response', (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    request.on('error', reject)
    request.flushHeaders()
  })
  t.equal(status, 201)
  t.strictSame(events, ['100'])
  t.match(seen[0]?.body, /^4 /)
})

t.test('an answer that is cut short is cut short for the client', async (t) => {
  const { rig } = await startBoth(t)
  await t.rejects(get(rig.port, 'http://repo.example/cut'))
})

t.test(
  'a status that nobody may send is a bad gateway, and does not end the process',
  async (t) => {
    const { rig } = await startBoth(t)
    for (const [line, status] of [
      ['HTTP/1.1 000 Zero', 502],
      ['HTTP/1.1 099 Ninety-nine', 502],
      ['HTTP/1.1 200 O\x01K', 200],
      ['HTTP/1.1 200 \x7f\xff', 200],
      ['HTTP/1.1 999 X', 999],
    ] as const) {
      const wire = encodeURIComponent(`${line}\r\nContent-Length: 2\r\n\r\nok`)
      const answer = await get(rig.port, `http://repo.example/raw?${wire}`)
      t.equal(answer.status, status, JSON.stringify(line))
      t.equal(answer.body.toString(), 'ok')
    }
  },
)

t.test('Content-Disposition passes byte for byte, wherever it stands', async (t) => {
  const { rig } = await startBoth(t)
  const disposition = 'Content-Disposition: attachment; filename="\xfc\xe6\x97\xa5.txt"'
  for (const fields of [
    ['Content-Length: 2', disposition],
    [disposition, 'Content-Length: 2'],
  ]) {
    const answer = encodeURIComponent(`HTTP/1.1 200 OK\r\n${fields.join('\r\n')}\r\n\r\nok`)
    const text = await exchangeOctets(
      rig.port,
      `GET http://repo.example/raw?${answer} HTTP/1.1\r\nHost: repo.example\r\nConnection: close\r\n\r\n`,
    )
    t.match(text, /^HTTP\/1\.1 200 .*ok$/s)
    t.ok(text.toLowerCase().includes(`\r\n${disposition.toLowerCase()}\r\n`), text)
  }
})

t.test('requests that wait behind another end with their connection', async (t) => {
  const { rig, seen } = await startBoth(t)
  for (const first of ['/silent', '/']) {
    seen.length = 0
    const socket = await open(rig.port)
    socket.on('error', () => undefined)
    for (const path of [first, '/', '/']) {
      socket.write(`GET http://repo.example${path} HTTP/1.1\r\nHost: repo.example\r\n\r\n`)
    }
    t.ok(await becomes(() => seen.length === 3))
    socket.destroy()
    t.ok(await becomes(() => rig.metrics.inflight === 0), first)
  }
})

t.test('CONNECT behind a request is not its answer', async (t) => {
  const { rig, seen } = await startBoth(t)
  const text = exchangeOctets(
    rig.port,
    'PUT http://repo.example/silent HTTP/1.1\r\nHost: repo.example\r\nContent-Length: 1\r\n\r\nx' +
      'CONNECT repo.example:443 HTTP/1.1\r\nHost: repo.example\r\n\r\n',
  )
  t.equal(await text, '')
  t.ok(await becomes(() => rig.metrics.inflight === 0))
  t.ok(seen.length <= 1)
})

t.test('a client that reads nothing does not keep its place for ever', async (t) => {
  const { rig, server } = await startBoth(t, { idleMs: 500 })
  server.removeAllListeners('request')
  // All of it has come, the last part is held back: who knows where that begins?
  server.on('request', ({ url = '' }, response) => response.end(Buffer.alloc(Number(url.slice(1)))))
  const sockets: Socket[] = []
  for (let octets = 2_500_000; octets < 4_500_000; octets += 25_000) {
    const socket = await open(rig.port)
    socket.on('error', () => undefined)
    socket.pause()
    socket.write(`GET http://repo.example/${octets} HTTP/1.1\r\nHost: repo.example\r\n\r\n`)
    sockets.push(socket)
  }
  t.ok(await becomes(() => rig.metrics.inflight > 0))
  t.ok(await becomes(() => rig.metrics.inflight === 0), 'nothing is under way any more')
  for (const socket of sockets) socket.destroy()
})

t.test('CONNECT to a host on the list is a tunnel', async (t) => {
  const echo = createNetServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  t.teardown(() => echo.close())
  const { port } = echo.address() as AddressInfo
  const network = watchNetwork(NAMES, port)
  const rig = await startEgressRig({ network, egress: ALLOWED })
  t.teardown(() => rig.close())
  const { status, socket } = await connectThrough(rig.port, 'repo.example:443')
  t.equal(status, 200)
  t.strictSame(network.dialled, ['93.184.216.34:443'])
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).resume()
  const sent = Buffer.alloc(500_000, 'tunnel')
  socket.end(sent)
  await new Promise((resolve) => socket.once('close', resolve))
  t.ok(Buffer.concat(chunks).equals(sent))
  for (let i = 0; i < 100 && rig.metrics.inflight > 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  t.match(await rig.audit(), [
    {
      ...{ operation: null, decision: 'allow', status: 200, reason: 'egress-tunnel' },
      ...{ host: 'repo.example:443', requestBytes: 500_000, responseBytes: 500_000 },
    },
  ])
})

t.test(
  'connections of nobody make room, tunnels and those that were let through stay',
  async (t) => {
    const more = ['limits: { unauthenticatedConnections: 2 }']
    const { rig, seen } = await startBoth(t, { more })
    const { status, socket: tunnel } = await connectThrough(rig.port, 'repo.example:443')
    t.equal(status, 200)
    const kept = await open(rig.port)
    kept.write('GET http://repo.example/silent HTTP/1.1\r\nHost: repo.example\r\n\r\n')
    t.ok(await becomes(() => seen.length === 1))
    const strangers: Socket[] = []
    for (let i = 0; i < 5; i++) {
      const stranger = await open(rig.port)
      stranger.on('error', () => undefined)
      stranger.resume()
      stranger.write('GET http://repo')
      strangers.push(stranger)
    }
    t.ok(await becomes(() => strangers.filter(({ closed }) => closed).length === 3))
    t.notOk(tunnel.closed)
    t.notOk(kept.closed)
    for (const socket of [...strangers, tunnel, kept]) socket.destroy()
  },
)

t.test('a silent tunnel is closed', async (t) => {
  const { rig } = await startBoth(t, { idleMs: 50 })
  const { status, socket } = await connectThrough(rig.port, 'repo.example:443')
  t.equal(status, 200)
  socket.resume()
  await new Promise((resolve) => socket.once('close', resolve))
  t.pass('closed')
})

t.test('a WebSocket is upgraded and carries octets both ways', async (t) => {
  const { rig, network, seen } = await startBoth(t)
  const { socket, head } = await upgrade(rig.port, 'http://repo.example/chat')
  t.match(head, /^HTTP\/1\.1 101 /)
  t.strictSame(network.dialled, ['93.184.216.34:80'])
  t.equal(seen[0]?.request.url, '/chat')
  t.equal(seen[0]?.request.headers['proxy-authorization'], undefined)
  const echoed = new Promise((resolve) => socket.once('data', (chunk) => resolve(String(chunk))))
  socket.write('hello')
  t.equal(await echoed, 'echo hello')
  socket.destroy()
  for (let i = 0; i < 100 && rig.metrics.inflight > 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  t.match(await rig.audit(), [{ reason: 'egress-upgrade', status: 101, host: 'repo.example:80' }])
})

t.test('an upgrade that the host declines is relayed as it is', async (t) => {
  const { rig } = await startBoth(t)
  const { socket, head } = await upgrade(rig.port, 'http://repo.example/no')
  t.match(head, /^HTTP\/1\.1 403 /)
  socket.destroy()
})

t.test('an upgrade that is declined ends, although neither side ends it', async (t) => {
  const { rig } = await startBoth(t, { idleMs: 200 })
  const { head } = await upgrade(rig.port, 'http://repo.example/half')
  t.match(head, /^HTTP\/1\.1 403 /)
  t.ok(await becomes(() => rig.metrics.inflight === 0))
})

/** Node 20 hands the socket of every Upgrade over. */
const ASKS_BEFORE_UPGRADES = !process.version.startsWith('v20.')

t.test('other upgrades, and any to S3, are ignored; by Node 20 refused', async (t) => {
  const { rig, network } = await startBoth(t)
  for (const [target, protocol] of [
    ['http://repo.example/', 'h2c'],
    ['http://bucket.s3.us-east-1.amazonaws.com/', 'websocket'],
  ] as const) {
    const { socket, head } = await upgrade(rig.port, target, protocol)
    const ignored = protocol === 'h2c' ? /^HTTP\/1\.1 201 / : /^HTTP\/1\.1 403 /
    t.match(head, ASKS_BEFORE_UPGRADES ? ignored : /^HTTP\/1\.1 405 /, target)
    socket.destroy()
  }
  t.equal(network.dialled.length, ASKS_BEFORE_UPGRADES ? 1 : 0)
})

/** Targets that are refused before anything is dialled: by name, or by where the name leads. */
const REFUSED: readonly (readonly [authority: string, status: number, reason: string])[] = [
  ['unlisted.example:443', 403, 'egress-host-not-allowed'],
  ['repo.example:22', 403, 'egress-host-not-allowed'],
  ['sts.us-east-1.amazonaws.com:443', 403, 'egress-host-not-allowed'],
  ['169.254.169.254:80', 403, 'egress-host-not-allowed'],
  ['169.254.169.254.:80', 403, 'egress-host-not-allowed'],
  ['loopback.wide.example.:80', 403, 'egress-address-not-allowed'],
  ['10.1.2.3.:80', 403, 'egress-address-not-allowed'],
  ['[fd00:ec2::254]:80', 403, 'egress-host-not-allowed'],
  ['127.0.0.1:80', 403, 'egress-host-not-allowed'],
  ['localhost:80', 403, 'egress-host-not-allowed'],
  ['2852039166:80', 403, 'egress-host-not-allowed'],
  ['10.1.2.3:80', 403, 'egress-address-not-allowed'],
  ['metadata.wide.example:80', 403, 'egress-address-not-allowed'],
  ['metadata6.wide.example:80', 403, 'egress-address-not-allowed'],
  ['loopback.wide.example:80', 403, 'egress-address-not-allowed'],
  ['loopback6.wide.example:443', 403, 'egress-address-not-allowed'],
  ['private.wide.example:443', 403, 'egress-address-not-allowed'],
  ['mapped.wide.example:443', 403, 'egress-address-not-allowed'],
  ['mixed.wide.example:443', 403, 'egress-address-not-allowed'],
  ['empty.wide.example:443', 502, 'egress-dns'],
  ['unknown.wide.example:443', 502, 'egress-dns'],
]

t.test('what is not allowed is refused before any connection is tried', async (t) => {
  const { rig, network } = await startBoth(t)
  for (const [authority, status, reason] of REFUSED) {
    const connect = await connectThrough(rig.port, authority)
    t.equal(connect.status, status, `CONNECT ${authority}`)
    t.match(connect.head, `x-sealgate-reason: ${reason}`)
    connect.socket.destroy()
    const answer = await get(rig.port, `http://${authority}/latest/meta-data/`)
    t.equal(answer.status, status, `GET ${authority}`)
    t.equal(answer.headers['x-sealgate-reason'], reason)
    const { socket, head } = await upgrade(rig.port, `http://${authority}/`)
    t.match(head, `x-sealgate-reason: ${reason}`)
    socket.destroy()
  }
  t.strictSame(network.dialled, [])
  t.match(await rig.refusals(), /reason="egress-host-not-allowed"\} 27/)
  t.match(await rig.refusals(), /reason="egress-address-not-allowed"\} 30/)
  t.match(await rig.audit(), [{ decision: 'deny', reason: 'egress-host-not-allowed', status: 403 }])
})

t.test('a private address is reached where it is allowed, instance metadata never', async (t) => {
  const { rig, network } = await startBoth(t, {
    egress: [...ALLOWED, "allowAddresses: ['10.0.0.0/8', '169.254.0.0/16', '::/0']"],
  })
  t.equal((await get(rig.port, 'http://private.wide.example/')).status, 201)
  t.equal((await get(rig.port, 'http://10.1.2.3/')).status, 201)
  for (const name of ['metadata.wide.example', 'metadata6.wide.example']) {
    t.equal((await get(rig.port, `http://${name}/`)).status, 403)
  }
  t.strictSame(network.dialled, ['10.0.0.1:80', '10.1.2.3:80'])
})

t.test('https to another host takes CONNECT', async (t) => {
  const { rig, network } = await startBoth(t)
  const answer = await get(rig.port, 'https://repo.example/')
  t.equal(answer.headers['x-sealgate-reason'], 'egress-scheme')
  t.strictSame(network.dialled, [])
})

t.test('beyond loopback other hosts are only for clients that say who they are', async (t) => {
  const { rig, network } = await startBoth(t, { isPublic: true })
  t.equal((await get(rig.port, 'http://repo.example/')).status, 407)
  const nobody = await connectThrough(rig.port, 'repo.example:443')
  t.equal(nobody.status, 407)
  nobody.socket.destroy()
  t.strictSame(network.dialled, [])
  const proxyAuthorization = basic('app', CLIENT.secretAccessKey)
  const known = await get(rig.port, 'http://repo.example/', {
    'proxy-authorization': proxyAuthorization,
  })
  t.equal(known.status, 201)
  t.match((await rig.audit()).at(-1), { client: 'app', reason: 'egress-request' })
})

t.test('a host that takes no connection is a bad gateway', async (t) => {
  const { rig, server } = await startBoth(t)
  server.close()
  server.closeAllConnections()
  const answer = await get(rig.port, 'http://repo.example/')
  t.equal(answer.status, 502)
  t.equal(answer.headers['x-sealgate-reason'], 'egress-connect')
  t.match((await rig.audit())[0], { decision: 'none', status: 502, reason: 'egress-connect' })
})

/** Sends a WebSocket handshake; gives the head of the answer. */
function upgrade(
  port: number,
  target: string,
  protocol = 'websocket',
): Promise<{ readonly head: string; readonly socket: Socket }> {
  return new Promise((resolve, reject) => {
    const host = /^http:\/\/([^/]*)/.exec(target)?.[1] ?? ''
    const request = httpRequest({
      ...{ host: '127.0.0.1', port, path: target, setHost: false },
      headers: {
        host,
        connection: 'Upgrade',
        upgrade: protocol,
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'proxy-authorization': basic('app', CLIENT.secretAccessKey),
      },
    })
    const give = (answer: IncomingMessage): void => {
      const fields = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`)
      const head = [`HTTP/1.1 ${answer.statusCode} `, ...fields].join('\r\n')
      resolve({ head, socket: answer.socket })
    }
    request.on('upgrade', give)
    request.on('response', (answer) => {
      answer.resume()
      give(answer)
    })
    request.on('error', reject)
    request.end()
  })
}

import t, { type Test } from 'tap'
import { errorCodeOf, RawConnection } from '../support/raw-http.ts'
import { becomes } from '../support/raw-socket.ts'
import { type Rig, type RigOptions, startRig } from '../support/rig.ts'
import type { Field } from '../support/signer.ts'
import { signedHead } from './signed-head.ts'

const HALF_A_HEAD = `GET /bucket/k HTTP/1.1\r\nHost: ${'h'.repeat(10_000)}`
const PREFLIGHT =
  'OPTIONS /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://a.example\r\nAccess-Control-Request-Method: GET\r\n\r\n'

async function rigOf(t: Test, options: RigOptions = {}): Promise<Rig> {
  const rig = await startRig({
    more: 'limits: { unauthenticatedConnections: 4, concurrentRequests: 100 }',
    ...options,
  })
  t.teardown(() => rig.close())
  return rig
}

function put(rig: Rig, connection: RawConnection) {
  return connection
    .write(signedHead(rig.port, { length: 1 }))
    .write('x')
    .answer()
}

async function isClosed(connection: RawConnection): Promise<boolean> {
  return becomes(() => connection.socket.closed)
}

t.test('of connections of nobody the oldest makes room, and clients always get in', async (t) => {
  const rig = await rigOf(t)
  const known = new RawConnection(rig.port)
  t.match(await put(rig, known), { status: 200 })
  const strangers: RawConnection[] = []
  const addStranger = async (octets: string): Promise<void> => {
    const stranger = new RawConnection(rig.port).write(octets)
    strangers.push(stranger)
    await new Promise((resolve) => stranger.socket.once('connect', resolve))
  }
  // Silent, in the middle of a head, refused, and one that only asked what a page may do.
  for (const octets of ['', HALF_A_HEAD, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n', PREFLIGHT]) {
    await addStranger(octets)
  }
  for (const stranger of strangers.slice(2)) await stranger.answer()
  t.notOk(strangers.some(({ socket }) => socket.closed))
  for (let i = 0; i < 4; i++) {
    await addStranger(HALF_A_HEAD)
    t.ok(await isClosed(strangers[i] ?? known), `${i} makes room`)
  }
  t.notOk(
    strangers.slice(4).some(({ socket }) => socket.closed),
    'the newest stay',
  )
  t.match(await put(rig, known), { status: 200 }, 'a connection that is known stays')
  for (let i = 0; i < 20; i++) {
    const fresh = new RawConnection(rig.port)
    t.match(await put(rig, fresh), { status: 200 })
    fresh.destroy()
  }
  t.match(rig.log(), 'too many unauthenticated connections')
  for (const { socket } of strangers) socket.destroy()
  known.destroy()
})

t.test('an upload is known from its head on, a form from its fields on', async (t) => {
  const rig = await rigOf(t)
  const upload = new RawConnection(rig.port).write(signedHead(rig.port, { length: 100_000 }))
  t.ok(await becomes(() => rig.metrics.inflight === 1))
  const strangers: RawConnection[] = []
  for (let i = 0; i < 10; i++) {
    const stranger = new RawConnection(rig.port).write(HALF_A_HEAD)
    strangers.push(stranger)
    await new Promise((resolve) => stranger.socket.once('connect', resolve))
  }
  t.ok(await becomes(() => strangers.filter(({ socket }) => socket.closed).length === 6))
  t.match(await upload.write('x'.repeat(100_000)).answer(), { status: 200 })
  for (const { socket } of [...strangers, upload]) socket.destroy()
})

t.test('a request of nobody that is cut so is told apart from one whose client left', async (t) => {
  const rig = await rigOf(t)
  const form = `POST /bucket HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000\r\n\r\n--b`
  const first = new RawConnection(rig.port).write(form)
  t.ok(await becomes(() => rig.metrics.inflight === 1))
  const others = Array.from({ length: 4 }, () => new RawConnection(rig.port))
  await first.closed()
  t.ok(await becomes(() => rig.metrics.inflight === 0))
  t.match(rig.log(), 'the connection failed: unauthenticated-connections')
  for (const { socket } of others) socket.destroy()
})

t.test('a sidecar knows its application by its first request', async (t) => {
  const rig = await rigOf(t, {
    clients: `
  - name: sidecar
    anonymous: true
    buckets: ['*']`,
  })
  const get = 'GET /bucket/none HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'
  const connections: RawConnection[] = []
  for (let i = 0; i < 12; i++) {
    const connection = new RawConnection(rig.port)
    t.match(await connection.write(get).answer(), { status: 404 })
    connections.push(connection)
  }
  for (const connection of connections) {
    t.match(await connection.write(get).answer(), { status: 404 }, 'all are still there')
    connection.destroy()
  }
})

t.test('a head of 512 fields is refused, and nothing behind it is read', async (t) => {
  const rig = await rigOf(t)
  const few = signedHead(rig.port, { length: 1 }).split('\r\n').length - 3
  const withFields = (count: number, last: Field = ['a', 'b']) => {
    const more = Array.from({ length: count - few - 1 }, (): Field => ['a', 'b'])
    return signedHead(rig.port, { length: 1, more: [...more, last] })
  }
  t.match(await new RawConnection(rig.port).write(`${withFields(511)}x`).answer(), { status: 200 })
  for (const count of [512, 513, 600, 2000]) {
    for (const last of [['a', 'b'] as const, ['upgrade', 'h2c'] as const]) {
      const connection = new RawConnection(rig.port)
      connection.write(`${withFields(count, last)}x${signedHead(rig.port, { method: 'GET' })}`)
      const answer = await connection.answer()
      // Node 24 drops nothing: it ends the head there.
      t.match(answer.headers.get('x-sealgate-reason'), /^(too-many-fields|malformed-http)$/)
      t.equal(errorCodeOf(answer), 'RequestHeaderSectionTooLarge', `${count}`)
      t.match(answer, { status: 400, isWhole: true })
      await connection.closed()
      t.equal(connection.text, '')
    }
  }
  t.equal((await rig.audit()).filter(({ status }) => status === 200).length, 1)
  t.equal(rig.received.length, 1)
})

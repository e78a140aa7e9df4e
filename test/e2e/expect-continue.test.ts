import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { buildChunked, bytesOf, headOf } from '../support/chunked-request.ts'
import { errorCodeOf, RawConnection } from '../support/raw-http.ts'
import { KEY, type Rig, type RigOptions, startRig } from '../support/rig.ts'
import type { Field } from '../support/signer.ts'
import { type HeadOptions, signedHead as signedHeadOf } from './signed-head.ts'

const MIB = 1024 * 1024

type Upload = HeadOptions & { readonly length: number }

function signedHead(rig: Rig, upload: Upload): string {
  return signedHeadOf(rig.port, upload)
}

const EXPECT: Field = ['expect', '100-continue']

async function rigOf(t: Test, options: RigOptions = {}): Promise<Rig> {
  const rig = await startRig(options)
  t.teardown(() => rig.close())
  return rig
}

function open(t: Test, rig: Rig): RawConnection {
  const connection = new RawConnection(rig.port)
  t.teardown(() => connection.destroy())
  return connection
}

/** The last line of the audit that has those members. */
async function audited(rig: Rig): Promise<Record<string, unknown>> {
  return (await rig.audit()).at(-1) ?? {}
}

for (const length of [100, 64 * 1024, 64 * 1024 + 1, MIB]) {
  t.test(
    `${length} bytes: one 100, after authentication and policy, then the answer`,
    async (t) => {
      const rig = await rigOf(t)
      const connection = open(t, rig).write(signedHead(rig, { length, more: [EXPECT] }))
      t.ok(await connection.until(/^HTTP\/1\.1 100 Continue\r\n\r\n$/))
      t.equal(rig.sandbox.inspect('bucket', 'k'), undefined)
      connection.write(Buffer.alloc(length, 'x'))
      const answer = await connection.answer()
      t.match(answer, { status: 200, continues: 1 })
      t.match(rig.sandbox.inspect('bucket', 'k'), {
        size: length,
        encryption: 'aws:kms',
        keyId: KEY,
      })

      connection.write(signedHead(rig, { target: '/bucket/next', length: 1 })).write('y')
      t.match(
        await connection.answer(),
        { status: 200, continues: 0 },
        'the connection stays usable',
      )
    },
  )
}

t.test('an aws-chunked upload waits for its 100 as well', async (t) => {
  const rig = await rigOf(t)
  for (const sizes of [
    [8192, 1000],
    [65_536, 65_536, 1000],
  ]) {
    const chunks = sizes.map((size) => Buffer.alloc(size, 'x'))
    const target = '/bucket/chunked'
    const { fields, parts } = buildChunked({ mode: 'signed', target, chunks, port: rig.port })
    const body = bytesOf(parts)
    const framing: Field = ['content-length', String(body.length)]
    const connection = open(t, rig).write(headOf('PUT', target, [...fields, framing, EXPECT]))
    t.ok(await connection.until(/100 Continue/))
    connection.write(body)
    t.match(await connection.answer(), { status: 200, continues: 1 })
  }
})

const ONE_BUCKET = `
  rules: [{ name: one, match: { buckets: [other] }, encrypt: { keyId: '${KEY}' } }]`

const REFUSED: readonly (readonly [name: string, upload: Partial<Upload>, reason: string])[] = [
  ['a wrong signature', { secretAccessKey: 'wrong' }, 'signature-mismatch'],
  ['no rule', {}, 'no-matching-rule'],
  ['a closed operation', { target: '/bucket?encryption' }, 'operation-closed'],
  ['an unsigned header', { more: [['x-amz-meta-a', 'b']] }, 'headers-not-signed'],
  ['an unknown parameter', { target: '/bucket/k?newthing' }, 'unknown-parameter'],
  ['a reserved bucket name', { target: '/xn--bucket/k' }, 'bucket-name-reserved'],
]

for (const [name, upload, reason] of REFUSED) {
  t.test(`refused before the 100, without one byte of the body: ${name}`, async (t) => {
    const rig = await rigOf(t, { policy: ONE_BUCKET })
    const more = [...(upload.more ?? []), EXPECT]
    const head = signedHead(rig, { ...upload, length: MIB, more })
    const connection = open(t, rig).write(head)
    const answer = await connection.answer()
    t.equal(answer.continues, 0, 'no 100')
    t.ok((answer.status ?? 0) >= 400)
    t.equal(answer.headers.get('x-sealgate-reason'), reason)
    t.equal(answer.headers.get('connection'), 'close', 'whether a body follows cannot be known')
    await connection.closed()
    t.equal(connection.error, undefined, 'no reset')
    t.match(await audited(rig), { requestBytes: 0, reason })
    t.equal(rig.received.length, 0)
  })
}

t.test('a client that expects a 100 and does not wait gets its answer too', async (t) => {
  const rig = await rigOf(t)
  const good = open(t, rig)
    .write(signedHead(rig, { length: 10, more: [EXPECT] }))
    .write('0123456789')
  t.match(await good.answer(), { status: 200 })
  const head = signedHead(rig, { length: MIB, secretAccessKey: 'wrong', more: [EXPECT] })
  const refused = open(t, rig).write(head).write(Buffer.alloc(MIB))
  t.match(await refused.answer(), { status: 403, isWhole: true })
})

for (const value of ['200-ok', '200-ok, 100', 'continue', '']) {
  t.test(`Expect: ${value} is refused as S3 refuses, and recorded`, async (t) => {
    const rig = await rigOf(t)
    const more: readonly Field[] = [['expect', value]]
    for (const upload of [{ length: 1 }, { length: MIB }, { method: 'GET', length: 0 }]) {
      const connection = open(t, rig).write(signedHead(rig, { ...upload, more }))
      const answer = await connection.answer()
      t.match(answer, { status: 417, continues: 0, isWhole: true })
      t.equal(errorCodeOf(answer), 'ExpectationFailed')
      t.equal(answer.headers.get('x-sealgate-reason'), 'expectation-failed')
      await connection.closed()
      const operation = upload.method === 'GET' ? 'GetObject' : 'PutObject'
      t.match(await audited(rig), { status: 417, reason: 'expectation-failed', operation })
    }
    t.equal(rig.received.length, 0)
    const refusals = rig.metrics.registry.getSingleMetricAsString('sealgate_refusals_total')
    t.match(await refusals, /reason="expectation-failed"\} 3/)
  })
}

t.test('a client of HTTP/1.0 expects nothing', async (t) => {
  const rig = await rigOf(t)
  for (const value of ['100-continue', '200-ok']) {
    const head = signedHead(rig, { length: 1, version: '1.0', more: [['expect', value]] })
    t.match(await open(t, rig).write(head).write('x').answer(), { status: 200, continues: 0 })
  }
})

for (const length of [MIB, 64 * MIB]) {
  const size = `${length / MIB} MiB`
  t.test(`refused without Expect, ${size} declared: an answer, not a reset`, async (t) => {
    const rig = await rigOf(t)
    const head = signedHead(rig, { length, secretAccessKey: 'wrong' })

    const attentive = open(t, rig).write(head).write(Buffer.alloc(length))
    const early = await attentive.answer()
    t.match(early, { status: 403, isWhole: true }, 'a client that reads while it sends')
    t.equal(errorCodeOf(early), 'SignatureDoesNotMatch')
    attentive.destroy()

    // As http.client of Python: the whole body first, then the answer.
    const stubborn = open(t, rig)
    stubborn.socket.pause()
    stubborn.write(head)
    await new Promise((resolve) => stubborn.socket.write(Buffer.alloc(length), resolve))
    stubborn.socket.resume()
    const late = await stubborn.answer()
    t.match(late, { status: 403, isWhole: true }, 'a client that sends all before it reads')
    t.equal(stubborn.error, undefined)
  })
}

t.test('after a small refused body the connection stays usable', async (t) => {
  const rig = await rigOf(t)
  for (const length of [1, 1000, 64 * 1024, MIB]) {
    const connection = open(t, rig)
    connection.write(signedHead(rig, { length, secretAccessKey: 'wrong' }))
    connection.write(Buffer.alloc(length))
    t.match(await connection.answer(), { status: 403, isWhole: true })
    connection.write(signedHead(rig, { length: 2 })).write('ok')
    t.match(await connection.answer(), { status: 200 }, `after ${length} bytes`)
    connection.destroy()
  }
})

t.test('a body that S3 refuses early: the client gets S3’s answer', async (t) => {
  const rig = await rigOf(t)
  const length = 8 * MIB
  const head = signedHead(rig, { target: '/nowhere/k', length })
  const connection = open(t, rig).write(head).write(Buffer.alloc(length))
  const answer = await connection.answer()
  t.match(answer, { status: 404 })
  t.match(answer.body, 'NoSuchBucket')
})

for (const length of [1000, MIB]) {
  t.test(
    `a client that falls silent in the middle of ${length} bytes gets RequestTimeout`,
    async (t) => {
      const rig = await rigOf(t, { more: 'limits: { bodyIdle: 1s }' })
      const connection = open(t, rig).write(signedHead(rig, { length })).write('only this')
      const answer = await connection.answer()
      t.match(answer, { status: 400, isWhole: true })
      t.equal(errorCodeOf(answer), 'RequestTimeout')
      t.equal(answer.headers.get('x-sealgate-reason'), 'body-idle')
      t.equal(rig.sandbox.inspect('bucket', 'k'), undefined)
      t.match(await audited(rig), { status: 400, reason: 'body-idle' })
    },
  )
}

t.test('a slow client that is never silent for long is waited for', async (t) => {
  const rig = await rigOf(t, { more: 'limits: { bodyIdle: 1s }' })
  const connection = open(t, rig).write(signedHead(rig, { length: 70_000 }))
  for (let i = 0; i < 7; i++) {
    connection.write(Buffer.alloc(10_000))
    // A quarter of the idle time, and more than it in all.
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
  t.match(await connection.answer(), { status: 200 })
})

/** An S3 that says when a request comes and when its connection breaks. */
async function startWatched(
  t: Test,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
) {
  const server = createServer(handler)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

t.test(
  'a client that goes away in the middle of its body takes the upstream request along',
  async (t) => {
    let broken: (isComplete: boolean) => void = () => undefined
    const atUpstream = new Promise<boolean>((resolve) => {
      broken = resolve
    })
    let arrived: () => void = () => undefined
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const upstreamPort = await startWatched(t, (request) => {
      request.once('data', arrived)
      request.on('error', () => undefined)
      request.on('close', () => broken(request.complete))
      request.resume()
    })
    const rig = await rigOf(t, { upstreamPort })
    const connection = open(t, rig).write(signedHead(rig, { length: 10 * MIB }))
    connection.write(Buffer.alloc(MIB))
    await arrival
    connection.destroy()
    t.equal(await atUpstream, false, 'the upstream request is cut before its end')
    t.match(await audited(rig), { reason: 'client-gone', operation: 'PutObject', key: 'k' })
  },
)

t.test('a client that goes away before the answer takes the upstream request along', async (t) => {
  for (const length of [10, MIB]) {
    let arrived: (response: ServerResponse) => void = () => undefined
    const arrival = new Promise<ServerResponse>((resolve) => {
      arrived = resolve
    })
    const upstreamPort = await startWatched(t, (request, response) => {
      request.resume()
      request.on('end', () => arrived(response))
    })
    const rig = await rigOf(t, { upstreamPort })
    const connection = open(t, rig).write(signedHead(rig, { length })).write(Buffer.alloc(length))
    const response = await arrival
    const closed = once(response, 'close')
    connection.destroy()
    await closed
    t.equal(response.writableFinished, false)
    t.match(await audited(rig), { reason: 'client-gone' }, `${length} bytes`)
  }
})

t.test(
  'a client that goes away in the middle of an answer takes the upstream one along',
  async (t) => {
    let closed: Promise<unknown> = Promise.resolve()
    const upstreamPort = await startWatched(t, (_, response) => {
      closed = once(response, 'close')
      response.writeHead(200, { 'content-length': 100 * MIB })
      response.write(Buffer.alloc(MIB))
    })
    const rig = await rigOf(t, { upstreamPort })
    const connection = open(t, rig).write(signedHead(rig, { method: 'GET', length: 0 }))
    await connection.until(/\r\n\r\n/)
    connection.destroy()
    await closed
    t.match(await audited(rig), { reason: 'client-gone', operation: 'GetObject', status: 200 })
    const errors = await rig.metrics.registry.getSingleMetricAsString(
      'sealgate_upstream_errors_total',
    )
    t.notMatch(errors, /"aborted"\} [1-9]/, 'S3 is not to blame')
  },
)

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { becomes, exchangeOctets } from '../support/raw-socket.ts'
import { type Rig, startRig } from '../support/rig.ts'

/*
 * An S3 that answers what no S3 should: nothing of it ends the process, leaves a request open, or
 * reaches the client as something that it is not.
 */

const ANONYMOUS = `
  - name: sidecar
    anonymous: true
    buckets: ['*']`

/** A rig before a server that answers each request (body included) with these octets. */
async function startBefore(
  t: Test,
  answer: (request: string) => string | undefined,
): Promise<{ readonly rig: Rig; readonly s3: Server }> {
  const s3 = createServer((socket) => {
    socket.on('error', () => undefined)
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      for (;;) {
        const end = text.indexOf('\r\n\r\n')
        const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
        if (end === -1 || text.length < end + 4 + length) return
        const request = text.slice(0, end + 4 + length)
        text = text.slice(request.length)
        const octets = answer(request)
        if (octets === undefined) socket.destroy()
        else socket.write(Buffer.from(octets, 'latin1'))
      }
    })
  })
  await new Promise<void>((resolve) => s3.listen(0, '127.0.0.1', resolve))
  t.teardown(() => s3.close())
  const address = s3.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const rig = await startRig({
    clients: ANONYMOUS,
    upstreamPort: address.port,
    upstream: '  headersTimeout: 1s',
    more: 'limits: { bodyIdle: 1s }',
  })
  t.teardown(() => rig.close())
  return { rig, s3 }
}

const GOOD = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const SPLIT = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\nx-from: split\r\n\r\nsplit!'

/** Answers to GET, and what the client may get. */
const ANSWERS: readonly (readonly [name: string, octets: string | undefined, allowed: RegExp])[] = [
  ['nothing', undefined, /^50\d /],
  ['no HTTP', 'hello\r\n\r\n', /^502 /],
  ['half a head', 'HTTP/1.1 200 OK\r\nConten', /^50[24] /],
  ['100, then a good one', `HTTP/1.1 100 Continue\r\n\r\n${GOOD}`, /^200 .*ok$/s],
  ['103, then a good one', `HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n${GOOD}`, /^200 .*ok$/s],
  ['101', 'HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nraw', /^50\d /],
  ['status 000', `HTTP/1.1 000 Zero\r\nContent-Length: 0\r\n\r\n`, /^50\d /],
  ['status 99', `HTTP/1.1 99 Ninety\r\nContent-Length: 0\r\n\r\n`, /^50\d /],
  ['status 600', 'HTTP/1.1 600 X\r\nContent-Length: 2\r\n\r\nok', /^(600|502) /],
  ['status 999', 'HTTP/1.1 999 X\r\nContent-Length: 2\r\n\r\nok', /^(999|502) /],
  [
    '204 with a body',
    `HTTP/1.1 204 No\r\nContent-Length: 6\r\n\r\nsplit!`,
    /^(204|502) (?!.*split)/s,
  ],
  ['204 with another answer', `HTTP/1.1 204 No\r\n\r\n${SPLIT}`, /^(204|502) (?!.*split)/s],
  [
    '304 with a body',
    `HTTP/1.1 304 No\r\nContent-Length: 6\r\n\r\nsplit!`,
    /^(304|502) (?!.*split!)/s,
  ],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok!', /^502 /],
  [
    'length and chunks',
    `HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`,
    /^502 /,
  ],
  ['a negative length', 'HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok', /^502 /],
  ['more than its length', `${GOOD}more`, /^200 .*ok$/s],
  ['two answers', `${GOOD}${SPLIT}`, /^200 .*ok$/s],
  ['a control character', 'HTTP/1.1 200 OK\r\nx-a: \x01\r\nContent-Length: 2\r\n\r\nok', /^502 /],
  [
    'octets beyond ASCII',
    'HTTP/1.1 200 OK\r\nx-amz-meta-a: \xc3\xa4\xff\r\nContent-Length: 2\r\n\r\nok',
    /^200 .*\xc3\xa4\xff.*ok$/s,
  ],
  [
    'a folded field',
    'HTTP/1.1 200 OK\r\nx-a: a\r\n b\r\nContent-Length: 2\r\n\r\nok',
    /^(200 |502 )/,
  ],
  ['a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok', /^(200 |502 )/],
  [
    'a bare CR in a value',
    'HTTP/1.1 200 OK\r\nx-a: b\rset-cookie: c\r\nContent-Length: 2\r\n\r\nok',
    /^502 /,
  ],
  ['a head of 1 MiB', `HTTP/1.1 200 OK\r\nx-a: ${'a'.repeat(1 << 20)}\r\n\r\n`, /^502 /],
  [
    'hop-by-hop fields',
    `HTTP/1.1 200 OK\r\nConnection: x-hop, content-length\r\nx-hop: 1\r\nKeep-Alive: max=9\r\nContent-Length: 2\r\n\r\nok`,
    /^200 (?!.*x-hop).*ok/s,
  ],
  [
    'trailers',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-a\r\n\r\n2\r\nok\r\n0\r\nx-a: b\r\n\r\n',
    /^200 .*ok/s,
  ],
  [
    'a broken chunk',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nZZ\r\n',
    /^(502 |200 (?!.*\r\n0\r\n))/s,
  ],
  ['no end', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok', /^(502 |504 |200 )/],
  [
    'a redirect past us',
    'HTTP/1.1 302 Found\r\nLocation: https://evil.example/\r\nContent-Length: 0\r\n\r\n',
    /^502 (?!.*evil)/s,
  ],
  [
    'a redirect with a document',
    `HTTP/1.1 301 Moved\r\nContent-Length: 91\r\n\r\n${'<Error><Code>PermanentRedirect</Code><Endpoint>evil.example</Endpoint></Error>'.padEnd(91)}`,
    /^502 (?!.*evil)/s,
  ],
  [
    '400 without end',
    'HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n',
    /^50\d /,
  ],
  [
    '400 with 2 MiB',
    `HTTP/1.1 400 Bad\r\nContent-Length: ${2 << 20}\r\n\r\n${'a'.repeat(2 << 20)}`,
    /^502 /,
  ],
]

t.test(
  'whatever S3 answers to GET, the client gets one answer, and the next request is served',
  async (t) => {
    let octets: string | undefined
    const { rig } = await startBefore(t, () => octets)
    let count = 0
    for (const [name, wire, allowed] of ANSWERS) {
      octets = wire
      const answer = await exchangeOctets(
        rig.port,
        'GET /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
      )
      count++
      t.match(answer.slice('HTTP/1.1 '.length), allowed, name)
      t.equal(answer.match(/HTTP\/1\.1 /g)?.length ?? 0, 1, `${name}: one answer`)
      t.ok(await becomes(() => rig.metrics.inflight === 0), `${name}: has ended`)
    }
    octets = GOOD
    const after = await exchangeOctets(
      rig.port,
      'GET /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
    )
    t.match(after, /ok$/)
    const lines = await rig.audit()
    t.equal(lines.length, count + 1)
    t.notOk(lines.some(({ reason }) => reason === 'internal-error'))
  },
)

/** How an answer of 70,000 octets may end with its connection, and what the client then has of it. */
const ENDS: readonly (readonly [name: string, length: string, cut: boolean, octets: number])[] = [
  ['whole by its length', 'Content-Length: 70000\r\n', false, 70_000],
  ['whole by the end alone', '', false, 70_000],
  ['short of its length', 'Content-Length: 70001\r\n', false, 0],
  ['reset short of its length', 'Content-Length: 70001\r\n', true, 0],
  ['reset, without a length', '', true, 0],
]

t.test('what is no HTTP may be of an object, and does not get into the log', async (t) => {
  const { rig } = await startBefore(
    t,
    () => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ${'object'.repeat(1000)}`,
  )
  const get = 'GET /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'
  t.match(await exchangeOctets(rig.port, get), /^HTTP\/1.1 502 /)
  t.match(rig.log(), /HTTPParserError/)
  t.notMatch(rig.log(), 'objectobject')
})

t.test('an answer ends with its connection while the client holds it back', async (t) => {
  const half = Buffer.alloc(35_000, 0x61)
  for (const [name, length, cut, octets] of ENDS) {
    let first: Socket | undefined
    let ended = false
    const s3 = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', async (head) => {
        if (head.includes('/bucket/first')) {
          first = socket
          return
        }
        // In two reads, the second of which is one too many for a client that waits for `first`.
        socket.write(`HTTP/1.1 200 OK\r\nConnection: close\r\n${length}\r\n`)
        socket.write(half)
        await pause()
        socket.write(half)
        await pause()
        if (cut) socket.resetAndDestroy()
        else socket.end()
        await pause()
        ended = true
      })
    })
    await new Promise<void>((resolve) => s3.listen(0, '127.0.0.1', resolve))
    t.teardown(() => s3.close())
    const { port } = s3.address() as AddressInfo
    const rig = await startRig({ clients: ANONYMOUS, upstreamPort: port })
    t.teardown(() => rig.close())
    const get = (key: string) => `GET /bucket/${key} HTTP/1.1\r\nHost: 127.0.0.1\r\n`
    const answers = exchangeOctets(
      rig.port,
      `${get('first')}\r\n${get('second')}Connection: close\r\n\r\n`,
    )
    t.ok(await becomes(() => ended && first !== undefined), name)
    first?.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nfirst')
    const text = await answers
    t.match(text, /^HTTP\/1.1 200 .*first/s, name)
    t.equal(text.match(/a{1000}/g)?.length ?? 0, octets / 1000, name)
    t.ok(await becomes(() => rig.metrics.inflight === 0), `${name}: has ended`)
  }
})

/** Node hears of a reset that comes together with octets as of an orderly end. */
for (const [name, between] of [
  ['after its octets', pause],
  ['together with its octets', async () => undefined],
] as const) {
  t.test(`an answer without a length that is reset ${name} does not look whole`, async (t) => {
    const s3 = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.once('data', async () => {
        socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf of an ')
        await pause()
        socket.write('object')
        await between()
        socket.resetAndDestroy()
      })
    })
    await new Promise<void>((resolve) => s3.listen(0, '127.0.0.1', resolve))
    t.teardown(() => s3.close())
    const { port } = s3.address() as AddressInfo
    const rig = await startRig({ clients: ANONYMOUS, upstreamPort: port })
    t.teardown(() => rig.close())
    const text = await exchangeOctets(
      rig.port,
      'GET /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
    )
    t.match(text, /half of an /)
    t.notMatch(text, /\r\n0\r\n/, 'the last chunk never comes')
    t.ok(await becomes(() => rig.log().includes('"by":"upstream"')))
  })
}

/** Long enough for what was sent to be read. */
function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 50))
}

t.test("a body after the head of HEAD is nobody else's answer", async (t) => {
  const { rig } = await startBefore(t, (request) =>
    request.startsWith('HEAD')
      ? `HTTP/1.1 200 OK\r\nContent-Length: ${SPLIT.length}\r\n\r\n${SPLIT}`
      : GOOD,
  )
  const close = 'Host: 127.0.0.1\r\nConnection: close\r\n\r\n'
  for (let i = 0; i < 5; i++) {
    const head = await exchangeOctets(rig.port, `HEAD /bucket/k HTTP/1.1\r\n${close}`)
    t.notMatch(head, 'split!')
    const get = await exchangeOctets(rig.port, `GET /bucket/k HTTP/1.1\r\n${close}`)
    t.notMatch(get, 'x-from: split')
  }
})

t.test('uploads: what S3 says before it has the body is no success', async (t) => {
  const wanted = `x-amz-server-side-encryption: aws:kms\r\n`
  const { rig } = await startBefore(t, (request) => {
    if (request.startsWith('HEAD')) return 'HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n'
    return `HTTP/1.1 200 OK\r\n${wanted}Content-Length: 0\r\n\r\n`
  })
  const put = await exchangeOctets(
    rig.port,
    'PUT /bucket/k HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx',
  )
  t.match(put, /^HTTP\/1.1 501 .*encryption-not-confirmed/s, 'another key, or none')
})

import t, { type Test } from 'tap'
import { exchangeOctets } from '../support/raw-socket.ts'
import { send } from '../support/signed-request.ts'
import { type Rig, startProxy } from './rig.ts'
import { startRawStandIn } from './stand-in.ts'

/*
 * What RFC 9110 and RFC 9112 let a server answer, section by section, and what the client gets of it:
 * the same answer, in the framing of its own connection. What they forbid is 502, or is mended where
 * they say how.
 */

/** An answer as the server sends it: its segments, and whether the connection ends after them. */
interface Wire {
  readonly segments: readonly string[]
  readonly closes: boolean
}

interface Row {
  readonly name: string
  readonly wire: Wire
  readonly method?: 'HEAD'
  readonly status: number
  /** What the client gets of the body. Default: `hello` for 200. */
  readonly body?: string
  /** Lines that the client's head has, as they are. */
  readonly has?: readonly string[]
  /** What its head does not have. */
  readonly hasNot?: RegExp
}

const BODY = 'hello'

/** With the word that the connection is not used again. */
const CLOSING = `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\n${BODY}`
const OK = `HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n${BODY}`

/** Sent as one segment, or as those given, on a connection that stays. */
function keeps(...segments: readonly string[]): Wire {
  return { segments, closes: false }
}

/** The connection ends after it. */
function closes(...segments: readonly string[]): Wire {
  return { segments, closes: true }
}

/** A head of these lines and what follows it. */
function http(statusLine: string, fields: readonly string[], rest = ''): string {
  return `${[statusLine, ...fields].join('\r\n')}\r\n\r\n${rest}`
}

function ok(fields: readonly string[], rest: string = BODY): string {
  return http('HTTP/1.1 200 OK', fields, rest)
}

const LENGTH = 'Content-Length: 5'
const CHUNKED = 'Transfer-Encoding: chunked'
const CHUNKS = '2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n'

const INTERIM: readonly Row[] = [
  ...[100, 102, 103, 104, 110, 199].flatMap((status): readonly Row[] => {
    const interim = http(`HTTP/1.1 ${status} Interim`, ['Link: </a>; rel=preload'])
    return [
      { name: `${status}, in one segment`, wire: keeps(interim + OK), status: 200 },
      { name: `${status}, apart`, wire: keeps(interim, OK), status: 200 },
      { name: `${status}, three of them`, wire: keeps(interim.repeat(3) + OK), status: 200 },
      {
        name: `${status} without fields, in a segment for each byte`,
        wire: keeps(...`HTTP/1.1 ${status} Interim\r\n\r\n`, OK),
        status: 200,
      },
      {
        name: `${status} before an answer without a body`,
        wire: keeps(interim + http('HTTP/1.1 204 No Content', [])),
        status: 204,
        body: '',
      },
    ]
  }),
  {
    name: '100 and 103 in turn',
    wire: keeps(
      `${http('HTTP/1.1 100 Continue', [])}${http('HTTP/1.1 103 Early Hints', ['Link: a'])}HTTP/1.1 10`,
      `0 Continue\r\n\r\n${OK}`,
    ),
    status: 200,
    hasNot: /Link/i,
  },
  { name: '100 without a phrase', wire: keeps(`HTTP/1.1 100 \r\n\r\n${OK}`), status: 200 },
  // HTTP/1.0 has none (RFC 9110 section 15.2): it is an answer without a body, of an odd status.
  { name: '100 of HTTP/1.0', wire: keeps(`HTTP/1.0 100 Continue\r\n\r\n${OK}`), status: 502 },
  {
    name: '100 to HEAD',
    wire: keeps(`HTTP/1.1 100 Continue\r\n\r\n${ok([LENGTH], '')}`),
    method: 'HEAD',
    status: 200,
    body: '',
    has: [LENGTH],
  },
  {
    name: 'a body that looks like a 100',
    wire: keeps(ok(['Content-Length: 25'], 'HTTP/1.1 100 Continue\r\n\r\n')),
    status: 200,
    body: 'HTTP/1.1 100 Continue\r\n\r\n',
  },
  {
    name: 'a hundred',
    wire: keeps('HTTP/1.1 100 Continue\r\n\r\n'.repeat(100) + OK),
    status: 200,
  },
  {
    name: 'a hundred and one',
    wire: keeps('HTTP/1.1 100 Continue\r\n\r\n'.repeat(101) + OK),
    status: 502,
  },
  { name: '100 and then the end', wire: closes('HTTP/1.1 100 Continue\r\n\r\n'), status: 502 },
  {
    name: '101, which nobody asked for',
    wire: keeps(http('HTTP/1.1 101 Switching Protocols', []) + OK),
    status: 502,
  },
  {
    name: '101 with a protocol',
    wire: keeps(
      http('HTTP/1.1 101 Switching Protocols', ['Connection: upgrade', 'Upgrade: h2c']) + OK,
    ),
    status: 502,
  },
]

/** RFC 9110 sections 6.4.1, 8.6 and 15, RFC 9112 section 6.3: where there is no body. */
const BODILESS: readonly Row[] = [
  ...[LENGTH, 'Content-Length: 0', CHUNKED].flatMap((framing): readonly Row[] => [
    {
      name: `304 with ${framing}`,
      wire: keeps(http('HTTP/1.1 304 Not Modified', ['ETag: "x"', framing])),
      status: 304,
      body: '',
      has: ['ETag: "x"', ...(framing === CHUNKED ? [] : [framing])],
      hasNot: /transfer-encoding/i,
    },
    {
      name: `304 with ${framing}, closed`,
      wire: closes(http('HTTP/1.1 304 Not Modified', ['Connection: close', framing])),
      status: 304,
      body: '',
    },
    {
      name: `204 with ${framing}`,
      wire: keeps(http('HTTP/1.1 204 No Content', [framing])),
      status: 204,
      body: '',
      hasNot: /content-length|transfer-encoding/i,
    },
    {
      name: `HEAD with ${framing}`,
      wire: keeps(ok([framing], '')),
      method: 'HEAD',
      status: 200,
      body: '',
      has: framing === CHUNKED ? [] : [framing],
    },
    {
      name: `HEAD with 304 and ${framing}`,
      wire: keeps(http('HTTP/1.1 304 Not Modified', [framing])),
      method: 'HEAD',
      status: 304,
      body: '',
    },
    {
      name: `HEAD with ${framing}, closed`,
      wire: closes(ok(['Connection: close', framing], '')),
      method: 'HEAD',
      status: 200,
      body: '',
    },
  ]),
  { name: '304 bare', wire: keeps('HTTP/1.1 304 Not Modified\r\n\r\n'), status: 304, body: '' },
  { name: '204 bare', wire: keeps('HTTP/1.1 204 No Content\r\n\r\n'), status: 204, body: '' },
  { name: 'HEAD bare', wire: keeps(ok([], '')), method: 'HEAD', status: 200, body: '' },
  {
    name: 'HEAD with a length beyond 4 GiB',
    wire: keeps(ok(['Content-Length: 5497558138880'], '')),
    method: 'HEAD',
    status: 200,
    body: '',
    has: ['Content-Length: 5497558138880'],
  },
  {
    name: '205 with a length',
    wire: keeps(http('HTTP/1.1 205 Reset Content', ['Content-Length: 0'])),
    status: 205,
    body: '',
  },
  {
    name: '205 in chunks',
    wire: keeps(http('HTTP/1.1 205 Reset Content', [CHUNKED], '0\r\n\r\n')),
    status: 205,
    body: '',
  },
  {
    name: '205 that ends with its connection',
    wire: closes(http('HTTP/1.1 205 Reset Content', [])),
    status: 205,
    body: '',
  },
]

/** RFC 9112 sections 6 and 7. */
const FRAMING: readonly Row[] = [
  { name: 'a length', wire: keeps(ok([LENGTH])), status: 200, has: [LENGTH] },
  { name: 'a length of zero', wire: keeps(ok(['Content-Length: 0'], '')), status: 200, body: '' },
  { name: 'a length with zeros before it', wire: keeps(ok(['Content-Length: 0005'])), status: 200 },
  {
    name: 'a length and a body in pieces',
    wire: keeps(ok([LENGTH], 'h'), 'ell', 'o'),
    status: 200,
  },
  { name: 'a head in pieces', wire: keeps(...OK), status: 200 },
  { name: 'chunks', wire: keeps(ok([CHUNKED], CHUNKS)), status: 200 },
  { name: 'chunks in pieces', wire: keeps(...ok([CHUNKED], CHUNKS)), status: 200 },
  {
    name: 'chunks, case of its name',
    wire: keeps(ok(['TRANSFER-encoding: Chunked'], CHUNKS)),
    status: 200,
  },
  {
    name: 'chunk extensions',
    wire: keeps(ok([CHUNKED], '5;a=b;c="d e";f\r\nhello\r\n0;last\r\n\r\n')),
    status: 200,
  },
  {
    name: 'chunk sizes with zeros',
    wire: keeps(ok([CHUNKED], '0005\r\nhello\r\n000\r\n\r\n')),
    status: 200,
  },
  {
    name: 'trailers are left out',
    wire: keeps(ok([CHUNKED, 'Trailer: x-amz-late'], '5\r\nhello\r\n0\r\nx-amz-late: 1\r\n\r\n')),
    status: 200,
    hasNot: /trailer|late/i,
  },
  { name: 'the end of the connection', wire: closes(ok([])), status: 200 },
  { name: 'the end of the connection, in pieces', wire: closes(ok([], 'he'), 'llo'), status: 200 },
  {
    name: 'the end of the connection, nothing before it',
    wire: closes(ok([], '')),
    status: 200,
    body: '',
  },
  {
    name: 'Connection: close and a length',
    wire: closes(ok(['Connection: close', LENGTH])),
    status: 200,
  },
  {
    name: 'Connection: close and chunks',
    wire: closes(ok(['Connection: close', CHUNKED], CHUNKS)),
    status: 200,
  },
  {
    name: 'Connection: close that stays open',
    wire: keeps(ok(['Connection: close', LENGTH])),
    status: 200,
  },
  {
    name: 'HTTP/1.0 with a length',
    wire: closes(`HTTP/1.0 200 OK\r\n${LENGTH}\r\n\r\n${BODY}`),
    status: 200,
  },
  { name: 'HTTP/1.0 without one', wire: closes(`HTTP/1.0 200 OK\r\n\r\n${BODY}`), status: 200 },
  {
    name: 'HTTP/1.0 that is kept',
    wire: keeps(`HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n${LENGTH}\r\n\r\n${BODY}`),
    status: 200,
  },
  // RFC 9110 section 8.6 lets a recipient refuse these two.
  { name: 'a list of the same length', wire: keeps(ok(['Content-Length: 5, 5'])), status: 502 },
  { name: 'the same length twice', wire: keeps(ok([LENGTH, LENGTH])), status: 502 },
  { name: 'two lengths', wire: keeps(ok([LENGTH, 'Content-Length: 6'])), status: 502 },
  { name: 'a length and chunks', wire: keeps(ok([LENGTH, CHUNKED], CHUNKS)), status: 502 },
  ...['-5', '+5', '5x', '0x5', '5.0', ''].map((length) => ({
    name: `the length ${JSON.stringify(length)}`,
    wire: keeps(ok([`Content-Length: ${length}`])),
    status: 502,
  })),
  ...['gzip, chunked', 'gzip', 'identity', 'chunked, chunked', 'chunked, gzip', 'xchunked'].map(
    (coding) => ({
      name: `the transfer coding ${coding}`,
      wire: closes(ok([`Transfer-Encoding: ${coding}`], CHUNKS)),
      status: 502,
    }),
  ),
  {
    name: 'two fields of a transfer coding',
    wire: keeps(ok(['Transfer-Encoding: gzip', CHUNKED], CHUNKS)),
    status: 502,
  },
]

/** RFC 9110 section 5, RFC 9112 sections 4 and 5. */
const FIELDS: readonly Row[] = [
  ...['OK', '', 'All is well', 'Tr\xe8s bien', 'a\tb', '200 OK'].map((phrase) => ({
    name: `the reason phrase ${JSON.stringify(phrase)}`,
    wire: keeps(http(`HTTP/1.1 200 ${phrase}`, [LENGTH], BODY)),
    status: 200,
  })),
  {
    name: 'no space behind the status',
    wire: keeps(http('HTTP/1.1 200', [LENGTH], BODY)),
    status: 200,
  },
  ...[226, 299, 404, 418, 499, 503, 599, 600, 999].map((status) => ({
    name: `status ${status}`,
    wire: keeps(http(`HTTP/1.1 ${status} X`, [LENGTH], BODY)),
    status,
    body: BODY,
  })),
  {
    name: 'names in the spelling that S3 gives them, and in its order',
    wire: keeps(
      ok(['x-amz-ID-2: a', 'ETag: "e"', 'LAST-MODIFIED: b', 'x-AMZ-Meta-Colour: c', LENGTH]),
    ),
    status: 200,
    has: ['x-amz-ID-2: a', 'ETag: "e"', 'LAST-MODIFIED: b', 'x-AMZ-Meta-Colour: c', LENGTH],
  },
  {
    name: 'several fields of a name',
    wire: keeps(
      ok(['Vary: Origin', 'x-a: 1', 'vary: Accept', 'Set-Cookie: a=b', 'Set-Cookie: c', LENGTH]),
    ),
    status: 200,
    has: ['Vary: Origin', 'vary: Accept', 'Set-Cookie: a=b', 'Set-Cookie: c'],
  },
  {
    name: 'space around a value, and none',
    wire: keeps(ok(['x-a: \t 1 \t', 'x-b:2', 'x-c:', 'x-d: in  it', LENGTH])),
    status: 200,
    has: ['x-a: 1', 'x-b: 2', 'x-c: ', 'x-d: in  it'],
  },
  ...['Content-Disposition', 'x-amz-meta-name', 'Cache-Control', 'Content-Type', 'ETag'].flatMap(
    (name) =>
      [
        'attachment; filename="\xfc.txt"',
        '\xc3\xbc\xe6\x97\xa5\xe2\x80\x93',
        '\x80\xff',
        'a\tb',
      ].flatMap((value): readonly Row[] => [
        {
          name: `${name}: ${JSON.stringify(value)} before the length`,
          wire: keeps(ok([`${name}: ${value}`, LENGTH])),
          status: 200,
          has: [`${name}: ${value}`],
        },
        {
          name: `${name}: ${JSON.stringify(value)} behind the length`,
          wire: keeps(ok([LENGTH, `${name}: ${value}`])),
          status: 200,
          has: [`${name}: ${value}`],
        },
        {
          name: `${name}: ${JSON.stringify(value)} behind the length, to HEAD`,
          wire: keeps(ok([LENGTH, `${name}: ${value}`], '')),
          method: 'HEAD',
          status: 200,
          body: '',
          has: [`${name}: ${value}`],
        },
        {
          name: `${name}: ${JSON.stringify(value)} without a body`,
          wire: keeps(http('HTTP/1.1 304 Not Modified', [LENGTH, `${name}: ${value}`])),
          status: 304,
          body: '',
          has: [`${name}: ${value}`],
        },
      ]),
  ),
  {
    name: 'fields of one connection',
    wire: keeps(
      ok([
        ...['Connection: keep-alive, X-Hop', 'x-hop: 1', 'Connection: x-other', 'X-Other: 2'],
        ...['Keep-Alive: timeout=5', 'Proxy-Authenticate: Basic', 'Upgrade: h2c', LENGTH],
      ]),
    ),
    status: 200,
    hasNot: /x-hop|x-other|proxy-authenticate|upgrade|timeout=5/i,
  },
  {
    name: 'words of ours',
    wire: keeps(ok(['X-Sealgate-Reason: a', 'x-sealgate-request-id: b', LENGTH])),
    status: 200,
    hasNot: /sealgate-reason|request-id: b\r/i,
  },
  // RFC 9112 section 5.2: replaced with spaces, or 502.
  { name: 'a folded field', wire: keeps(ok(['x-a: a', '  b', LENGTH])), status: 502 },
  // RFC 9112 section 5.1
  { name: 'space before the colon', wire: keeps(ok(['x-a : a', LENGTH])), status: 502 },
  { name: 'a name that is no token', wire: keeps(ok(['x a: a', LENGTH])), status: 502 },
  { name: 'a line without a colon', wire: keeps(ok(['x-a', LENGTH])), status: 502 },
  { name: 'an empty name', wire: keeps(ok([': a', LENGTH])), status: 502 },
  { name: 'bare LFs', wire: keeps(OK.replaceAll('\r', '')), status: 502 },
  {
    name: 'HTTP/2.0, read as 1.1',
    wire: keeps(http('HTTP/2.0 200 OK', [LENGTH], BODY)),
    status: 200,
  },
  {
    name: 'a status of two digits',
    wire: keeps(http('HTTP/1.1 20 OK', [LENGTH], BODY)),
    status: 502,
  },
  { name: 'a status of four', wire: keeps(http('HTTP/1.1 2000 OK', [LENGTH], BODY)), status: 502 },
  { name: 'no HTTP', wire: closes('hello'), status: 502 },
]

/** One connection of its own for each row, and a proxy for all of them. */
async function startBefore(t: Test, wireOf: () => Wire): Promise<Rig> {
  const s3 = await startRawStandIn((socket) => {
    socket.setNoDelay(true)
    socket.on('data', async () => {
      const { segments, closes } = wireOf()
      for (const segment of segments) {
        if (socket.destroyed) return
        socket.write(Buffer.from(segment, 'latin1'))
        if (segments.length > 1) await new Promise((resolve) => setImmediate(resolve))
      }
      if (closes) socket.end()
    })
  })
  const rig = await startProxy({
    endpoint: `http://127.0.0.1:${s3.port}`,
    clients: `  - { name: sidecar, anonymous: true, buckets: ['*'] }`,
    upstream: '  headersTimeout: 2s',
  })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  return rig
}

/** The answer's head, and its body out of its framing; undefined: it is not whole. */
function readAnswer(text: string): { readonly head: readonly string[]; readonly body?: string } {
  const end = text.indexOf('\r\n\r\n')
  const head = text.slice(0, end).split('\r\n')
  const rest = text.slice(end + 4)
  const isChunked = head.some((line) => /^transfer-encoding: chunked$/i.test(line))
  if (!isChunked) return { head, body: rest }
  if (!rest.endsWith('0\r\n\r\n')) return { head }
  return { head, body: rest.slice(0, -5).replaceAll(/[0-9a-f]+\r\n(.*?)\r\n/gs, '$1') }
}

for (const [title, rows] of Object.entries({
  'informational answers': INTERIM,
  'answers without a body': BODILESS,
  framing: FRAMING,
  'status lines and fields': FIELDS,
})) {
  t.test(title, async (t) => {
    let wire = keeps(OK)
    const rig = await startBefore(t, () => wire)
    for (const row of rows) {
      wire = row.wire
      const text = await exchangeOctets(
        rig.port,
        `${row.method ?? 'GET'} /bucket/key HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
      )
      const { head, body } = readAnswer(text)
      t.match(head[0], new RegExp(`^HTTP/1\\.1 ${row.status} `), row.name)
      if (row.status !== 502) t.equal(body, row.body ?? BODY, row.name)
      for (const line of row.has ?? []) t.ok(head.includes(line), `${row.name}: ${line}`)
      if (row.hasNot !== undefined) t.notMatch(head.join('\n'), row.hasNot, row.name)
    }
  })
}

t.test('a 100 to an upload that did not ask for it', async (t) => {
  const s3 = await startRawStandIn((socket) => {
    let text = ''
    socket.once('data', () => socket.write('HTTP/1.1 100 Continue\r\n\r\n'))
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
      const bytes = Number(/content-length: (\d+)/.exec(text)?.[1])
      if (text.length === text.indexOf('\r\n\r\n') + 4 + bytes) socket.end(CLOSING)
    })
  })
  const rig = await startProxy({ endpoint: `http://127.0.0.1:${s3.port}` })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  for (const bytes of [1, 200_000]) {
    const answer = await send(rig.port, {
      method: 'PUT',
      path: '/bucket/key',
      body: Buffer.alloc(bytes),
    })
    t.match(answer, { status: 200, text: BODY }, `${bytes} bytes`)
  }
})

import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { decideEncryption } from '../../src/policy/decide.ts'
import { confirm, encryptionIn, type Findings } from '../../src/proxy/confirm.ts'
import type { Exchange } from '../../src/proxy/exchange.ts'
import type { Generation } from '../../src/proxy/generation.ts'
import { refuseLate } from '../../src/proxy/refuse.ts'
import { relay } from '../../src/proxy/relay.ts'
import { answerHead, UpstreamAnswer } from '../../src/upstream/upstream-answer.ts'
import { generationOf } from '../support/generation-of.ts'
import { KEY_ARN } from '../support/load-config.ts'
import { exchangeOf, IDLE_MS } from './exchange-of.ts'

const SSE = 'x-amz-server-side-encryption'
const UNDER_KEY = [SSE, 'aws:kms', `${SSE}-aws-kms-key-id`, KEY_ARN]
const UNDER_OTHER = [SSE, 'aws:kms', `${SSE}-aws-kms-key-id`, `${KEY_ARN}0`]
const PUT = 'PUT /bucket/k'
const GET = 'GET /bucket/k'
const SOURCE = 'x-amz-copy-source: bucket/j\r\n'
const PART = 'PUT /bucket/k?partNumber=1&uploadId=u'

interface Answered {
  readonly request: string
  /** Lines of its head. */
  readonly fields?: string
  readonly status?: number
  readonly headers: readonly string[]
  readonly body?: string
  readonly policy?: object
  readonly upstreamPort?: number
}

/** Runs the step on an answer of S3's; what became of it, and of the exchange. */
async function confirmed(t: Test, answered: Answered) {
  const { generation, exchange, parsed, decision } = await prepared(t, answered)
  const { status = 200, headers, body = '' } = answered
  const answer = new UpstreamAnswer()
  let aborted = false
  answer.onConnect(() => {
    aborted = true
  })
  if (body !== '') answer.onData(Buffer.from(body))
  answer.onComplete()
  const forwarded = { head: answerHead(status, headers), answer }
  const step = await confirm(contextOf(generation, exchange), parsed, decision, forwarded)
  if (step.kind === 'late') throw new Error('late')
  const { answer: result, findings } = step
  const verdict = result.ok ? 'passes' : `${result.error.code} ${result.error.reason}`
  const { confirmation, read: readEncryption, encryption: confirmedEncryption } = findings
  const isSame = result.ok && result.value === forwarded
  return { verdict, aborted, confirmation, readEncryption, confirmedEncryption, isSame }
}

function contextOf(generation: Generation, { cancellation }: Exchange) {
  const { confirmation: consequence } = generation.config.policy
  return { upstream: generation.upstream, asker: { credentials: 'app', cancellation }, consequence }
}

/** The step's other inputs, and the client's side of the exchange. */
async function prepared(
  t: Test,
  answered: Pick<Answered, 'request' | 'fields' | 'policy' | 'upstreamPort'>,
) {
  const { request, fields = '', policy, upstreamPort } = answered
  const generation = await generationOf(t, policy, upstreamPort)
  const { exchange, parsed, raw } = await exchangeOf(
    t,
    `${request} HTTP/1.1\r\nhost: h\r\n${fields}\r\n`,
  )
  if (parsed === undefined) throw new Error('not parsed')
  const decision = decideEncryption(generation.config.policy, {
    operation: parsed.operation,
    method: parsed.method,
    client: 'app',
    bucket: parsed.resource.bucket,
    key: parsed.resource.key,
    requested: parsed.requestedEncryption,
    isAppend: false,
    nowMs: 0,
  })
  if (decision.kind === 'deny') throw new Error(decision.error.reason)
  return { generation, exchange, parsed, decision, raw }
}

const REPORT = { confirmation: 'report' }
const DENY = { reads: { unencrypted: 'deny' } }
const EXEMPT = { rules: [{ name: 'x', match: { buckets: ['bucket'] }, exempt: 'reason' }] }

/** S3's error document of a 501. */
function lacking(said: string): string {
  return `<?xml version="1.0"?>\n<Error><Code>NotImplemented</Code>${said}<RequestId>r</RequestId></Error>`
}

const TABLE: readonly (readonly [name: string, answered: Answered, found: object])[] = [
  [
    'an upload under the key',
    { request: PUT, headers: UNDER_KEY },
    { verdict: 'passes', confirmation: 'confirmed', isSame: true },
  ],
  [
    'an upload under another key',
    { request: PUT, headers: UNDER_OTHER },
    {
      verdict: 'EncryptionNotConfirmed encryption-not-confirmed',
      confirmation: 'mismatched',
      aborted: true,
    },
  ],
  [
    'an upload under another key, where that is reported',
    { request: PUT, headers: UNDER_OTHER, policy: REPORT },
    { verdict: 'passes', confirmation: 'mismatched', aborted: false, isSame: true },
  ],
  [
    'an upload under AES256',
    { request: PUT, headers: [SSE, 'AES256'] },
    {
      verdict: 'EncryptionNotConfirmed encryption-not-confirmed',
      confirmedEncryption: { algorithm: 'AES256' },
    },
  ],
  [
    'an upload that failed',
    { request: PUT, status: 503, headers: [] },
    { verdict: 'passes', confirmation: undefined, isSame: true },
  ],
  [
    '501 for the encryption, as Swift says it',
    {
      request: PUT,
      status: 501,
      headers: [],
      body: lacking('<Message>Server-side encryption is not supported.</Message>'),
    },
    { verdict: 'NotImplemented upstream-lacks-sse-kms', confirmation: undefined },
  ],
  [
    '501 for the header, as S3 names one',
    {
      request: PUT,
      status: 501,
      headers: [],
      body: lacking(`<Message>A header you provided implies …</Message><Header>${SSE}</Header>`),
    },
    { verdict: 'NotImplemented upstream-lacks-sse-kms' },
  ],
  [
    '501 to a copy that says nothing, as Ceph RGW does',
    { request: PUT, fields: SOURCE, status: 501, headers: [], body: lacking('') },
    { verdict: 'NotImplemented upstream-lacks-sse-kms' },
  ],
  [
    '501 that is no document',
    { request: PUT, status: 501, headers: [], body: 'no' },
    { verdict: 'NotImplemented upstream-lacks-sse-kms' },
  ],
  [
    '501 for something else',
    {
      request: PUT,
      status: 501,
      headers: [],
      body: lacking('<Message>A header …</Message><Header>x-amz-object-lock-mode</Header>'),
    },
    { verdict: 'passes' },
  ],
  [
    '501 to an upload whose encryption is its own',
    { request: PUT, status: 501, headers: [], body: lacking(''), policy: EXEMPT },
    { verdict: 'passes', isSame: true },
  ],
  [
    '501 to a read',
    { request: GET, status: 501, headers: [], body: lacking('') },
    { verdict: 'passes', isSame: true },
  ],
  [
    'a redirect',
    { request: PUT, status: 307, headers: [] },
    { verdict: 'passes', confirmation: undefined },
  ],
  [
    'an exempt upload',
    { request: PUT, headers: [], policy: EXEMPT },
    { verdict: 'passes', confirmation: undefined },
  ],
  [
    'a part under the key',
    { request: PART, headers: UNDER_KEY },
    { verdict: 'passes', confirmation: 'confirmed' },
  ],
  [
    'a part under another key',
    { request: PART, headers: UNDER_OTHER },
    { verdict: 'EncryptionNotConfirmed encryption-not-confirmed', confirmation: 'mismatched' },
  ],
  [
    'a part of which nothing is said: the whole will show it',
    { request: PART, headers: [] },
    { verdict: 'passes', confirmation: undefined, isSame: true },
  ],
  [
    'a read under the key',
    { request: GET, headers: UNDER_KEY, policy: DENY },
    { verdict: 'passes', readEncryption: 'policy', confirmation: undefined },
  ],
  [
    'a read under another key',
    { request: GET, headers: UNDER_OTHER },
    { verdict: 'passes', readEncryption: 'other' },
  ],
  [
    'a read under another key, where that is refused',
    { request: GET, headers: UNDER_OTHER, policy: DENY },
    { verdict: 'AccessDenied read-not-under-policy', readEncryption: 'other', aborted: true },
  ],
  [
    'a read of what is not encrypted',
    { request: GET, status: 206, headers: [], policy: DENY },
    { verdict: 'AccessDenied read-not-under-policy', readEncryption: 'none' },
  ],
  [
    'a read that S3 answers 304',
    { request: GET, status: 304, headers: [], policy: DENY },
    { verdict: 'passes', readEncryption: undefined },
  ],
  [
    'a deletion',
    { request: 'DELETE /bucket/k', status: 204, headers: [] },
    { verdict: 'passes', confirmation: undefined, readEncryption: undefined },
  ],
]

for (const [name, answered, found] of TABLE) {
  t.test(name, async (t) => {
    t.match(await confirmed(t, answered), found)
  })
}

/** An S3 that answers every HEAD with those headers. */
async function headServer(t: Test, headers: readonly string[], targets: string[]): Promise<number> {
  const server = createServer((request, response) => {
    targets.push(`${request.method} ${request.url}`)
    response.writeHead(200, [...headers]).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

const MAKERS = [PUT, 'POST /bucket/k?uploadId=u'] as const

t.test('a silent answer to what made an object is looked up once', async (t) => {
  for (const request of MAKERS) {
    const targets: string[] = []
    const upstreamPort = await headServer(t, UNDER_KEY, targets)
    const headers = ['x-amz-version-id', 'v 1']
    const found = await confirmed(t, { request, headers, upstreamPort, body: '<Result/>' })
    t.match(found, { verdict: 'passes', confirmation: 'confirmed' }, request)
    t.match(targets, [/^HEAD \/.*k\?versionId=v%201$/])
    t.equal(targets.length, 1)
  }
})

t.test('an answer that leaves the key out is looked up for it', async (t) => {
  const headers = ['x-amz-server-side-encryption', 'aws:kms']
  for (const [shown, verdict] of [
    [UNDER_KEY, 'passes'],
    [UNDER_OTHER, 'EncryptionNotConfirmed encryption-not-confirmed'],
    [headers, 'EncryptionNotConfirmed encryption-not-confirmed'],
  ] as const) {
    const targets: string[] = []
    const upstreamPort = await headServer(t, shown, targets)
    t.match(await confirmed(t, { request: PUT, headers, upstreamPort }), { verdict })
    t.equal(targets.length, 1)
  }
})

t.test('what the look-up does not show either is missing, or other', async (t) => {
  for (const [headers, confirmation] of [
    [[], 'missing'],
    [UNDER_OTHER, 'mismatched'],
  ] as const) {
    const upstreamPort = await headServer(t, headers, [])
    t.match(await confirmed(t, { request: PUT, headers: [], upstreamPort }), {
      verdict: 'EncryptionNotConfirmed encryption-not-confirmed',
      confirmation,
    })
    t.match(await confirmed(t, { request: PUT, headers: [], upstreamPort, policy: REPORT }), {
      verdict: 'passes',
      confirmation,
    })
  }
})

t.test('an S3 that cannot be asked confirms nothing', async (t) => {
  t.match(await confirmed(t, { request: PUT, headers: [] }), {
    verdict: 'EncryptionNotConfirmed encryption-not-confirmed',
    confirmation: 'missing',
  })
})

t.test('a silent 200 that ends in an error is the client’s to read', async (t) => {
  const body = '<?xml version="1.0"?>\n<Error><Code>InternalError</Code></Error>\n'
  for (const [request, fields] of [
    ['POST /bucket/k?uploadId=u', ''],
    [PUT, SOURCE],
  ] as const) {
    const found = await confirmed(t, { request, fields, headers: [], body })
    t.match(found, { verdict: 'passes', confirmation: undefined }, request)
  }
  const part = await confirmed(t, { request: PART, fields: SOURCE, headers: [], body })
  t.match(part, { verdict: 'passes', isSame: true })
})

const COMPLETE = 'POST /bucket/k?uploadId=u'
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

/** A silent completion that takes long: the step's result is there before the document. */
async function slow(t: Test, policy?: object, shown?: readonly string[]) {
  const upstreamPort = shown === undefined ? undefined : await headServer(t, shown, [])
  const { generation, exchange, parsed, decision, raw } = await prepared(t, {
    request: COMPLETE,
    ...(policy === undefined ? {} : { policy }),
    ...(upstreamPort === undefined ? {} : { upstreamPort }),
  })
  const answer = new UpstreamAnswer()
  const head = answerHead(200, ['Content-Type', 'application/xml', 'Content-Length', '999'])
  answer.onData(Buffer.from(DECLARATION))
  const context = contextOf(generation, exchange)
  const step = await confirm(context, parsed, decision, { head, answer }, 0)
  if (step.kind !== 'late') throw new Error('not late')
  const found: Findings[] = []
  const source = step.pass(({ error, findings }, document) => {
    found.push(findings)
    return error === undefined ? document : refuseLate(exchange, '/bucket/k', error)
  })
  const relayed = relay(exchange, step.head, source, IDLE_MS)
  return { answer, exchange, raw, relayed, found }
}

t.test('a silent completion that takes long: its blanks pass, and then its document', async (t) => {
  for (const [policy, shown, result, confirmation] of [
    [undefined, UNDER_KEY, '<Result/>', 'confirmed'],
    [REPORT, UNDER_OTHER, '<Result/>', 'mismatched'],
    [undefined, UNDER_OTHER, '<Error><Code>InternalError</Code></Error>', undefined],
  ] as const) {
    const { answer, exchange, raw, relayed, found } = await slow(t, policy, shown)
    t.ok(await raw.until(/200 OK.*\?>\r\n$/s), 'the declaration')
    answer.onData(Buffer.from('\n '))
    t.ok(await raw.until(/\n \r\n$/), 'a blank')
    answer.onData(Buffer.from('\n<'))
    answer.onData(Buffer.from(`${result}\n`.slice(1)))
    t.notMatch(raw.text, 'Result')
    answer.onComplete()
    t.equal(await relayed, undefined)
    t.ok(await raw.until(/0\r\n\r\n$/))
    t.match(raw.text, result)
    t.notMatch(raw.text, /content-length/i)
    t.match(exchange, { status: 200, ending: { kind: 'relayed' } })
    t.match(found, [{ confirmation }])
  }
})

t.test('one that is not confirmed then ends as S3 tells a late error', async (t) => {
  const { answer, exchange, raw, relayed, found } = await slow(t, undefined, UNDER_OTHER)
  answer.onData(Buffer.from('<Result/>'))
  answer.onComplete()
  await relayed
  t.ok(await raw.until(/0\r\n\r\n$/))
  t.match(raw.text, /\?>\r\n[0-9a-f]+\r\n<Error><Code>EncryptionNotConfirmed<.*<\/Error>\r\n0\r\n/s)
  t.notMatch(raw.text, 'Result')
  t.match(exchange, {
    status: 200,
    ending: { kind: 'refused', error: { reason: 'encryption-not-confirmed' } },
  })
  t.match(found, [{ confirmation: 'mismatched' }])
})

t.test('one that breaks off then cuts the client off', async (t) => {
  const { answer, exchange, raw, relayed } = await slow(t)
  answer.onData(Buffer.from('<Res'))
  answer.onError(new Error('other side closed'))
  await relayed
  await raw.closed()
  t.notMatch(raw.text, /Res|0\r\n\r\n$/)
  t.match(exchange.ending, { kind: 'aborted', by: 'upstream' })
})

t.test('S3 has no late error for other uploads: nothing is confirmed', async (t) => {
  const body = 'anything that ends in </Error>'
  const targets: string[] = []
  const upstreamPort = await headServer(t, UNDER_KEY, targets)
  t.match(await confirmed(t, { request: PUT, headers: [], body, upstreamPort }), {
    verdict: 'EncryptionNotConfirmed encryption-not-confirmed',
    confirmation: 'missing',
  })
  t.match(await confirmed(t, { request: PUT, headers: [], body, policy: REPORT, upstreamPort }), {
    verdict: 'passes',
    confirmation: 'missing',
  })
  t.strictSame(targets, [], 'what is there is not asked for')
})

const CONFIRMED = [
  [[SSE, 'aws:kms', `${SSE}-aws-kms-key-id`, 'k'], { algorithm: 'aws:kms', keyId: 'k' }],
  [[SSE, 'AES256'], { algorithm: 'AES256' }],
  [[SSE, 'aws:kms', SSE, 'AES256'], { algorithm: 'aws:kms, AES256' }],
  [
    [SSE, 'aws:kms', `${SSE}-aws-kms-key-id`, 'k', `${SSE}-aws-kms-key-id`, 'l'],
    { algorithm: 'aws:kms', keyId: 'k, l' },
  ],
  [[`${SSE}-customer-algorithm`, 'AES256'], { algorithm: 'SSE-C' }],
  [[], undefined],
] as const

t.test('the encryption that an answer names', async (t) => {
  for (const [headers, encryption] of CONFIRMED) t.same(encryptionIn(headers), encryption)
  for (const [value, bucketKey] of [
    ['true', true],
    ['True', true],
    ['false', false],
  ] as const) {
    const found = encryptionIn([SSE, 'aws:kms', `${SSE}-bucket-key-enabled`, value])
    t.strictSame(found, { algorithm: 'aws:kms', keyId: undefined, bucketKey })
  }
})

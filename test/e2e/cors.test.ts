import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { postForm } from '../support/post-form.ts'
import { CLIENT, KEY, REGION, type Rig, type RigOptions, startRig } from '../support/rig.ts'
import { S3Client } from '../support/s3-client.ts'
import { send } from '../support/signed-request.ts'
import { amzDate, type Field } from '../support/signer.ts'
import type { Answer } from '../support/wire.ts'

/*
 * Pages of another origin: what S3's rules allow them they can do through the proxy, and read what it
 * refuses, as they could read what S3 refuses.
 */

const SITE = 'https://app.example'
const ORIGIN: Field = ['origin', SITE]
const OTHER: Field = ['origin', 'https://evil.example']
const RULES = `<CORSConfiguration><CORSRule>
<AllowedOrigin>${SITE}</AllowedOrigin>
<AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod><AllowedMethod>POST</AllowedMethod>
<AllowedHeader>content-type</AllowedHeader><ExposeHeader>ETag</ExposeHeader>
</CORSRule></CORSConfiguration>`

const ALLOW = 'access-control-allow-origin'

function clientOf(t: Test, port: number, keys = CLIENT): S3Client {
  const client = new S3Client({ host: '127.0.0.1', port }, keys, REGION)
  t.teardown(() => client.close())
  return client
}

/** A rig whose bucket has the rules, which came through the proxy. */
async function rigOf(t: Test, options: RigOptions = {}): Promise<Rig> {
  const rig = await startRig(options)
  t.teardown(() => rig.close())
  const headers = { 'content-md5': createHash('md5').update(RULES).digest('base64') }
  const put = await send(rig.port, { method: 'PUT', path: '/bucket?cors', body: RULES, headers })
  t.equal(put.status, 200, put.text)
  rig.received.length = 0
  return rig
}

const methodsOf = (rig: Rig) => rig.received.map(({ method }) => method)

t.test('a preflight, and the upload and the read that follow it', async (t) => {
  const rig = await rigOf(t)
  const client = clientOf(t, rig.port)
  const put = client.presign({ method: 'PUT', target: '/bucket/k' })
  const asked = await client.sendBare('OPTIONS', put, [
    ORIGIN,
    ['access-control-request-method', 'PUT'],
    ['access-control-request-headers', 'content-type'],
  ])
  t.equal(asked.status, 200)
  t.equal(asked.headers.get(ALLOW), SITE)
  t.equal(asked.headers.get('access-control-allow-headers'), 'content-type')
  const type: Field = ['content-type', 'text/plain']
  const stored = await client.sendBare('PUT', put, [ORIGIN, type], 'content')
  const read = await client.sendBare(
    'GET',
    client.presign({ method: 'GET', target: '/bucket/k' }),
    [ORIGIN],
  )
  t.equal(read.body.toString(), 'content')
  for (const { headers } of [stored, read]) {
    t.equal(headers.get(ALLOW), SITE)
    t.equal(headers.get('access-control-expose-headers'), 'ETag')
    t.match(headers.get('vary'), /^Origin, /)
    t.match(headers.get('etag'), /^"/)
  }
  t.match(rig.sandbox.inspect('bucket', 'k'), { encryption: 'aws:kms', keyId: KEY })
  t.strictSame(methodsOf(rig), ['OPTIONS', 'PUT', 'GET'], 'nothing but these went to S3')
})

type Refusal = readonly [
  verdict: string,
  ask: (rig: Rig, client: S3Client, origin: Field) => Promise<Answer>,
]

const REFUSALS: readonly Refusal[] = [
  [
    '403 presigned-expired',
    (_, client, origin) => {
      const scope = { date: amzDate(Date.now() - 120_000) }
      const url = client.presign({ method: 'PUT', target: '/bucket/k', scope, expires: 60 })
      return client.sendBare('PUT', url, [origin], 'x')
    },
  ],
  [
    '403 signature-mismatch',
    (_, client, origin) => {
      const url = client.presign({ method: 'GET', target: '/bucket/k' })
      return client.sendBare('PUT', url, [origin], 'x')
    },
  ],
  [
    '403 unknown-access-key',
    (_, client, origin) => {
      const scope = { keys: { ...CLIENT, accessKeyId: 'SGNOBODY0000000001' } }
      const url = client.presign({ method: 'GET', target: '/bucket/k', scope })
      return client.sendBare('GET', url, [origin])
    },
  ],
  [
    '400 encryption-headers-on-read',
    (_, client, origin) =>
      client.send({
        method: 'GET',
        target: '/bucket/k',
        fields: [['x-amz-server-side-encryption', 'aws:kms']],
        unsigned: [origin],
      }),
  ],
  [
    '403 post-signature-mismatch',
    (_, client, origin) =>
      postForm(client, {
        bucket: 'bucket',
        fields: [['key', 'k']],
        file: 'x',
        breakSignature: true,
        headers: [origin],
      }),
  ],
]

t.test(
  "the page of an allowed origin can read what the proxy refuses, as it can S3's",
  async (t) => {
    const rig = await rigOf(t)
    const client = clientOf(t, rig.port)
    for (const [verdict, ask] of REFUSALS) {
      rig.received.length = 0
      const answer = await ask(rig, client, ORIGIN)
      t.equal(`${answer.status} ${answer.headers.get('x-sealgate-reason')}`, verdict)
      t.equal(answer.headers.get(ALLOW), SITE, verdict)
      t.equal(answer.headers.get('access-control-expose-headers'), 'ETag', verdict)
      t.match(answer.headers.get('vary'), /^Origin, /, verdict)
      t.strictSame(methodsOf(rig), ['OPTIONS'], `${verdict}: S3 was asked for its rules alone`)
      t.notMatch(JSON.stringify(rig.received), /x-amz|authorization|X-Amz/i, 'without a signature')
      const other = await ask(rig, client, OTHER)
      t.equal(other.status, answer.status)
      t.equal(other.headers.get(ALLOW), undefined, `${verdict}: no rule for that origin`)
      t.equal(other.headers.get('vary'), undefined)
    }
    t.strictSame(rig.sandbox.list('bucket'), [])
    const lines = await rig.audit()
    t.equal(lines.length, 1 + 2 * REFUSALS.length, 'our own question is no request of a client')
  },
)

t.test('S3 is not asked where there is nothing to be read', async (t) => {
  const rig = await rigOf(t, { buckets: "['bucket']" })
  const client = clientOf(t, rig.port)
  const late = { scope: { date: amzDate(Date.now() - 120_000) }, expires: 60 }
  const answers = [
    // No page.
    await client.sendBare('GET', client.presign({ method: 'GET', target: '/bucket/k', ...late })),
    // No signature: any page could send it.
    await client.sendBare('GET', '/bucket/k', [ORIGIN]),
    // Nobody's bucket, whose rules are nobody's business.
    await client.sendBare('GET', client.presign({ method: 'GET', target: '/other/k' }), [ORIGIN]),
    // A preflight is refused as it is.
    await client.sendBare('OPTIONS', '/other/k', [
      ORIGIN,
      ['access-control-request-method', 'GET'],
    ]),
    await client.sendBare('OPTIONS', '/bucket/k', [ORIGIN]),
    // Framing that no browser sends.
    await client.sendWire({
      method: 'PUT',
      target: client.presign({ method: 'PUT', target: '/bucket/k' }),
      fields: [['host', client.host], ORIGIN, ['transfer-encoding', 'identity, chunked']],
      body: Buffer.from('0\r\n\r\n'),
    }),
  ]
  t.equal(answers.at(-1)?.headers.get('x-sealgate-reason'), 'malformed-http')
  for (const { headers } of answers) {
    t.not(headers.get('x-sealgate-reason'), undefined)
    t.equal(headers.get(ALLOW), undefined)
  }
  t.strictSame(methodsOf(rig), [])
})

t.test('a preflight takes nothing of S3’s own along, since nobody signed it', async (t) => {
  const rig = await rigOf(t, { buckets: "['bucket']" })
  const client = clientOf(t, rig.port)
  for (const [name, value] of [
    ['x-amz-copy-source', '/bucket/secret'],
    ['x-amz-acl', 'public-read'],
    ['x-amz-server-side-encryption-customer-algorithm', 'AES256'],
    ['x-amz-meta-a', 'b'],
    ['x-amz-new-in-2030', 'x'],
  ] as const) {
    const asks: Field[] = [ORIGIN, ['access-control-request-method', 'PUT'], [name, value]]
    await client.sendBare('OPTIONS', '/bucket/k', asks)
  }
  t.ok(rig.received.length > 0)
  for (const { rawHeaders } of rig.received) t.notMatch(rawHeaders.join(), 'x-amz-')
})

t.test("a failure of S3's can be read, too, where S3 was there to be asked", async (t) => {
  const rig = await rigOf(t, { sandbox: { quirks: { wrongKey: `${KEY}-other` } } })
  const client = clientOf(t, rig.port)
  const url = client.presign({ method: 'PUT', target: '/bucket/k' })
  const answer = await client.sendBare('PUT', url, [ORIGIN], 'x')
  t.equal(answer.headers.get('x-sealgate-reason'), 'encryption-not-confirmed')
  t.equal(answer.headers.get(ALLOW), SITE)
  t.strictSame(methodsOf(rig), ['PUT', 'OPTIONS'])
})

t.test('an S3 that does not say its rules does not hold the refusal up', async (t) => {
  for (const manner of ['closes', 'is silent'] as const) {
    const server = createServer((request) => {
      if (manner === 'closes') request.socket.destroy()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.teardown(() => {
      server.close()
      server.closeAllConnections()
    })
    const address = server.address()
    const upstreamPort = typeof address === 'object' && address !== null ? address.port : 0
    const rig = await startRig({ upstreamPort })
    t.teardown(() => rig.close())
    const client = clientOf(t, rig.port, { ...CLIENT, secretAccessKey: 'wrong' })
    const url = client.presign({ method: 'GET', target: '/bucket/k' })
    const answer = await client.sendBare('GET', url, [ORIGIN])
    t.equal(answer.headers.get('x-sealgate-reason'), 'signature-mismatch', manner)
    t.equal(answer.headers.get(ALLOW), undefined, manner)
  }
})

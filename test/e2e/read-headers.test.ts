import t, { type Test } from 'tap'
import { CLIENT, REGION, type Rig, type RigOptions, startRig } from '../support/rig.ts'
import { S3Client } from '../support/s3-client.ts'
import { send } from '../support/signed-request.ts'
import { amzDate, type Field } from '../support/signer.ts'
import type { Answer } from '../support/wire.ts'

/*
 * GET and HEAD with an encryption header: 400 BadRequest, whatever else is wrong with the request.
 */

const SSE = 'x-amz-server-side-encryption'
const KMS: Field = [SSE, 'aws:kms']
const NAMES = [
  SSE,
  `${SSE}-aws-kms-key-id`,
  `${SSE}-context`,
  `${SSE}-bucket-key-enabled`,
  `${SSE}-customer-algorithm`,
  `${SSE}-customer-key`,
  `${SSE}-customer-key-md5`,
  'x-amz-copy-source-server-side-encryption-customer-algorithm',
  `${SSE}-aws-bucket-key-enabled`,
] as const
const STRIP = `
  misplacedEncryptionHeaders: strip`
const RULES = `
  rules: [{ name: all, match: { buckets: ['*'] }, encrypt: { algorithm: aws:kms, keyId: 'arn:aws:kms:${REGION}:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab' } }]`

async function rigOf(t: Test, options: RigOptions = {}): Promise<Rig> {
  const rig = await startRig(options)
  t.teardown(() => rig.close())
  return rig
}

function clientOf(t: Test, rig: Rig, keys = CLIENT): S3Client {
  const client = new S3Client({ host: '127.0.0.1', port: rig.port }, keys, REGION)
  t.teardown(() => client.close())
  return client
}

const outcome = ({ status, headers }: Answer): string =>
  `${status} ${headers.get('x-sealgate-reason') ?? ''}`.trim()

/** Ways in which a read can be wrong besides; `name` is the encryption header. */
const WAYS: readonly (readonly [
  what: string,
  ask: (client: S3Client, method: string, name: string) => Promise<Answer>,
])[] = [
  [
    'signed',
    (client, method, name) => client.send({ method, target: '/bucket/k', fields: [[name, 'a']] }),
  ],
  [
    'not signed',
    (client, method, name) => client.send({ method, target: '/bucket/k', unsigned: [[name, 'a']] }),
  ],
  ['anonymous', (client, method, name) => client.sendBare(method, '/bucket/k', [[name, 'a']])],
  [
    'twice',
    (client, method, name) =>
      client.send({
        method,
        target: '/bucket/k',
        unsigned: [
          [name, 'a'],
          [name, 'b'],
        ],
      }),
  ],
  [
    'a wrong secret',
    (client, method, name) => {
      const keys = { ...client.keys, secretAccessKey: 'wrong' }
      return client.send({ method, target: '/bucket/k', fields: [[name, 'a']], scope: { keys } })
    },
  ],
  [
    'an unknown key',
    (client, method, name) => {
      const keys = { ...client.keys, accessKeyId: 'SGUNKNOWN000000001' }
      return client.send({ method, target: '/bucket/k', unsigned: [[name, 'a']], scope: { keys } })
    },
  ],
  [
    'another region',
    (client, method, name) =>
      client.send({
        method,
        target: '/bucket/k',
        fields: [[name, 'a']],
        scope: { region: 'eu-west-1' },
      }),
  ],
  [
    'another day',
    (client, method, name) =>
      client.send({
        method,
        target: '/bucket/k',
        fields: [[name, 'a']],
        scope: { date: amzDate(Date.now() - 86_400_000) },
      }),
  ],
  [
    'presigned, header signed',
    (client, method, name) => {
      const fields: readonly Field[] = [[name, 'a']]
      const target = client.presign({ method, target: '/bucket/k', fields })
      return client.sendBare(method, target, fields)
    },
  ],
  [
    'presigned, header not signed',
    (client, method, name) =>
      client.sendBare(method, client.presign({ method, target: '/bucket/k' }), [[name, 'a']]),
  ],
  [
    'presigned, hoisted',
    (client, method, name) =>
      client.sendBare(method, client.presign({ method, target: `/bucket/k?${name}=a` })),
  ],
  [
    'presigned, hoisted in other case and encoded',
    (client, method, name) => {
      const other = name.toUpperCase().replace('-', '%2D')
      return client.sendBare(method, client.presign({ method, target: `/bucket/k?${other}=a` }))
    },
  ],
  [
    'presigned, hoisted, changed',
    (client, method, name) =>
      client.sendBare(
        method,
        client.presign({ method, target: `/bucket/k?${name}=a` }).replace('/k?', '/other?'),
      ),
  ],
  [
    'presigned and expired',
    (client, method, name) => {
      const scope = { date: amzDate(Date.now() - 7_200_000) }
      const target = client.presign({ method, target: `/bucket/k?${name}=a`, scope, expires: 60 })
      return client.sendBare(method, target)
    },
  ],
  [
    'in the query of a request that is not presigned',
    (client, method, name) => client.send({ method, target: `/bucket/k?${name}=a` }),
  ],
  [
    'no payload hash',
    (client, method, name) =>
      client.send({ method, target: '/bucket/k', fields: [[name, 'a']], omitContentHash: true }),
  ],
  [
    'a malformed Authorization',
    (client, method, name) =>
      client.sendBare(method, '/bucket/k', [
        [name, 'a'],
        ['authorization', 'AWS4-HMAC-SHA256 x'],
      ]),
  ],
  [
    'SigV2',
    (client, method, name) =>
      client.sendBare(method, '/bucket/k?AWSAccessKeyId=a&Signature=b&Expires=1', [[name, 'a']]),
  ],
  [
    'a query that cannot be read',
    (client, method, name) => client.sendBare(method, '/bucket/k?%zz', [[name, 'a']]),
  ],
  [
    'an unknown parameter',
    (client, method, name) =>
      client.send({ method, target: '/bucket/k?newthing', fields: [[name, 'a']] }),
  ],
  [
    'mixed selectors',
    (client, method, name) =>
      client.send({ method, target: '/bucket/k?acl&tagging', fields: [[name, 'a']] }),
  ],
  [
    'no name of a bucket',
    (client, method, name) => client.send({ method, target: '/B_/k', fields: [[name, 'a']] }),
  ],
  [
    "another client's bucket",
    (client, method, name) => client.send({ method, target: '/other/k', fields: [[name, 'a']] }),
  ],
  [
    'a closed operation',
    (client, method, name) =>
      client.send({ method, target: '/?max-directory-buckets=1', fields: [[name, 'a']] }),
  ],
  [
    'a host that is not served',
    (client, method, name) =>
      client.sendWire({
        method,
        target: '/bucket/k',
        fields: [
          ['host', 'elsewhere.test'],
          [name, 'a'],
        ],
        body: Buffer.alloc(0),
      }),
  ],
  [
    'an expectation that cannot be met',
    (client, method, name) =>
      client.send({
        method,
        target: '/bucket/k',
        fields: [[name, 'a']],
        unsigned: [['expect', '200-ok']],
      }),
  ],
  [
    'a body',
    (client, method, name) =>
      client.send({
        method,
        target: '/bucket/k',
        fields: [[name, 'a']],
        body: 'x',
      }),
  ],
]

for (const [what, ask] of WAYS) {
  t.test(`a read with an encryption header is 400 BadRequest: ${what}`, async (t) => {
    const rig = await rigOf(t, { buckets: "['bucket']" })
    for (const method of ['GET', 'HEAD']) {
      for (const name of NAMES) {
        const client = clientOf(t, rig)
        const answer = await ask(client, method, name)
        t.equal(outcome(answer), '400 encryption-headers-on-read', `${method} ${name}`)
        const text = String(answer.body)
        if (method === 'GET') t.match(text, '<Code>BadRequest</Code>', name)
        else t.equal(text, '')
      }
    }
    t.equal(rig.received.length, 0)
  })
}

t.test('the audit names the client that is known', async (t) => {
  const rig = await rigOf(t, { buckets: "['bucket']" })
  const client = clientOf(t, rig)
  await client.send({ method: 'GET', target: '/bucket/k', fields: [KMS] })
  await client.send({ method: 'GET', target: '/other/k', fields: [KMS] })
  await client.send({ method: 'GET', target: '/bucket/k', unsigned: [KMS] })
  const reason = 'encryption-headers-on-read'
  t.match(await rig.audit(), [
    { client: 'app', decision: 'deny', reason },
    { client: 'app', decision: 'none', reason },
    { client: null, decision: 'none', reason },
  ])
})

t.test('a stranger with an Origin and an encryption header makes no request of ours', async (t) => {
  const rig = await rigOf(t)
  const fields: readonly Field[] = [KMS, ['origin', 'https://app.example']]
  const answer = await clientOf(t, rig).sendBare('GET', '/bucket/k', fields)
  t.equal(outcome(answer), '400 encryption-headers-on-read')
  t.equal(rig.received.length, 0)
})

t.test('other methods are judged as before', async (t) => {
  const rig = await rigOf(t)
  const client = clientOf(t, rig)
  const target = '/bucket/k'
  t.equal(
    outcome(await client.send({ method: 'PUT', target, unsigned: [KMS] })),
    '403 headers-not-signed',
  )
  t.equal(outcome(await client.sendBare('DELETE', target, [KMS])), '403 anonymous')
})

t.test('strip: what is not signed and does not go on is as if it had not been sent', async (t) => {
  const rig = await rigOf(t, { policy: `${RULES}${STRIP}` })
  const client = clientOf(t, rig)
  await send(rig.port, { method: 'PUT', path: '/bucket/k', body: 'content' })
  const created = await send(rig.port, { method: 'POST', path: '/bucket/m?uploads' })
  const upload = /<UploadId>([^<]+)</.exec(created.text)?.[1] ?? ''
  const context: Field = [`${SSE}-context`, 'e30=']
  const asks: readonly (readonly [string, string, string])[] = [
    ['GET', '/bucket/k', ''],
    ['HEAD', '/bucket/k', ''],
    ['GET', '/bucket?list-type=2', ''],
    ['PUT', `/bucket/m?partNumber=1&uploadId=${upload}`, 'part'],
    ['DELETE', '/bucket/k2', ''],
  ]
  for (const [method, target, body] of asks) {
    const answer = await client.send({ method, target, body, unsigned: [KMS, context] })
    t.match(outcome(answer), /^20[04]$/, `${method} ${target} ${answer.body}`)
    t.notMatch(String(rig.received.at(-1)?.rawHeaders), SSE)
  }
  const url = client.presign({ method: 'GET', target: '/bucket/k' })
  t.equal(outcome(await client.sendBare('GET', url, [KMS])), '200')

  const wrong = { ...CLIENT, secretAccessKey: 'wrong' }
  const get = { method: 'GET', target: '/bucket/k' } as const
  const refused: readonly (readonly [Promise<Answer>, string])[] = [
    [client.send({ ...get, unsigned: [KMS], scope: { keys: wrong } }), '403 signature-mismatch'],
    [client.sendBare('GET', '/bucket/k', [KMS]), '403 anonymous'],
    [client.send({ ...get, unsigned: [KMS, ['x-amz-acl', 'private']] }), '403 headers-not-signed'],
    [
      client.send({ ...get, unsigned: [[`${SSE}-customer-key`, 'a']] }),
      '400 encryption-headers-on-read',
    ],
    [client.send({ ...get, target: '/bucket?session', unsigned: [KMS] }), '403 headers-not-signed'],
    [
      client.send({ method: 'PUT', target: '/bucket/k', body: 'x', unsigned: [KMS] }),
      '403 headers-not-signed',
    ],
    [
      client.send({ method: 'POST', target: '/bucket/k?uploads', unsigned: [KMS] }),
      '403 headers-not-signed',
    ],
  ]
  rig.received.length = 0
  for (const [answer, expected] of refused) t.equal(outcome(await answer), expected)
  t.equal(rig.received.length, 0)
})

t.test('observe changes nothing: an encryption header has to be signed', async (t) => {
  const rig = await rigOf(t, { policy: `${RULES}${STRIP}\n  mode: observe` })
  const get = { method: 'GET', target: '/bucket/k' } as const
  t.equal(
    outcome(await clientOf(t, rig).send({ ...get, unsigned: [KMS] })),
    '403 headers-not-signed',
  )
  t.equal(rig.received.length, 0)
})

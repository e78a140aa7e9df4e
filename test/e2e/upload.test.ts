import t from 'tap'
import { KEY, OTHER_KEY, startRig } from '../support/rig.ts'
import { send } from '../support/signed-request.ts'

t.test('every upload is stored under the policy key, whatever the client asks for', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const asked: readonly (readonly [string, Record<string, string>])[] = [
    ['nothing', {}],
    ['AES256', { 'x-amz-server-side-encryption': 'AES256' }],
    ['kms without a key', { 'x-amz-server-side-encryption': 'aws:kms' }],
    [
      'another key',
      {
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': OTHER_KEY,
      },
    ],
    ['an empty value', { 'x-amz-server-side-encryption': '' }],
    ['upper case', { 'x-amz-server-side-encryption': 'AWS:KMS' }],
    ['a context', { 'x-amz-server-side-encryption-context': 'e30=' }],
  ]
  for (const [name, headers] of asked) {
    const key = encodeURIComponent(name)
    const put = await send(rig.port, { method: 'PUT', path: `/bucket/${key}`, headers, body: name })
    t.equal(put.status, 200, `${name}: ${put.text}`)
    t.equal(put.headers['x-amz-server-side-encryption'], 'aws:kms')
    t.equal(put.headers['x-amz-server-side-encryption-aws-kms-key-id'], KEY)
    t.match(rig.sandbox.inspect('bucket', name), {
      encryption: 'aws:kms',
      keyId: KEY,
      context: undefined,
    })
    const get = await send(rig.port, { path: `/bucket/${key}` })
    t.equal(get.text, name)
  }
})

t.test('bodies of every size come back byte for byte', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  for (const size of [0, 1, 65535, 65536, 65537, 3_000_000]) {
    const body = Buffer.alloc(size, `${size} bytes of this `)
    for (const headers of [{}, { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }]) {
      const put = await send(rig.port, { method: 'PUT', path: '/bucket/sized', headers, body })
      t.equal(put.status, 200, put.text)
      const get = await send(rig.port, { path: '/bucket/sized' })
      t.ok(get.body.equals(body), `${size} bytes`)
    }
  }
})

t.test('multipart: sealed at its creation, never sent with parts', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const created = await send(rig.port, { method: 'POST', path: '/bucket/big?uploads' })
  t.equal(created.status, 200, created.text)
  t.equal(created.headers['x-amz-server-side-encryption'], 'aws:kms')
  const uploadId = /<UploadId>([^<]+)</.exec(created.text)?.[1] ?? ''
  const parts = [Buffer.alloc(5 * 1024 * 1024, 'a'), Buffer.from('the end')]
  const etags: string[] = []
  for (const [i, body] of parts.entries()) {
    const path = `/bucket/big?partNumber=${i + 1}&uploadId=${encodeURIComponent(uploadId)}`
    const part = await send(rig.port, { method: 'PUT', path, body })
    t.equal(part.status, 200, part.text)
    etags.push(part.headers.etag ?? '')
  }
  const list = etags.map(
    (etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
  )
  const completed = await send(rig.port, {
    method: 'POST',
    path: `/bucket/big?uploadId=${encodeURIComponent(uploadId)}`,
    body: `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`,
  })
  t.equal(completed.status, 200, completed.text)
  t.match(rig.sandbox.inspect('bucket', 'big'), { encryption: 'aws:kms', keyId: KEY })
  const partHeads = rig.received.filter(({ rawTarget }) => rawTarget.includes('uploadId='))
  for (const { rawHeaders } of partHeads) {
    t.notMatch(rawHeaders.join(' ').toLowerCase(), 'server-side-encryption')
  }
  const get = await send(rig.port, { path: '/bucket/big' })
  t.ok(get.body.equals(Buffer.concat(parts)))
})

t.test(
  'a client that sends the header everywhere works where misplaced ones are stripped',
  async (t) => {
    const policy = `
  rules: [{ name: all, encrypt: { keyId: '${KEY}' } }]
  misplacedEncryptionHeaders: strip`
    const rig = await startRig({ policy })
    t.teardown(() => rig.close())
    const headers = {
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': KEY,
    }
    const create = () => send(rig.port, { method: 'POST', path: '/bucket/big?uploads', headers })
    const uploadIdOf = (text: string) =>
      encodeURIComponent(/<UploadId>([^<]+)</.exec(text)?.[1] ?? '')
    const uploadId = uploadIdOf((await create()).text)
    const partPath = `/bucket/big?partNumber=1&uploadId=${uploadId}`
    const part = await send(rig.port, { method: 'PUT', path: partPath, headers, body: 'part' })
    t.equal(part.status, 200, part.text)
    const list = `<Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part>`
    const aborted = uploadIdOf((await create()).text)
    for (const [method, path, body] of [
      [
        'POST',
        `/bucket/big?uploadId=${uploadId}`,
        `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`,
      ],
      ['DELETE', `/bucket/big?uploadId=${aborted}`, undefined],
      ['HEAD', '/bucket/big', undefined],
      ['GET', '/bucket/big', undefined],
      ['GET', '/bucket?list-type=2', undefined],
      ['DELETE', '/bucket/big', undefined],
    ] as const) {
      const answer = await send(rig.port, {
        ...{ method, path, headers },
        ...(body === undefined ? {} : { body }),
      })
      t.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
      if (body !== undefined) t.match(rig.sandbox.inspect('bucket', 'big'), { keyId: KEY })
      t.notMatch(rig.received.at(-1)?.rawHeaders.join(' ').toLowerCase(), 'server-side-encryption')
    }
  },
)

t.test('a copy is encrypted, and its source must be among the client buckets', async (t) => {
  const rig = await startRig({
    clients: `
  - name: narrow
    accessKeyId: SGNARROW0000000001
    secretAccessKey: narrow-secret-narrow-secret
    buckets: ['bucket']`,
  })
  t.teardown(() => rig.close())
  await send(rig.port, { method: 'PUT', path: '/other/src%20%2B', body: 'copied' })
  const headers = { 'x-amz-copy-source': '/other/src%20%2B' }
  const copy = await send(rig.port, { method: 'PUT', path: '/bucket/copy', headers })
  t.equal(copy.status, 200, copy.text)
  t.match(rig.sandbox.inspect('bucket', 'copy'), { encryption: 'aws:kms', keyId: KEY })
  const credentials = {
    accessKeyId: 'SGNARROW0000000001',
    secretAccessKey: 'narrow-secret-narrow-secret',
  }
  const refused = await send(rig.port, {
    method: 'PUT',
    path: '/bucket/copy2',
    headers,
    credentials,
  })
  t.equal(refused.status, 403)
  t.equal(refused.headers['x-sealgate-reason'], 'copy-source-not-allowed')
  t.equal(rig.sandbox.inspect('bucket', 'copy2'), undefined)
  const elsewhere = await send(rig.port, { path: '/other/src%20%2B', credentials })
  t.equal(elsewhere.headers['x-sealgate-reason'], 'bucket-not-allowed')
  t.match((await rig.audit()).at(-1), { client: 'narrow', reason: 'bucket-not-allowed' })
  t.match(refused.text, 'this client may not use the bucket other, the source of the copy.')
  t.match(elsewhere.text, 'this client may not use the bucket other. (Sealgate: bucket-not')
})

t.test('keys reach S3 octet for octet', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const keys = [
    'a//b',
    './x',
    '../x',
    '%2e%2e/x',
    'a%2Fb',
    'a+b c',
    'ü/日本',
    'a;b=c&d',
    'x'.repeat(1024),
    '/leading',
    'trailing/',
    'q?u#e',
    "it's (ok)!*",
    '\u0001\u007f',
    '😀',
  ]
  for (const key of keys) {
    const path = `/bucket/${strictEncode(key)}`
    const put = await send(rig.port, { method: 'PUT', path, body: key })
    t.equal(put.status, 200, `${key}: ${put.text}`)
    const last = rig.received.at(-1)
    t.equal(last?.rawTarget, path, `${key} as S3 received it`)
    const get = await send(rig.port, { path })
    t.equal(get.text, key)
  }
  t.strictSame([...rig.sandbox.list('bucket')].sort(), [...keys].sort())
})

function strictEncode(key: string): string {
  return key
    .split('/')
    .map((part) =>
      encodeURIComponent(part).replace(
        /[!'()*]/g,
        (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
      ),
    )
    .join('/')
}

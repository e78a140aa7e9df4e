import { createHash } from 'node:crypto'
import t from 'tap'
import { KEY, type Rig, startRig } from '../support/rig.ts'
import { send } from '../support/signed-request.ts'

const RAW_KEY = Buffer.alloc(32, 7)

function keyHeaders(prefix: string): Record<string, string> {
  return {
    [`${prefix}-customer-algorithm`]: 'AES256',
    [`${prefix}-customer-key`]: RAW_KEY.toString('base64'),
    [`${prefix}-customer-key-md5`]: createHash('md5').update(RAW_KEY).digest('base64'),
  }
}

const SSE_C = keyHeaders('x-amz-server-side-encryption')
const SOURCE = keyHeaders('x-amz-copy-source-server-side-encryption')

/** A client that gives its own key with everything, as ClickHouse's disks do. */
function client(rig: Rig) {
  const request = (
    method: string,
    path: string,
    body?: string | undefined,
    headers: Readonly<Record<string, string>> = SSE_C,
  ) => send(rig.port, { method, path, headers, ...(body === undefined ? {} : { body }) })
  return {
    put: (path: string, body: string) => request('PUT', path, body),
    get: (path: string) => request('GET', path),
    head: (path: string) => request('HEAD', path),
    copy: (path: string, source: string) =>
      request('PUT', path, undefined, { ...SSE_C, ...SOURCE, 'x-amz-copy-source': source }),
    create: (path: string) => request('POST', `${path}?uploads`),
    complete: (path: string, body: string) => request('POST', path, body),
  }
}

t.test(
  'by default every write with a customer key is refused before anything is sent',
  async (t) => {
    const rig = await startRig()
    t.teardown(() => rig.close())
    const { put, copy, create } = client(rig)
    await send(rig.port, { method: 'PUT', path: '/bucket/source', body: 'x' })
    const before = rig.received.length
    const answers = [
      await put('/bucket/k', 'x'),
      await copy('/bucket/k', '/bucket/source'),
      await create('/bucket/k'),
      await put('/bucket/k?partNumber=1&uploadId=u', 'x'),
      await copy('/bucket/k?partNumber=1&uploadId=u', '/bucket/source'),
      await client(rig).complete('/bucket/k?uploadId=u', '<CompleteMultipartUpload/>'),
    ]
    for (const { status, headers, text } of answers) {
      t.equal(status, 400)
      t.equal(headers['x-sealgate-reason'], 'customer-keys-refused')
      t.match(text, '<Code>InvalidRequest</Code>')
    }
    const sourceOnly = await send(rig.port, {
      method: 'PUT',
      path: '/bucket/k',
      headers: { ...SOURCE, 'x-amz-copy-source': '/bucket/source' },
    })
    t.equal(sourceOnly.headers['x-sealgate-reason'], 'customer-keys-refused')
    t.equal(rig.received.length, before)
    t.match((await rig.audit())[1], {
      operation: 'PutObject',
      decision: 'deny',
      rule: 'all',
      reason: 'customer-keys-refused',
      requestedEncryption: { algorithm: 'SSE-C' },
    })
  },
)

t.test('overridden on writes and taken off reads, such a client works unchanged', async (t) => {
  const policy = `
  rules: [{ name: all, encrypt: { keyId: '${KEY}' }, customerKeys: override }]
  reads: { customerKeys: strip }`
  const rig = await startRig({ policy })
  t.teardown(() => rig.close())
  const { put, get, head, copy, create, complete } = client(rig)
  t.equal((await put('/bucket/k', 'content')).status, 200)
  t.equal((await get('/bucket/k')).text, 'content')
  t.equal((await head('/bucket/k')).status, 200)
  const copied = await copy('/bucket/copy', '/bucket/k')
  t.equal(copied.status, 200, copied.text)
  t.equal((await get('/bucket/copy')).text, 'content')

  const { text } = await create('/bucket/big')
  const uploadId = encodeURIComponent(/<UploadId>([^<]+)</.exec(text)?.[1] ?? '')
  const path = `/bucket/big?partNumber=1&uploadId=${uploadId}`
  t.equal((await copy(path, '/bucket/k')).status, 200)
  const part = await put(path, 'part')
  t.equal(part.status, 200, part.text)
  const list = `<Part><PartNumber>1</PartNumber><ETag>${part.headers.etag}</ETag></Part>`
  const completed = await complete(
    `/bucket/big?uploadId=${uploadId}`,
    `<CompleteMultipartUpload>${list}</CompleteMultipartUpload>`,
  )
  t.equal(completed.status, 200, completed.text)
  t.equal((await get('/bucket/big')).text, 'part')
  for (const key of ['k', 'copy', 'big']) {
    t.match(rig.sandbox.inspect('bucket', key), { encryption: 'aws:kms', keyId: KEY })
  }
  t.notMatch(JSON.stringify(rig.received).toLowerCase(), 'customer')
})

t.test('an exempt rule lets customer keys through where reads do', async (t) => {
  const policy = `
  rules:
    - { name: own, match: { buckets: [bucket] }, exempt: this team holds its own keys }
    - { name: all, encrypt: { keyId: '${KEY}' } }
  reads: { customerKeys: allow }`
  const rig = await startRig({ policy })
  t.teardown(() => rig.close())
  const { put, get, copy } = client(rig)
  const stored = await put('/bucket/k', 'content')
  t.equal(stored.status, 200, stored.text)
  t.equal((await get('/bucket/k')).text, 'content')
  t.equal((await send(rig.port, { path: '/bucket/k' })).status, 400, "S3's own refusal")
  t.equal((await copy('/bucket/copy', '/bucket/k')).status, 200)
  t.equal((await get('/bucket/copy')).text, 'content')
  // A copy leads out of SSE-C and under the rule's key: the source's key reads, it does not write.
  const sealed = await send(rig.port, {
    method: 'PUT',
    path: '/other/k',
    headers: { ...SOURCE, 'x-amz-copy-source': '/bucket/k' },
  })
  t.equal(sealed.status, 200, sealed.text)
  t.match(rig.sandbox.inspect('other', 'k'), { encryption: 'aws:kms', keyId: KEY })
  t.equal((await put('/other/k', 'x')).headers['x-sealgate-reason'], 'customer-keys-refused')
})

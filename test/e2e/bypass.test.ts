import { createHash, createHmac } from 'node:crypto'
import { connect } from 'node:net'
import aws4 from 'aws4'
import t, { type Test } from 'tap'
import { CLIENT, KEY, OTHER_KEY, REGION, type Rig, startRig } from '../support/rig.ts'
import { type RequestOptions, send, sendRaw } from '../support/signed-request.ts'

/*
 * The known ways around a proxy that rewrites headers; docs/security.md lists what was attacked. Whatever is tried, either nothing is stored, or what is stored is under the
 * policy's key; and nothing that no client signed is signed.
 */

const SSE = 'x-amz-server-side-encryption'
const AES256 = { [SSE]: 'AES256' }

async function reasonOf(rig: Rig, request: RequestOptions): Promise<string> {
  const answer = await send(rig.port, request)
  return `${answer.status} ${answer.headers['x-sealgate-reason'] ?? ''}`.trim()
}

function allUnderPolicy(t: Test, rig: Rig, bucket = 'bucket'): void {
  for (const key of rig.sandbox.list(bucket)) {
    t.match(rig.sandbox.inspect(bucket, key), { encryption: 'aws:kms', keyId: KEY }, key)
  }
}

/** Sends octets as they are and gives what comes back until the peer closes or a second has passed. */
function sendOctets(port: number, octets: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    socket.setTimeout(1000, () => socket.destroy())
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1')
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(text))
    socket.write(octets, 'latin1')
  })
}

/** A presigned target, signed by aws4. */
function presign(rig: Rig, method: string, path: string): string {
  const separator = path.includes('?') ? '&' : '?'
  const { path: signed = '' } = aws4.sign(
    {
      service: 's3',
      region: REGION,
      method,
      host: `127.0.0.1:${rig.port}`,
      path: `${path}${separator}X-Amz-Expires=600`,
      signQuery: true,
      headers: {},
    },
    CLIENT,
  )
  return signed
}

t.test('SSE in the query: neither wins nor survives', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  for (const hoisted of [
    `${SSE}=AES256`,
    'X-Amz-Server-Side-Encryption=AES256',
    `${SSE}=aws%3Akms&${SSE}-aws-kms-key-id=${encodeURIComponent(OTHER_KEY)}`,
  ]) {
    const target = presign(rig, 'PUT', `/bucket/hoisted?${hoisted}`)
    const put = await sendRaw(
      rig.port,
      'PUT',
      target,
      { host: `127.0.0.1:${rig.port}` },
      Buffer.from('x'),
    )
    t.equal(put.status, 200, put.text)
    t.notMatch(rig.received.at(-1)?.rawTarget, /x-amz/i)
    const get = presign(rig, 'GET', `/bucket/hoisted?${hoisted}`)
    const read = await sendRaw(rig.port, 'GET', get, { host: `127.0.0.1:${rig.port}` })
    t.equal(read.headers['x-sealgate-reason'], 'encryption-headers-on-read')
  }
  const hoistedKey = `${SSE}-customer-algorithm=AES256&${SSE}-customer-key=eA%3D%3D`
  const host = { host: `127.0.0.1:${rig.port}` }
  const put = presign(rig, 'PUT', `/bucket/hoisted?${hoistedKey}`)
  const refused = await sendRaw(rig.port, 'PUT', put, host, Buffer.from('x'))
  t.equal(refused.headers['x-sealgate-reason'], 'customer-keys-refused')
  allUnderPolicy(t, rig)
  t.equal(
    await reasonOf(rig, { method: 'PUT', path: `/bucket/k?${SSE}=AES256`, body: 'x' }),
    '400 unsigned-query-parameter',
  )
})

t.test('SSE-C alone does not switch the policy off', async (t) => {
  const headers = { [`${SSE}-customer-algorithm`]: 'AES256', [`${SSE}-customer-key`]: 'eA==' }
  const put = { method: 'PUT', path: '/bucket/k', headers, body: 'x' } as const
  const closed = await startRig()
  t.teardown(() => closed.close())
  t.equal(await reasonOf(closed, put), '400 customer-keys-refused')
  t.equal(closed.received.length, 0)

  const policy = `
  rules: [{ name: all, encrypt: { keyId: '${KEY}' }, customerKeys: override }]`
  const rig = await startRig({ policy })
  t.teardown(() => rig.close())
  t.equal(await reasonOf(rig, put), '200')
  allUnderPolicy(t, rig)
  t.notMatch(JSON.stringify(rig.received.at(-1)?.rawHeaders), 'customer')
})

t.test('whatever the client asks for is overridden', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const values = [
    'AES256',
    'aws:kms:dsse',
    'aws:fsx',
    'aws:backup',
    '',
    'AWS:KMS',
    'aws:kms',
    'none',
  ]
  for (const value of values) {
    const headers = { [SSE]: value, [`${SSE}-aws-kms-key-id`]: 'alias/mine' }
    t.equal(
      await reasonOf(rig, { method: 'PUT', path: `/bucket/k${value}`, headers, body: 'x' }),
      '200',
    )
  }
  allUnderPolicy(t, rig)
  t.equal(
    await reasonOf(rig, {
      method: 'PUT',
      path: '/bucket/k',
      headers: { [`${SSE}-aws-bucket-key-enabled`]: 'true' },
      body: 'x',
    }),
    '400 encryption-header-unknown',
    'a name of that family that S3 does not know',
  )
})

t.test('CopyObject onto itself stays under the policy', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  await send(rig.port, { method: 'PUT', path: '/bucket/k', body: 'x' })
  const headers = { 'x-amz-copy-source': '/bucket/k', 'x-amz-metadata-directive': 'REPLACE' }
  t.equal(await reasonOf(rig, { method: 'PUT', path: '/bucket/k', headers }), '200')
  allUnderPolicy(t, rig)
})

t.test('a copy source that is unsigned, hoisted or an ARN is refused', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const path = '/bucket/k'
  const source = { 'x-amz-copy-source': '/other/secret' }
  t.equal(
    await reasonOf(rig, { method: 'PUT', path, body: 'x', unsigned: source }),
    '403 headers-not-signed',
  )
  const presigned = await sendRaw(rig.port, 'PUT', presign(rig, 'PUT', path), {
    host: `127.0.0.1:${rig.port}`,
    ...source,
  })
  t.equal(presigned.headers['x-sealgate-reason'], 'headers-not-signed', 'CVE-2026-54330')
  const hoisted = presign(rig, 'PUT', `${path}?x-amz-copy-source=other%2Fsecret`)
  const answer = await sendRaw(rig.port, 'PUT', hoisted, { host: `127.0.0.1:${rig.port}` })
  t.equal(answer.status, 403)
  t.equal(answer.headers['x-sealgate-reason'], 'hoisted-copy-source')
  const arn = { 'x-amz-copy-source': 'arn:aws:s3:us-east-1:111122223333:accesspoint/ap/object/key' }
  t.match(await reasonOf(rig, { method: 'PUT', path, headers: arn }), /^4\d\d /)
  t.equal(rig.received.length, 0)
})

t.test('multipart: the selector counts by presence, parts never get the header', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  for (const path of ['/bucket/k?uploads', '/bucket/k?uploads=', '/bucket/k?upload%73']) {
    const created = await send(rig.port, { method: 'POST', path, headers: AES256 })
    t.equal(created.status, 200, created.text)
    t.equal(created.headers['x-amz-server-side-encryption-aws-kms-key-id'], KEY)
  }
  t.equal(
    await reasonOf(rig, {
      method: 'PUT',
      path: '/bucket/k?partNumber=1&uploadId=u',
      headers: AES256,
      body: 'x',
    }),
    '400 encryption-headers-misplaced',
  )
})

t.test(
  '8b. a part of an upload that was created elsewhere is refused by what S3 answers',
  async (t) => {
    const rig = await startRig()
    t.teardown(() => rig.close())
    const { UPSTREAM } = await import('../support/rig.ts')
    const direct = await send(rig.sandbox.port, {
      method: 'POST',
      path: '/bucket/direct?uploads=',
      credentials: UPSTREAM,
    })
    const uploadId = /<UploadId>([^<]+)</.exec(direct.text)?.[1] ?? ''
    t.equal(
      await reasonOf(rig, {
        method: 'PUT',
        path: `/bucket/direct?partNumber=1&uploadId=${uploadId}`,
        body: 'x',
      }),
      '501 encryption-not-confirmed',
    )
  },
)

const CLOSED: readonly (readonly [string, RequestOptions])[] = [
  ['9. PutBucketEncryption', { method: 'PUT', path: '/bucket?encryption', body: '<a/>' }],
  ['9. DeleteBucketEncryption', { method: 'DELETE', path: '/bucket?encryption' }],
  ['10. UpdateObjectEncryption', { method: 'PUT', path: '/bucket/k?encryption', body: '<a/>' }],
  [
    '11. RenameObject',
    {
      method: 'PUT',
      path: '/bucket/k?renameObject',
      headers: { 'x-amz-rename-source': '/bucket/a' },
    },
  ],
  ['12. CreateSession', { path: '/bucket?session' }],
  [
    '14. PutObjectAnnotation',
    { method: 'PUT', path: '/bucket/k?annotation&annotationName=a', body: 'x' },
  ],
  ['16. PutBucketReplication', { method: 'PUT', path: '/bucket?replication', body: '<a/>' }],
  ['16. PutBucketInventory', { method: 'PUT', path: '/bucket?inventory&id=1', body: '<a/>' }],
  ['16. PutBucketAnalytics', { method: 'PUT', path: '/bucket?analytics&id=1', body: '<a/>' }],
  ['16. PutBucketLogging', { method: 'PUT', path: '/bucket?logging', body: '<a/>' }],
  ['16. metadata tables', { method: 'POST', path: '/bucket?metadataConfiguration', body: '<a/>' }],
  [
    '18. WriteGetObjectResponse',
    {
      method: 'POST',
      path: '/WriteGetObjectResponse',
      headers: { 'x-amz-request-route': 'r', 'x-amz-request-token': 't' },
    },
  ],
  ['SelectObjectContent', { method: 'POST', path: '/bucket/k?select&select-type=2', body: '<a/>' }],
]

t.test('what changes encryption behind the policy is closed', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  for (const [name, request] of CLOSED)
    t.equal(await reasonOf(rig, request), '403 operation-closed', name)
  t.equal(rig.received.length, 0)
})

t.test('appending to an object is refused', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const headers = { 'x-amz-write-offset-bytes': '5' }
  t.equal(
    await reasonOf(rig, { method: 'PUT', path: '/bucket/k', headers, body: 'x' }),
    '403 append-closed',
  )
})

t.test('RestoreObject with an output location is refused, however it is spelled', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const bodies = [
    '<RestoreRequest><OutputLocation/></RestoreRequest>',
    '<s:RestoreRequest xmlns:s="x"><s:OutputLocation/></s:RestoreRequest>',
    '<RestoreRequest><Type>SELECT</Type><SelectParameters/></RestoreRequest>',
    '<RestoreRequest><a><OutputLocation/></a></RestoreRequest>',
    `<RestoreRequest><?p " ?><OutputLocation/><?p " ?></RestoreRequest>`,
    `<RestoreRequest><?p ' ?><OutputLocation/><?p ' ?></RestoreRequest>`,
    '\ufeff<?xml version="1.0" encoding="UTF-16"?><RestoreRequest/>',
    '<!DOCTYPE r [<!ENTITY o "<OutputLocation/>">]><RestoreRequest>&o;</RestoreRequest>',
    '<RestoreRequest><OutputLocation',
    'not xml',
  ]
  for (const body of bodies) {
    t.match(
      await reasonOf(rig, { method: 'POST', path: '/bucket/k?restore', body }),
      /^(400|403) /,
      body,
    )
  }
  t.equal(rig.received.length, 0)
})

t.test('requests of S3 Control are refused', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  t.equal(
    await reasonOf(rig, { path: '/bucket', headers: { 'x-amz-account-id': '111122223333' } }),
    '403 s3-control',
  )
  t.match(
    await reasonOf(rig, { method: 'POST', path: '/v20180820/jobs', body: '<a/>' }),
    '403 s3-control',
  )
  t.equal(rig.received.length, 0)
})

t.test('other names of a bucket (alias, ARN, access point) are refused', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  for (const name of [
    'ap-1234567890abcdef-s3alias',
    'olap-1234567890abcdef--ol-s3',
    'bucket--use1-az4--x-s3',
    'ap--use1-az4--xa-s3',
    'arn%3Aaws%3As3%3Aus-east-1%3A111122223333%3Aaccesspoint%3Aap',
    'name.mrap',
  ]) {
    t.match(
      await reasonOf(rig, { method: 'PUT', path: `/${name}/k`, body: 'x' }),
      /^4\d\d bucket-name/,
      name,
    )
  }
  t.equal(rig.received.length, 0)
})

t.test(
  'two Host fields, an authority that differs from Host, and CONNECT are refused',
  async (t) => {
    const rig = await startRig()
    t.teardown(() => rig.close())
    const host = `Host: 127.0.0.1:${rig.port}\r\n`
    const twice = await sendOctets(rig.port, `GET /bucket/k HTTP/1.1\r\n${host}Host: other\r\n\r\n`)
    t.match(twice, /^HTTP\/1.1 400 /)
    const absolute = await sendOctets(
      rig.port,
      `GET http://evil/bucket/k HTTP/1.1\r\n${host}Connection: close\r\n\r\n`,
    )
    t.match(absolute, /^HTTP\/1.1 400 /)
    const connected = await sendOctets(rig.port, `CONNECT 127.0.0.1:22 HTTP/1.1\r\n${host}\r\n`)
    t.match(connected, /^HTTP\/1.1 405 /)
    t.equal(rig.received.length, 0)
  },
)

t.test('dots and encoded slashes are the key that was judged, or refused', async (t) => {
  const rig = await startRig({
    clients: `
  - name: narrow
    accessKeyId: SGNARROW0000000001
    secretAccessKey: narrow-secret-narrow-secret
    buckets: ['bucket']`,
  })
  t.teardown(() => rig.close())
  const credentials = {
    accessKeyId: 'SGNARROW0000000001',
    secretAccessKey: 'narrow-secret-narrow-secret',
  }
  for (const path of ['/bucket/../other/k', '/bucket/..%2Fother/k']) {
    const headers = { host: `127.0.0.1:${rig.port}` }
    const put = await sendRaw(
      rig.port,
      'PUT',
      presignRaw(rig, 'PUT', path, credentials),
      headers,
      Buffer.from('x'),
    )
    t.equal(put.status, 200, put.text)
  }
  t.strictSame(rig.sandbox.list('bucket'), ['../other/k'])
  t.strictSame(rig.sandbox.list('other'), [])
  for (const path of ['/bucket%2Fk', '/%2Fbucket/k', '/bucket/%zz', '/bucket/%00', '/bucket/%ff']) {
    const answer = await sendRaw(
      rig.port,
      'PUT',
      path,
      { host: `127.0.0.1:${rig.port}` },
      Buffer.from('x'),
    )
    t.equal(answer.status, 400, path)
  }
})

/** A presigned target for a path that aws4 would rewrite: signed here as S3 canonicalises it. */
function presignRaw(rig: Rig, method: string, path: string, credentials: typeof CLIENT): string {
  const now = `${new Date().toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`
  const scope = `${now.slice(0, 8)}/${REGION}/s3/aws4_request`
  const query = [
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(`${credentials.accessKeyId}/${scope}`)}`,
    `X-Amz-Date=${now}`,
    'X-Amz-Expires=600',
    'X-Amz-SignedHeaders=host',
  ].join('&')
  const canonicalPath = path.replaceAll('%2F', '/')
  const canonical = `${method}\n${canonicalPath}\n${query}\nhost:127.0.0.1:${rig.port}\n\nhost\nUNSIGNED-PAYLOAD`
  const digest = createHash('sha256').update(canonical).digest('hex')
  const text = `AWS4-HMAC-SHA256\n${now}\n${scope}\n${digest}`
  const key = [now.slice(0, 8), REGION, 's3', 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  )
  return `${path}?${query}&X-Amz-Signature=${createHmac('sha256', key).update(text).digest('hex')}`
}

t.test(
  '23 to 25. sub-resources: encoded, unknown, mixed, partial, twice, with other separators',
  async (t) => {
    const rig = await startRig()
    t.teardown(() => rig.close())
    t.equal(
      await reasonOf(rig, { method: 'PUT', path: '/bucket/k?encryptio%6E', body: 'x' }),
      '403 operation-closed',
    )
    for (const query of [
      'acl&uploads',
      'tagging&uploadId=u',
      'newthing',
      'partNumber=1',
      'uploadId=u',
      'uploadId=u&partNumber=',
      'partNumber=1&partNumber=2&uploadId=u',
      'x=1;uploads',
    ]) {
      t.match(
        await reasonOf(rig, { method: 'PUT', path: `/bucket/k?${query}`, body: 'x' }),
        /^(400|501) /,
        query,
      )
    }
    const fragment = await sendOctets(
      rig.port,
      `PUT /bucket/k#frag HTTP/1.1\r\nHost: 127.0.0.1:${rig.port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
    )
    t.match(fragment, /^HTTP\/1.1 400 /)
    t.equal(rig.received.length, 0)
  },
)

t.test('a duplicate header is refused', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const head = `PUT /bucket/k HTTP/1.1\r\nHost: 127.0.0.1:${rig.port}\r\nConnection: close\r\nContent-Length: 0\r\n`
  for (const name of [
    SSE,
    'x-amz-copy-source',
    'x-amz-content-sha256',
    'Authorization',
    'x-amz-date',
  ]) {
    const answer = await sendOctets(rig.port, `${head}${name}: a\r\n${name}: b\r\n\r\n`)
    t.match(answer, /^HTTP\/1.1 4\d\d /, name)
  }
})

t.test('header names with an underscore are not sent upstream', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const headers = {
    x_amz_server_side_encryption: 'AES256',
    'x-amz-server-side_encryption': 'AES256',
  }
  t.equal(await reasonOf(rig, { method: 'PUT', path: '/bucket/k', headers, body: 'x' }), '200')
  t.notMatch(JSON.stringify(rig.received.at(-1)?.rawHeaders), '_encryption')
  allUnderPolicy(t, rig)
})

t.test('Connection cannot delete what the proxy adds', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const unsigned = { connection: `close, ${SSE}, ${SSE}-aws-kms-key-id, authorization, host` }
  t.equal(await reasonOf(rig, { method: 'PUT', path: '/bucket/k', body: 'x', unsigned }), '200')
  allUnderPolicy(t, rig)
})

t.test('ambiguous framing is refused, so no request hides in another', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const head = `PUT /bucket/k HTTP/1.1\r\nHost: 127.0.0.1:${rig.port}\r\n`
  for (const framing of [
    'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
    'Content-Length: 5\r\nContent-Length: 6\r\n',
    'Transfer-Encoding: chunked, identity\r\n',
    'Transfer-Encoding : chunked\r\n',
    'Content-Length: +5\r\n',
    'Content-Length: 5\r\n folded: x\r\n',
  ]) {
    const answer = await sendOctets(
      rig.port,
      `${head}${framing}\r\n0\r\n\r\nGET /other HTTP/1.1\r\n\r\n`,
    )
    t.match(answer, /^HTTP\/1.1 4\d\d /, framing)
    t.notMatch(answer, /HTTP\/1.1 2/, framing)
  }
  t.equal(rig.received.length, 0)
})

t.test(
  'two signatures at once, SigV2, SigV4A, S3 Express and streaming in a query are refused',
  async (t) => {
    const rig = await startRig()
    t.teardown(() => rig.close())
    const host = { host: `127.0.0.1:${rig.port}` }
    const target = presign(rig, 'PUT', '/bucket/k')
    const attempts: readonly (readonly [string, string, Record<string, string>, string])[] = [
      [
        'presigned and Authorization',
        target,
        { authorization: 'AWS4-HMAC-SHA256 x' },
        'InvalidArgument',
      ],
      ['SigV2 header', '/bucket/k', { authorization: 'AWS AKID:sig=' }, 'InvalidRequest'],
      ['SigV2 query', '/bucket/k?AWSAccessKeyId=a&Signature=b&Expires=1', {}, 'InvalidRequest'],
      [
        'SigV4A',
        '/bucket/k',
        {
          authorization:
            'AWS4-ECDSA-P256-SHA256 Credential=a/20260101/s3/aws4_request, SignedHeaders=host, Signature=00',
        },
        'InvalidRequest',
      ],
      ['Basic', '/bucket/k', { authorization: 'Basic eDp5' }, 'InvalidArgument'],
      ['S3 Express', '/bucket/k', { 'x-amz-s3session-token': 'x' }, 'InvalidRequest'],
      [
        'a streaming value beside a query signature (CVE-2026-41145)',
        target,
        {
          'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
          'x-amz-decoded-content-length': '1',
        },
        '',
      ],
      [
        'a session token that nobody issued',
        '/bucket/k',
        { 'x-amz-security-token': 'x' },
        'InvalidToken',
      ],
    ]
    for (const [name, path, headers, code] of attempts) {
      const answer = await sendRaw(rig.port, 'PUT', path, { ...host, ...headers }, Buffer.from('x'))
      t.match(answer.status, /^4\d\d$/, name)
      t.match(answer.text, `<Code>${code}`, name)
    }
    t.equal(rig.received.length, 0)
  },
)

t.test("nothing of the client's authentication reaches S3", async (t) => {
  const rig = await startRig({
    clients: `
  - name: session
    accessKeyId: SGSESSION000000001
    secretAccessKey: session-secret-session-secret
    sessionToken: the-session-token
    buckets: ['*']`,
  })
  t.teardown(() => rig.close())
  const credentials = {
    accessKeyId: 'SGSESSION000000001',
    secretAccessKey: 'session-secret-session-secret',
    sessionToken: 'the-session-token',
  }
  const put = await send(rig.port, { method: 'PUT', path: '/bucket/k', body: 'x', credentials })
  t.equal(put.status, 200, put.text)
  const seen = JSON.stringify(rig.received.at(-1))
  for (const secret of ['the-session-token', 'SGSESSION', 'SGCLIENT']) t.notMatch(seen, secret)
})

t.test('only an announced checksum passes as a trailer', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  const chunked = (trailerName: string, trailer: string) =>
    reasonOf(rig, {
      method: 'PUT',
      path: '/bucket/k',
      headers: {
        'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
        'content-encoding': 'aws-chunked',
        'x-amz-decoded-content-length': '1',
        'x-amz-trailer': trailerName,
      },
      body: `1\r\nx\r\n0\r\n${trailer}\r\n\r\n`,
    })
  t.equal(await chunked(SSE, `${SSE}:AES256`), '400 trailer-not-supported')
  t.equal(await chunked('x-amz-checksum-crc32', `${SSE}:AES256`), '400 trailer-malformed')
  t.equal(
    await chunked('x-amz-checksum-crc32', 'x-amz-checksum-crc32:jNxSKw=='),
    '400',
    'S3 finds the wrong one',
  )
  t.equal(rig.sandbox.inspect('bucket', 'k'), undefined)
})

t.test('other methods, method overrides and SOAP are refused', async (t) => {
  const rig = await startRig()
  t.teardown(() => rig.close())
  for (const method of ['PATCH', 'TRACE', 'PROPFIND', 'LINK']) {
    t.match(await reasonOf(rig, { method, path: '/bucket/k' }), /^405 /, method)
  }
  const overridden = { 'x-http-method-override': 'PUT', 'x-method-override': 'PUT' }
  await send(rig.port, { path: '/bucket/k', unsigned: overridden })
  t.notMatch(JSON.stringify(rig.received.at(-1)?.rawHeaders), 'override')
  t.match(await reasonOf(rig, { method: 'POST', path: '/soap', body: '<a/>' }), /^4\d\d /)
})

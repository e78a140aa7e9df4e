import { request as httpRequest } from 'node:http'
import { createConnection } from 'node:net'
import t from 'tap'
import { makeCertificate } from '../support/certificates.ts'
import { CLIENT, KEY } from '../support/rig.ts'
import { sendRaw } from '../support/signed-request.ts'
import { startEgressRig, watchNetwork } from './egress-rig.ts'
import {
  basic,
  connectThrough,
  openTls,
  sendAbsolute,
  sendOver,
  sendTarget,
} from './through-proxy.ts'

const HOST = 'bucket.s3.us-east-1.amazonaws.com'
const ca = makeCertificate()

const ANONYMOUS = ['  - name: app', '    anonymous: true', "    buckets: ['*']"]

/** Host, path and signing region of uploads to bucket/key in every form that S3 has. */
const FORMS: readonly (readonly [host: string, path: string, region: string])[] = [
  [HOST, '/key', 'us-east-1'],
  ['s3.us-east-1.amazonaws.com', '/bucket/key', 'us-east-1'],
  ['BUCKET.s3.us-east-1.amazonaws.com', '/key', 'us-east-1'],
  ['bucket.s3-eu-west-1.amazonaws.com', '/key', 'eu-west-1'],
  ['bucket.s3.eu-central-1.amazonaws.com', '/key', 'eu-central-1'],
  ['s3.amazonaws.com', '/bucket/key', 'us-east-1'],
  ['bucket.s3.amazonaws.com', '/key', 'us-east-1'],
  ['bucket.s3.dualstack.us-east-1.amazonaws.com', '/key', 'us-east-1'],
  ['bucket.s3-fips.us-gov-west-1.amazonaws.com', '/key', 'us-gov-west-1'],
  ['bucket.s3-fips.dualstack.us-east-1.amazonaws.com', '/key', 'us-east-1'],
  ['bucket.s3-accelerate.amazonaws.com', '/key', 'us-east-1'],
  ['bucket.s3.cn-north-1.amazonaws.com.cn', '/key', 'cn-north-1'],
]

t.test('uploads to every form of S3 host take the road of the policy', async (t) => {
  const rig = await startEgressRig()
  t.teardown(() => rig.close())
  for (const [host, path, region] of FORMS) {
    const text = `to ${host}`
    const put = await sendAbsolute(rig.port, { host, method: 'PUT', path, body: text, region })
    t.equal(put.status, 200, `${host}: ${put.text}`)
    t.equal(put.headers['x-amz-server-side-encryption-aws-kms-key-id'], KEY)
    t.match(rig.sandbox.inspect('bucket', 'key'), { encryption: 'aws:kms', keyId: KEY })
    const get = await sendAbsolute(rig.port, { host, path, region })
    t.equal(get.text, text)
  }
  const lines = await rig.audit()
  t.match(lines[0], { client: 'app', operation: 'PutObject', bucket: 'bucket', key: 'key' })
})

t.test('the target goes on octet for octet', async (t) => {
  const rig = await startEgressRig()
  t.teardown(() => rig.close())
  const path = '/a/../b//c/%2e%2e/d'
  const put = await sendAbsolute(rig.port, { host: HOST, method: 'PUT', path, body: 'x' })
  t.equal(put.status, 200, put.text)
  t.match(rig.sandbox.inspect('bucket', 'a/../b//c/../d'), { encryption: 'aws:kms' })
})

t.test('a raw ; in a query is data, in absolute-form and inside of CONNECT', async (t) => {
  const rig = await startEgressRig({ ca })
  t.teardown(() => rig.close())
  const put = await sendAbsolute(rig.port, { host: HOST, method: 'PUT', path: '/a;b', body: 'x' })
  t.equal(put.status, 200, put.text)
  const paths = [
    '/a;b?response-content-disposition=attachment;filename=x',
    '/?list-type=2&prefix=a;b&start-after=a;a',
  ]
  for (const path of paths) {
    const absolute = await sendAbsolute(rig.port, { host: HOST, path })
    t.equal(absolute.status, 200, absolute.text)
    const { socket } = await connectThrough(rig.port, `${HOST}:443`)
    const tls = await openTls(socket, HOST, ca.cert)
    const opened = await sendOver(tls, { host: HOST, path })
    t.equal(opened.status, 200, opened.text)
    tls.destroy()
    t.equal(opened.text, absolute.text)
    if (path.startsWith('/?')) t.match(opened.text, '<Key>a;b</Key>')
    else t.equal(opened.headers['content-disposition'], 'attachment;filename=x')
  }
  for (const { rawTarget } of rig.received.slice(1)) t.notMatch(rawTarget.split('?')[1], /;/)
})

t.test('a signature must be for the region of the host', async (t) => {
  const rig = await startEgressRig()
  t.teardown(() => rig.close())
  const wrong = await sendAbsolute(rig.port, { host: HOST, path: '/key', region: 'eu-west-1' })
  t.equal(wrong.status, 400)
  t.match(wrong.text, '<Code>AuthorizationHeaderMalformed</Code>')
  // The bucket may be anywhere, but not in a region that nobody named.
  const host = 'bucket.s3.amazonaws.com'
  const nowhere = await sendAbsolute(rig.port, { host, path: '/key', region: 'eu-west-1' })
  t.equal(nowhere.status, 400)
})

t.test('verifySignatures: a wrong signature and an unknown key are refused', async (t) => {
  const rig = await startEgressRig()
  t.teardown(() => rig.close())
  const request = { host: HOST, method: 'PUT', path: '/key', body: 'x' }
  const forged = await sendAbsolute(rig.port, {
    ...request,
    credentials: { ...CLIENT, secretAccessKey: 'other' },
  })
  t.equal(forged.headers['x-sealgate-reason'], 'signature-mismatch')
  const unknown = await sendAbsolute(rig.port, {
    ...request,
    credentials: { accessKeyId: 'AKIAOTHER', secretAccessKey: 'other' },
  })
  t.equal(unknown.headers['x-sealgate-reason'], 'unknown-access-key')
  const unsigned = await sendAbsolute(rig.port, { ...request, credentials: null })
  t.equal(unsigned.headers['x-sealgate-reason'], 'anonymous')
  const proxyAuthorization = basic(CLIENT.accessKeyId, CLIENT.secretAccessKey)
  const known = await sendAbsolute(rig.port, {
    ...request,
    credentials: null,
    unsigned: { 'proxy-authorization': proxyAuthorization },
  })
  t.equal(known.headers['x-sealgate-reason'], 'anonymous', 'the proxy password is no signature')
  t.equal(rig.received.length, 0)
})

t.test('on loopback without an anonymous client a name is asked for with 407', async (t) => {
  const egress = ['verifySignatures: false', "allowHosts: ['repo.example']"]
  const network = watchNetwork({ 'repo.example': ['93.184.216.34'] }, 9)
  const rig = await startEgressRig({ ca, egress, network })
  t.teardown(() => rig.close())
  const proxyAuthorization = basic('app', CLIENT.secretAccessKey)
  const request = { host: HOST, method: 'PUT', path: '/key', body: 'x' }

  const nobody = await sendAbsolute(rig.port, request)
  t.equal(nobody.status, 407)
  t.equal(nobody.headers['proxy-authenticate'], 'Basic realm="sealgate", charset="UTF-8"')
  t.equal(nobody.headers['x-sealgate-reason'], 'egress-proxy-authentication')
  const put = await sendAbsolute(rig.port, {
    ...request,
    unsigned: { 'proxy-authorization': proxyAuthorization },
  })
  t.equal(put.status, 200, put.text)

  const unnamed = await connectThrough(rig.port, `${HOST}:443`)
  t.equal(unnamed.status, 407)
  t.match(unnamed.head, 'proxy-authenticate: Basic')
  unnamed.socket.destroy()
  const { status, socket } = await connectThrough(rig.port, `${HOST}:443`, {
    'proxy-authorization': proxyAuthorization,
  })
  t.equal(status, 200)
  const tls = await openTls(socket, HOST, ca.cert)
  t.equal((await sendOver(tls, request)).status, 200)
  tls.destroy()
  t.match(rig.sandbox.inspect('bucket', 'key'), { encryption: 'aws:kms', keyId: KEY })

  // Clients that DNS brings here know of no proxy: they get S3's own refusal.
  const direct = await sendTarget(rig.port, '/key', { ...request, credentials: null })
  t.equal(direct.status, 403)
  t.equal(direct.headers['x-sealgate-reason'], 'anonymous')
  // Other hosts on the list are open to whoever is on the machine.
  const other = await sendTarget(rig.port, 'http://repo.example/', {
    ...{ host: 'repo.example', path: '/', credentials: null },
  })
  t.equal(other.headers['x-sealgate-reason'], 'egress-connect')
})

t.test('with verifySignatures nobody is asked for a name: the signature gives it', async (t) => {
  const rig = await startEgressRig({ ca })
  t.teardown(() => rig.close())
  const { status, socket } = await connectThrough(rig.port, `${HOST}:443`)
  t.equal(status, 200)
  const tls = await openTls(socket, HOST, ca.cert)
  const put = await sendOver(tls, { host: HOST, method: 'PUT', path: '/key', body: 'x' })
  t.equal(put.status, 200, put.text)
  tls.destroy()
})

t.test(
  'verifySignatures false: Proxy-Authorization tells who it is, signatures say nothing',
  async (t) => {
    const rig = await startEgressRig({ isPublic: true, egress: ['verifySignatures: false'] })
    t.teardown(() => rig.close())
    const request = { host: HOST, method: 'PUT', path: '/key', body: 'x' }
    const others = { accessKeyId: 'AKIAOTHER', secretAccessKey: 'other' }
    for (const credentials of [others, CLIENT, { ...CLIENT, secretAccessKey: 'other' }, null]) {
      const nobody = await sendAbsolute(rig.port, { ...request, credentials })
      t.equal(nobody.status, 407)
      t.equal(nobody.headers['proxy-authenticate'], 'Basic realm="sealgate", charset="UTF-8"')
      t.equal(nobody.headers['x-sealgate-reason'], 'egress-proxy-authentication')
      const wrong = await sendAbsolute(rig.port, {
        ...request,
        credentials,
        unsigned: { 'proxy-authorization': basic('app', 'wrong') },
      })
      t.equal(wrong.status, 407)
      for (const user of ['app', CLIENT.accessKeyId]) {
        const put = await sendAbsolute(rig.port, {
          ...request,
          credentials,
          unsigned: { 'proxy-authorization': basic(user, CLIENT.secretAccessKey) },
        })
        t.equal(put.status, 200, put.text)
      }
    }
    t.match(rig.sandbox.inspect('bucket', 'key'), { encryption: 'aws:kms', keyId: KEY })
    const heads = JSON.stringify(rig.received).toLowerCase()
    t.notMatch(heads, 'proxy-authorization')
    t.notMatch(
      heads,
      Buffer.from(CLIENT.secretAccessKey).toString('base64').slice(0, 20).toLowerCase(),
    )
    t.match((await rig.audit()).at(-1), { client: 'app', operation: 'PutObject' })
    t.match(await rig.refusals(), /reason="egress-proxy-authentication"\} 8/)
  },
)

t.test('verifySignatures false: signatures of any age are dropped, tokens with them', async (t) => {
  const rig = await startEgressRig({ ca, clients: ANONYMOUS, egress: ['verifySignatures: false'] })
  t.teardown(() => rig.close())
  const request = { host: HOST, method: 'PUT', path: '/key', body: 'x', credentials: null }
  for (const unsigned of [
    { authorization: 'AWS AKIAOTHER:frJIUN8DYpKDtOLCwo//yllqDzg=', date: new Date().toUTCString() },
    { authorization: 'AWS4-HMAC-SHA256 malformed', 'x-amz-security-token': 'token' },
    { 'x-amz-security-token': 'token' },
  ]) {
    const put = await sendAbsolute(rig.port, { ...request, unsigned })
    t.equal(put.status, 200, put.text)
    const { socket } = await connectThrough(rig.port, `${HOST}:443`)
    const tls = await openTls(socket, HOST, ca.cert)
    const opened = await sendOver(tls, { ...request, unsigned })
    t.equal(opened.status, 200, opened.text)
    tls.destroy()
  }
  t.match(rig.sandbox.inspect('bucket', 'key'), { encryption: 'aws:kms', keyId: KEY })
  t.notMatch(JSON.stringify(rig.received), 'AKIAOTHER')
})

t.test('on loopback the anonymous client needs no signature', async (t) => {
  for (const egress of [[], ['verifySignatures: false']]) {
    const rig = await startEgressRig({ clients: ANONYMOUS, egress })
    t.teardown(() => rig.close())
    for (const credentials of [null, { accessKeyId: 'AKIAOTHER', secretAccessKey: 'other' }]) {
      const put = await sendAbsolute(rig.port, {
        ...{ host: HOST, method: 'PUT', path: '/key', body: 'x', credentials },
      })
      t.equal(put.status, 200, put.text)
    }
    t.match(rig.sandbox.inspect('bucket', 'key'), { encryption: 'aws:kms', keyId: KEY })
  }
})

t.test('forms of S3 to which no policy applies are refused as S3 would', async (t) => {
  const allowHosts = "allowHosts: ['*.amazonaws.com', '*.api.aws', '*.on.aws']"
  const rig = await startEgressRig({ ca, egress: [allowHosts] })
  t.teardown(() => rig.close())
  for (const host of [
    's3tables.us-east-1.amazonaws.com',
    's3tables.us-east-1.api.aws',
    's3vectors.us-east-1.api.aws.',
    's3files.us-east-1.api.aws',
    'fs-0123456abcdef0189.s3files.us-east-1.on.aws',
    's-0123456789abcdef0.server.transfer.us-east-1.amazonaws.com',
    'vpce-1a2b3c4d-5e6f.s3vectors.us-east-1.vpce.amazonaws.com',
    'ap-111122223333.s3-accesspoint.us-east-1.amazonaws.com',
    'alias.accesspoint.s3-global.amazonaws.com',
    'ol-111122223333.s3-object-lambda.us-east-1.amazonaws.com',
    '111122223333.s3-control.us-east-1.amazonaws.com',
    'b.op-0.s3-outposts.us-east-1.amazonaws.com',
    'b--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com',
    's3express-control.us-east-1.amazonaws.com',
    'bucket.s3-website-us-east-1.amazonaws.com',
  ]) {
    const put = await sendAbsolute(rig.port, { host, method: 'PUT', path: '/key', body: 'x' })
    t.equal(put.status, 403, host)
    t.equal(put.headers['x-sealgate-reason'], 'egress-s3-form-unsupported')
    t.match(put.text, '<Error><Code>AccessDenied</Code>')
    const { status, head, socket } = await connectThrough(rig.port, `${host}:443`)
    t.equal(status, 403)
    t.match(head, 'x-sealgate-reason: egress-s3-form-unsupported')
    socket.destroy()
  }
})

t.test('Host and the target must name one place', async (t) => {
  const rig = await startEgressRig({ clients: ANONYMOUS })
  t.teardown(() => rig.close())
  const target = `http://${HOST}/key`
  for (const host of ['other.s3.us-east-1.amazonaws.com', `${HOST}:81`, 's3.amazonaws.com', '']) {
    const answer = await sendTarget(rig.port, target, { host, path: '/key', credentials: null })
    t.equal(answer.status, 400, host)
    t.equal(answer.headers['x-sealgate-reason'], 'egress-host-mismatch')
  }
  const none = await sendRaw(rig.port, 'GET', target, {})
  t.equal(none.headers['x-sealgate-reason'], 'egress-host-mismatch')
  t.equal(rig.received.length, 0)
})

t.test('what is no request to a proxy is refused', async (t) => {
  const rig = await startEgressRig({ clients: ANONYMOUS })
  t.teardown(() => rig.close())
  for (const target of [
    '*',
    'ftp://a.example/',
    'http://user:secret@a.example/',
    'http:///',
    '/x',
  ]) {
    const answer = await sendTarget(rig.port, target, {
      host: 'a.example',
      path: '',
      credentials: null,
    })
    t.equal(answer.status, 400, target)
    t.equal(answer.headers['x-sealgate-reason'], 'egress-target')
    t.notMatch(answer.text, 'secret')
  }
  t.notMatch(JSON.stringify(await rig.audit()) + rig.log(), 'secret')
})

t.test(
  'CONNECT to S3 is opened with a leaf of the authority; the upload is under the key',
  async (t) => {
    const rig = await startEgressRig({ ca })
    t.teardown(() => rig.close())
    for (const [host, path, region] of FORMS) {
      const { status, socket } = await connectThrough(rig.port, `${host}:443`)
      t.equal(status, 200, host)
      const tls = await openTls(socket, host.toLowerCase(), ca.cert)
      t.equal(tls.authorized, true)
      t.equal(tls.alpnProtocol, 'http/1.1')
      const put = await sendOver(tls, { host, method: 'PUT', path, body: host, region })
      t.equal(put.status, 200, `${host}: ${put.text}`)
      t.match(rig.sandbox.inspect('bucket', 'key'), { encryption: 'aws:kms', keyId: KEY })
      tls.destroy()
    }
  },
)

t.test('a client without the authority fails closed', async (t) => {
  const rig = await startEgressRig({ ca })
  t.teardown(() => rig.close())
  const { status, socket } = await connectThrough(rig.port, `${HOST}:443`)
  t.equal(status, 200)
  await t.rejects(openTls(socket, HOST, undefined), /self-signed|unable to (?:get|verify)/)
  t.equal(rig.received.length, 0)
  t.strictSame(await rig.audit(), [])
})

t.test('SNI must name the host of CONNECT; without SNI that host is meant', async (t) => {
  const rig = await startEgressRig({ ca })
  t.teardown(() => rig.close())
  for (const name of ['other.s3.us-east-1.amazonaws.com', 'www.example.com']) {
    const { socket } = await connectThrough(rig.port, `${HOST}:443`)
    await t.rejects(openTls(socket, name, ca.cert), name)
  }
  t.match(await rig.refusals(), /reason="egress-tls-handshake"\} 2/)
  t.match(await rig.audit(), [
    { reason: 'egress-tls-handshake', decision: 'deny', status: 0, host: `${HOST}:443` },
    { reason: 'egress-tls-handshake', decision: 'deny', status: 0, host: `${HOST}:443` },
  ])
  const { socket } = await connectThrough(rig.port, `${HOST}:443`)
  // Its name does not match '', so the handshake is looked at, not trusted.
  const tls = await openTls(socket, '', ca.cert).catch((error: Error) => error.message)
  t.match(String(tls), HOST)
})

t.test('TLS below 1.2, and h2 alone, come to nothing', async (t) => {
  const rig = await startEgressRig({ ca })
  t.teardown(() => rig.close())
  const old = await connectThrough(rig.port, `${HOST}:443`)
  await t.rejects(openTls(old.socket, HOST, ca.cert, { maxVersion: 'TLSv1.1' }))
  const h2 = await connectThrough(rig.port, `${HOST}:443`)
  await t.rejects(openTls(h2.socket, HOST, ca.cert, { alpn: ['h2'] }))
  const tls12 = await connectThrough(rig.port, `${HOST}:443`)
  const tls = await openTls(tls12.socket, HOST, ca.cert, { maxVersion: 'TLSv1.2' })
  t.equal(tls.getProtocol(), 'TLSv1.2')
  tls.destroy()
})

t.test(
  'inside of CONNECT the Host header must be that host, and CONNECT is not nested',
  async (t) => {
    const rig = await startEgressRig({ ca, clients: ANONYMOUS })
    t.teardown(() => rig.close())
    const asked: readonly (readonly [string, string, string, number])[] = [
      ['GET', 'other.s3.us-east-1.amazonaws.com', '/key', 400],
      ['GET', `${HOST}:80`, '/key', 400],
      ['GET', `${HOST}..`, '/key', 400],
      ['GET', HOST, `http://${HOST}/key`, 400],
      ['GET', `${HOST}:443`, '/no-such-key', 404],
      ['GET', `${HOST}.`, '/no-such-key', 404],
      ['GET', `${HOST}.:443`, '/no-such-key', 404],
    ]
    for (const [method, host, path, status] of asked) {
      const { socket } = await connectThrough(rig.port, `${HOST}:443`)
      const tls = await openTls(socket, HOST, ca.cert)
      const answer = await sendOver(tls, { host, method, path, credentials: null })
      t.equal(answer.status, status, `${host} ${path}`)
      tls.destroy()
    }
    const { socket } = await connectThrough(rig.port, `${HOST}:443`)
    const tls = await openTls(socket, HOST, ca.cert)
    tls.write(`CONNECT www.example.com:443 HTTP/1.1\r\nhost: ${HOST}\r\n\r\n`)
    const [chunk] = await new Promise<Buffer[]>((resolve) =>
      tls.once('data', (data) => resolve([data])),
    )
    t.match(String(chunk), 'HTTP/1.1 405')
    tls.destroy()
  },
)

t.test('a CONNECT whose Host field names another host is refused', async (t) => {
  const rig = await startEgressRig({
    ca,
    clients: ANONYMOUS,
    egress: ["allowHosts: ['repo.example']"],
  })
  t.teardown(() => rig.close())
  for (const [target, host] of [
    [HOST, 'other.s3.us-east-1.amazonaws.com:443'],
    [HOST, 'repo.example'],
    ['repo.example', `${HOST}:443`],
    [HOST, `x.${HOST}`],
    [HOST, `${HOST}..`],
    [HOST, ''],
  ] as const) {
    const { status, head, socket } = await connectThrough(rig.port, `${target}:443`, { host })
    t.equal(status, 400, `${target}, Host: ${host}`)
    t.match(head, 'x-sealgate-reason: egress-host-mismatch')
    socket.destroy()
  }
  // RFC 9112 section 3.2: the field may lack the port, and neither case nor a last dot is a difference.
  for (const host of [HOST, HOST.toUpperCase(), `${HOST}.`, `${HOST}.:443`]) {
    const { status, socket } = await connectThrough(rig.port, `${HOST}:443`, { host })
    t.equal(status, 200, host)
    socket.destroy()
  }
})

t.test('a last dot and a default port name the same S3 host', async (t) => {
  const rig = await startEgressRig({ ca })
  t.teardown(() => rig.close())
  for (const host of [`${HOST}.`, `${HOST}:80`, `${HOST}.:80`]) {
    const text = `absolute ${host}`
    const put = await sendAbsolute(rig.port, { host, method: 'PUT', path: '/key', body: text })
    t.equal(put.status, 200, `${host}: ${put.text}`)
    t.equal((await sendAbsolute(rig.port, { host: HOST, path: '/key' })).text, text)
  }
  for (const [target, host, servername] of [
    [`${HOST}.:443`, `${HOST}.`, HOST],
    [`${HOST}.:443`, HOST, `${HOST}.`],
    [`${HOST}:443`, `${HOST}.:443`, HOST],
  ] as const) {
    const { status, socket } = await connectThrough(rig.port, target)
    t.equal(status, 200, target)
    const tls = await openTls(socket, servername, ca.cert)
    const put = await sendOver(tls, { host, method: 'PUT', path: '/key', body: host })
    t.equal(put.status, 200, `${host}: ${put.text}`)
    tls.destroy()
  }
  t.match(rig.sandbox.inspect('bucket', 'key'), { encryption: 'aws:kms', keyId: KEY })
})

t.test('octets that come with CONNECT are the begin of TLS', async (t) => {
  const rig = await startEgressRig({ ca, clients: ANONYMOUS })
  t.teardown(() => rig.close())
  const socket = createConnection({ host: '127.0.0.1', port: rig.port })
  socket.write(`CONNECT ${HOST}:443 HTTP/1.1\r\nhost: ${HOST}:443\r\n\r\nGET / HTTP/1.1\r\n\r\n`)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => undefined)
  await new Promise((resolve) => socket.once('close', resolve))
  const answer = Buffer.concat(chunks).toString('latin1')
  t.match(answer, /^HTTP\/1\.1 200 Connection Established\r\n\r\n/)
  t.notMatch(answer.slice(10), 'HTTP/1.1', 'plain text gets no answer')
})

t.test('without interception CONNECT to S3 is refused, never tunnelled', async (t) => {
  const rig = await startEgressRig({
    egress: ["allowHosts: ['*.amazonaws.com', '*:443']"].slice(1),
  })
  t.teardown(() => rig.close())
  const { status, head, socket } = await connectThrough(rig.port, `${HOST}:443`)
  t.equal(status, 403)
  t.match(head, 'x-sealgate-reason: egress-intercept-off')
  socket.destroy()
  t.match(await rig.refusals(), /reason="egress-intercept-off"\} 1/)
})

t.test(
  'beyond loopback an intercepted client is known by Proxy-Authorization on CONNECT',
  async (t) => {
    const rig = await startEgressRig({ ca, isPublic: true, egress: ['verifySignatures: false'] })
    t.teardown(() => rig.close())
    const nobody = await connectThrough(rig.port, `${HOST}:443`)
    t.equal(nobody.status, 407)
    t.match(nobody.head, 'proxy-authenticate: Basic')
    nobody.socket.destroy()
    const { status, socket } = await connectThrough(rig.port, `${HOST}:443`, {
      'proxy-authorization': basic('app', CLIENT.secretAccessKey),
    })
    t.equal(status, 200)
    const tls = await openTls(socket, HOST, ca.cert)
    const put = await sendOver(tls, {
      ...{ host: HOST, method: 'PUT', path: '/key', body: 'x' },
      credentials: { accessKeyId: 'AKIAOTHER', secretAccessKey: 'other' },
    })
    t.equal(put.status, 200, put.text)
    tls.destroy()
    t.match((await rig.audit()).at(-1), { client: 'app', operation: 'PutObject', status: 200 })
  },
)

t.test('transparent use: where DNS brings S3 names here, SNI tells the host', async (t) => {
  const rig = await startEgressRig({ ca })
  t.teardown(() => rig.close())
  const open = (name: string) =>
    openTls(createConnection({ host: '127.0.0.1', port: rig.port }), name, ca.cert)
  const tls = await open(HOST)
  const put = await sendOver(tls, { host: HOST, method: 'PUT', path: '/key', body: 'x' })
  t.equal(put.status, 200, put.text)
  t.match(rig.sandbox.inspect('bucket', 'key'), { encryption: 'aws:kms', keyId: KEY })
  tls.destroy()

  const mismatched = await open(HOST)
  const other = 'other.s3.us-east-1.amazonaws.com'
  const answer = await sendOver(mismatched, { host: other, path: '/key' })
  t.equal(answer.headers['x-sealgate-reason'], 'egress-host-mismatch')
  mismatched.destroy()
  for (const name of ['www.example.com', 'b.s3-website-us-east-1.amazonaws.com', '']) {
    await t.rejects(open(name), name)
  }
  const plain = await sendTarget(rig.port, '/key', { host: HOST, path: '/key' })
  t.equal(plain.text, 'x', 'plain HTTP, too')
})

t.test(
  'a listener with a certificate of its own is a proxy over TLS, and transparent for S3',
  async (t) => {
    const tls = makeCertificate({ names: ['DNS:egress.corp.example'], isAuthority: false })
    const rig = await startEgressRig({ ca, tls, listener: ['hosts: [s3.corp.example]'] })
    t.teardown(() => rig.close())
    const open = (name: string, authority: string) =>
      openTls(createConnection({ host: '127.0.0.1', port: rig.port }), name, authority)
    const proxied = await open('', tls.cert).catch((error: Error) => error.message)
    t.match(String(proxied), 'egress.corp.example', 'its own certificate')
    const transparent = await open(HOST, ca.cert)
    const put = await sendOver(transparent, { host: HOST, method: 'PUT', path: '/key', body: 'x' })
    t.equal(put.status, 200, put.text)
    transparent.destroy()
    const own = await open('bucket.s3.corp.example', ca.cert)
    const get = await sendOver(own, { host: 'bucket.s3.corp.example', path: '/key' })
    t.equal(get.text, 'x', 'names of its own are S3, too')
    own.destroy()
  },
)

t.test('a head that does not come whole is cut, before and inside of CONNECT', async (t) => {
  const rig = await startEgressRig({ ca, more: ['limits: { headIdle: 1s }'] })
  t.teardown(() => rig.close())
  const closed = (socket: { once(name: 'close', f: () => void): unknown; resume(): unknown }) =>
    new Promise<void>((resolve) => {
      socket.once('close', () => resolve())
      socket.resume()
    })
  const silent = createConnection({ host: '127.0.0.1', port: rig.port })
  const slow = createConnection({ host: '127.0.0.1', port: rig.port })
  slow.write('GET http://')
  const noHandshake = await connectThrough(rig.port, `${HOST}:443`)
  const inside = await connectThrough(rig.port, `${HOST}:443`)
  const tls = await openTls(inside.socket, HOST, ca.cert)
  tls.write('GET /')
  tls.on('error', () => undefined)
  slow.on('error', () => undefined)
  await Promise.all([closed(silent), closed(slow), closed(noHandshake.socket), closed(tls)])
  t.pass('all four are closed')
})

t.test('a body with Expect: 100-continue is asked for after the decision', async (t) => {
  const rig = await startEgressRig({ clients: ANONYMOUS })
  t.teardown(() => rig.close())
  const status = await new Promise<string>((resolve, reject) => {
    const events: string[] = []
    const request = httpRequest({
      ...{ host: '127.0.0.1', port: rig.port, method: 'PUT', path: `http://${HOST}/key` },
      headers: { host: HOST, expect: '100-continue', 'content-length': '4' },
    })
    request.on('continue', () => {
      events.push('100')
      request.end('text')
    })
    request.on('response', (response) => {
      response.resume()
      resolve([...events, response.statusCode].join(' '))
    })
    request.on('error', reject)
    request.flushHeaders()
  })
  t.equal(status, '100 200')
})

t.test('draining ends although a connection stands open', async (t) => {
  const rig = await startEgressRig({ ca, more: ['drain: { delay: 0s, deadline: 2s }'] })
  t.teardown(() => rig.close())
  const { socket } = await connectThrough(rig.port, `${HOST}:443`)
  const tls = await openTls(socket, HOST, ca.cert)
  tls.on('error', () => undefined)
  t.equal(await rig.drain(), true)
})

import t from 'tap'
import {
  certificateFiles,
  packSnapshot,
  takeSnapshot,
  unpackSnapshot,
} from '../../src/service/config-snapshot.ts'
import { makeCertificate } from '../support/certificates.ts'
import { KEY } from '../support/rig.ts'

const { cert: certificate, key } = makeCertificate()

const YAML = `version: 1
listen: [{ address: '127.0.0.1:0', tls: { certFile: /tls/cert, keyFile: /tls/key, clientCaFile: /tls/ca } }]
upstream: { endpoint: 'sandbox:', region: us-east-1, caFile: /tls/upstream }
clients: [{ name: app, accessKeyId: SGTEST00000000000001, secretAccessKey: { file: /secret }, buckets: ['*'] }]
policy: { rules: [{ name: all, encrypt: { keyId: '${KEY}' } }] }
`

function disk(secret: string): ReadonlyMap<string, string> {
  return new Map([
    ['/c.yaml', YAML],
    ['/secret', secret],
    ['/tls/cert', certificate],
    ['/tls/key', key],
    ['/tls/ca', certificate],
    ['/tls/upstream', certificate],
  ])
}

async function take(files: ReadonlyMap<string, string>) {
  const taken = await takeSnapshot({
    path: '/c.yaml',
    readFile: async (path) => files.get(path) ?? Promise.reject(new Error('missing')),
    env: {},
  })
  if (!taken.ok) throw new Error(JSON.stringify(taken.error))
  return taken.value
}

t.test('a snapshot holds every file that the configuration was made from', async (t) => {
  const snapshot = await take(disk('the-first-secret'))
  t.strictSame([...snapshot.files.keys()].sort(), [...disk('').keys()].sort())
  t.equal(snapshot.ticketKeys.length, 48)
})

t.test('what is sent is loaded as it was, whatever has become of the files', async (t) => {
  const sent = packSnapshot(await take(disk('the-first-secret')))
  const received = await unpackSnapshot(structuredClone(sent), {})
  if (!received.ok) throw new Error(JSON.stringify(received.error))
  const [client] = received.value.config.clients
  t.match(client?.identity, { kind: 'keys', secretAccessKeys: ['the-first-secret'] })
  t.strictSame(Buffer.from(received.value.ticketKeys), sent.ticketKeys)
})

t.test('what was not sent is not read from anywhere', async (t) => {
  const parcel = packSnapshot(await take(disk('the-first-secret')))
  const partial = new Map(parcel.files)
  partial.delete('/secret')
  const received = await unpackSnapshot({ ...parcel, files: partial }, {})
  t.match(received, { ok: false, error: { problems: [{ path: 'clients[0].secretAccessKey' }] } })
})

t.test('certificates are those of listeners and of the upstream', async (t) => {
  const { config } = await take(disk('the-first-secret'))
  t.strictSame(certificateFiles(config), ['/tls/cert', '/tls/key', '/tls/ca', '/tls/upstream'])
})

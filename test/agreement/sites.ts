import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { KEY, type Rig, startRig } from '../support/rig.ts'

/* The configurations under which explain and the proxy are asked the same. */

const RULES = `
  rules:
    - { name: strict, match: { buckets: [strict] }, encrypt: { keyId: '${KEY}' }, conflict: reject }
    - { name: guarded, match: { buckets: [guarded] }, encrypt: { keyId: '${KEY}' }, guards: { publicAcl: refuse, storageClasses: [STANDARD, GLACIER_IR] } }
    - { name: tagged, match: { buckets: [tagged] }, encrypt: { keyId: '${KEY}' }, guards: { tags: [team], maxBytes: 20, checksum: required } }
    - { name: locked, match: { buckets: [locked] }, encrypt: { keyId: '${KEY}' }, guards: { objectLock: { mode: GOVERNANCE, days: 1 } } }
    - { name: own-keys, match: { buckets: [bucket], keys: ['own/*'] }, encrypt: { keyId: '${KEY}' }, customerKeys: override }
    - { name: exempt, match: { buckets: [exempt] }, exempt: written by a load balancer }
    - { name: bucket, match: { buckets: ['bucket'] }, encrypt: { keyId: '${KEY}', bucketKey: true } }`

const BUCKETS = '[bucket, strict, guarded, tagged, locked, exempt, no-rule]'
const OTHER =
  "  - { name: other, accessKeyId: SGOTHER00000000001, secretAccessKey: other-secret-other-secret, buckets: ['*'], allow: [read, write, delete, list, create, configure] }"
const SIDECAR = `${OTHER}
  - { name: sidecar, anonymous: true, buckets: [bucket, exempt] }`

/** By name: the policy, and the clients beside the one that signs. */
const SITES = {
  gateway: { policy: RULES, clients: OTHER },
  sidecar: { policy: `\n  misplacedEncryptionHeaders: strip${RULES}`, clients: SIDECAR },
  observe: { policy: `\n  mode: observe${RULES}`, clients: OTHER },
  open: {
    policy: `\n  allowOperations: [PutBucketEncryption, RenameObject, CreateSession, RestoreObject]\n  reads: { customerKeys: allow }${RULES}`,
    clients: SIDECAR,
  },
} as const

export type SiteName = keyof typeof SITES

export const SITE_NAMES: readonly SiteName[] = ['gateway', 'sidecar', 'observe', 'open']

/** Proxies of all configurations, in front of one S3 that accepts everything. */
export interface Sites {
  readonly rigs: Readonly<Record<SiteName, Rig>>
  close(): Promise<void>
}

/** Starts them; the caller closes them. */
export async function startSites(): Promise<Sites> {
  const upstream = await startAcceptingS3()
  const start = (name: SiteName) =>
    startRig({ ...SITES[name], buckets: BUCKETS, upstreamPort: portOf(upstream) })
  const rigs = {
    gateway: await start('gateway'),
    sidecar: await start('sidecar'),
    observe: await start('observe'),
    open: await start('open'),
  }
  return {
    rigs,
    close: async () => {
      for (const name of SITE_NAMES) await rigs[name].close()
      upstream.closeAllConnections()
      await new Promise((resolve) => upstream.close(resolve))
    },
  }
}

/** Takes every request, and says that everything is under the policy's key. */
function startAcceptingS3(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume()
    request.on('end', () => {
      const body = answerTo(request.method, request.url)
      response.writeHead(200, {
        'x-amz-server-side-encryption': 'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id': KEY,
        'content-type': 'application/xml',
        etag: '"e"',
        'content-length': body.length,
      })
      response.end(body)
    })
    request.on('error', () => response.destroy())
  })
  // Longer than any pause of a busy machine, so that no connection closes as it is used again.
  server.keepAliveTimeout = 60_000
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

/** Parts are listed before a completion under a guard. */
function answerTo(method = '', url = ''): string {
  if (method === 'HEAD') return ''
  const isPartList = method === 'GET' && url.includes('part-number-marker')
  return isPartList ? '<ListPartsResult></ListPartsResult>' : '<Answer><ETag>"e"</ETag></Answer>'
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

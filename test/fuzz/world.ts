import type { Signer } from './signature-reading.ts'

/*
 * Who and what there is in a fuzzed world: clients, buckets, keys, and the policy, stated once more and
 * without the product's code. rig.ts writes the same as a configuration.
 */

export const REGION = 'us-east-1'
const KEY_PREFIX = `arn:aws:kms:${REGION}:111122223333:key`
export const KEY = `${KEY_PREFIX}/1234abcd-12ab-34cd-56ef-1234567890ab`
export const HR_KEY = `${KEY_PREFIX}/aaaaaaaa-12ab-34cd-56ef-1234567890ab`
/** A key that exists and that no rule names. */
export const FOREIGN_KEY = `${KEY_PREFIX}/ffffffff-12ab-34cd-56ef-1234567890ab`

/** A client, and the buckets that it may touch; undefined: all. */
export interface Client extends Signer {
  readonly buckets: readonly string[] | undefined
}

export const APP: Client = {
  name: 'app',
  accessKeyId: 'SGFUZZAPP000000001',
  secretAccessKey: 'fuzz-client-secret-of-app',
  buckets: undefined,
}
export const NARROW: Client = {
  name: 'narrow',
  accessKeyId: 'SGFUZZNARROW000001',
  secretAccessKey: 'fuzz-client-secret-of-narrow',
  buckets: ['bucket'],
}
export const SESSION: Client = {
  name: 'session',
  accessKeyId: 'SGFUZZSESSION00001',
  secretAccessKey: 'fuzz-client-secret-of-session',
  sessionToken: 'fuzz-client-session-token',
  buckets: ['bucket', 'free'],
}
export const CLIENTS: readonly Client[] = [APP, NARROW, SESSION]

/** Writes of a bucket's settings, and of ACLs: none of the clients has `configure`. */
export const CONFIGURES = /^(?:PUT|DELETE) bucket\?|^PUT object\?acl$/

/** Sealgate's own, which only the recorder knows. */
export const UPSTREAM: Signer = {
  name: 'sealgate',
  accessKeyId: 'SGFUZZUPSTREAM0001',
  secretAccessKey: 'fuzz-upstream-secret-of-sealgate',
}

/** Names that the listeners serve. */
export const HOSTS: readonly string[] = ['127.0.0.1', 'localhost', 's3.fuzz.test']

/** Whom a sidecar admits without a signature. */
export const SIDECAR: Client = {
  name: 'sidecar',
  accessKeyId: '',
  secretAccessKey: 'nobody signs with this one',
  buckets: ['bucket'],
}

/** Configurations of what a rule or a default leaves open; `sidecar` admits whoever signs nothing. */
export const PROFILES = ['strict', 'lenient', 'sidecar'] as const
export type Profile = (typeof PROFILES)[number]

/** What an upload has to carry; undefined algorithm: as the client says (an exempt bucket). */
export type Demand =
  | {
      readonly kind: 'encrypt'
      readonly algorithm: string
      readonly keyId: string
      readonly bucketKey: string | undefined
      readonly context: Readonly<Record<string, string>> | undefined
    }
  | { readonly kind: 'exempt' }
  | { readonly kind: 'refuse' }

/** The policy: what an upload to that place has to be under. Texts are bytes (latin1). */
export function demandOf(client: string, bucket: string, key: string | undefined): Demand {
  if (bucket === 'free') return { kind: 'exempt' }
  if (bucket !== 'bucket') return { kind: 'refuse' }
  if (key?.startsWith('hr/')) {
    return {
      kind: 'encrypt',
      algorithm: 'aws:kms:dsse',
      keyId: HR_KEY,
      bucketKey: undefined,
      context: undefined,
    }
  }
  return {
    kind: 'encrypt',
    algorithm: 'aws:kms',
    keyId: KEY,
    bucketKey: 'true',
    context: { app: client, bucket },
  }
}

/** The configuration of a profile, as YAML. */
export function configurationOf(profile: Profile, upstreamPort: number): string {
  const isLenient = profile === 'lenient'
  return `version: 1
listen:
  - address: 127.0.0.1:0
    hosts: ${JSON.stringify(HOSTS)}
upstream:
  endpoint: http://127.0.0.1:${upstreamPort}
  region: ${REGION}
  addressing: path
  credentials: { source: static, accessKeyId: ${UPSTREAM.accessKeyId}, secretAccessKey: ${UPSTREAM.secretAccessKey} }
  trailers: ${isLenient ? 'terminate' : 'forward'}
clients:
${CLIENTS.map(clientYaml).join('\n')}
${profile === 'sidecar' ? `  - { name: ${SIDECAR.name}, anonymous: true, buckets: ${JSON.stringify(SIDECAR.buckets)} }` : ''}
policy:
  rules:
    - name: hr
      match: { buckets: [bucket], keys: ['hr/*'] }
      encrypt: { algorithm: 'aws:kms:dsse', keyId: '${HR_KEY}' }
      conflict: ${isLenient ? 'override' : 'reject'}
    - name: all
      match: { buckets: [bucket] }
      encrypt: { algorithm: 'aws:kms', keyId: '${KEY}', bucketKey: true, context: { app: '{client}', bucket: '{bucket}' } }
    - name: free
      match: { buckets: [free] }
      exempt: nobody minds
  reads: { encryptionHeaders: ${isLenient ? 'strip' : 'reject'}, customerKeys: ${isLenient ? 'allow' : 'reject'} }
limits: { bodyIdle: 30s, headIdle: 60s }
`
}

function clientYaml({ name, accessKeyId, secretAccessKey, sessionToken, buckets }: Client): string {
  const token = sessionToken === undefined ? '' : `, sessionToken: ${sessionToken}`
  const list = JSON.stringify(buckets ?? ['*'])
  return `  - { name: ${name}, accessKeyId: ${accessKeyId}, secretAccessKey: ${secretAccessKey}${token}, buckets: ${list} }`
}

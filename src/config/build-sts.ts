import { compilePattern } from '../policy/pattern.ts'
import { type BuildContext, readNamedFile, readSecret, resolvePath } from './build-context.ts'
import { readCertificate } from './certificate-files.ts'
import type { ClaimRule, Client, IssuerConfig, ListenerConfig, StsConfig } from './config.ts'
import type { Placed } from './cross-checks.ts'
import type { ConfigPath, Report } from './problems.ts'
import type { RawSecret } from './schema-fields.ts'
import type { RawSts, RawWebIdentity } from './schema-sts.ts'
import { isLoopbackHost } from './socket-address.ts'

type RawIssuer = RawSts['issuers'][number]

const SEALING_KEY_BYTES = 32
const NO_KEY = Buffer.alloc(SEALING_KEY_BYTES)

/** Builds the section `sts`; reports problems. */
export async function buildSts(context: BuildContext, raw: RawSts): Promise<StsConfig> {
  const sealingKeys: Buffer[] = []
  for (const [i, secret] of raw.sealingKeys.entries()) {
    const path = ['sts', 'sealingKeys', i]
    const key = await readSealingKey(context, path, secret)
    if (key === undefined) continue
    if (context.readFile !== undefined && sealingKeys.some((other) => other.equals(key))) {
      context.report(path, 'another sealing key is the same; remove one')
    }
    sealingKeys.push(key)
  }
  const issuers: IssuerConfig[] = []
  for (const [i, issuer] of raw.issuers.entries()) {
    const path = ['sts', 'issuers', i]
    reportRepeated(context, path, issuer, raw.issuers.slice(0, i))
    issuers.push(await buildIssuer(context, path, issuer))
  }
  return {
    issuers,
    sealingKeys,
    durationSeconds: raw.duration / 1000,
    files: filesOf(context, raw),
  }
}

/** Builds the identity of a client by tokens. */
export function buildWebIdentity(
  context: BuildContext,
  path: ConfigPath,
  raw: RawWebIdentity,
): Extract<Client['identity'], { readonly kind: 'web-identity' }> {
  const claims = Object.entries(raw.claims).map(([name, value]): ClaimRule => {
    if (typeof value === 'boolean') return { name, value, patterns: [] }
    const texts = typeof value === 'string' ? [value] : value
    return { name, value: undefined, patterns: texts.map(compilePattern) }
  })
  raw.subjects.forEach((text, i) => {
    if (text.startsWith('*') && claims.length === 0) {
      context.warn(
        [...path, 'subjects', i],
        'every subject with this end matches, whoever it belongs to: begin with letters, or set claims',
      )
    }
    if (!/^[\x20-\x7e]+$/.test(text)) {
      context.report([...path, 'subjects', i], 'must be ASCII, as the subjects of tokens are')
    }
  })
  return {
    kind: 'web-identity',
    issuer: raw.issuer,
    subjects: raw.subjects.map(compilePattern),
    claims,
  }
}

/** Reports what does not fit together: clients, issuers and listeners. */
export function checkSts(
  context: BuildContext,
  sts: StsConfig | undefined,
  clients: readonly Placed<Client>[],
  listeners: readonly Placed<ListenerConfig>[],
): void {
  let isUsed = false
  for (const { path, value } of clients) {
    if (value.identity.kind === 'web-identity') isUsed = true
    checkIssuer(context.report, path, value, sts)
  }
  const serving = listeners.filter(({ value }) => value.kind === 'sts')
  for (const { path } of serving) {
    if (sts === undefined) context.report([...path, 'kind'], 'the section sts is missing')
  }
  if (sts === undefined) return
  if (serving.length === 0) {
    context.warn(['sts'], 'no listener of kind: sts issues session keys')
  }
  if (!isUsed)
    context.warn(['sts', 'issuers'], 'no client has a webIdentity, so nobody gets session keys')
}

/** Reports a client whose issuer is not configured. */
export function checkIssuer(
  report: Report,
  path: ConfigPath,
  { identity }: Client,
  sts: StsConfig | undefined,
): void {
  if (identity.kind !== 'web-identity') return
  const names = sts?.issuers.map(({ name }) => name) ?? []
  if (names.includes(identity.issuer)) return
  const known = names.length === 0 ? 'sts.issuers is missing' : `valid: ${names.join(', ')}`
  report([...path, 'webIdentity', 'issuer'], `no issuer has this name; ${known}`)
}

async function readSealingKey(
  context: BuildContext,
  path: ConfigPath,
  raw: RawSecret,
): Promise<Buffer | undefined> {
  const text = await readSecret(context, path, raw)
  if (text === undefined) return undefined
  // No secret was read.
  if (context.readFile === undefined) return NO_KEY
  const key = Buffer.from(text, 'base64')
  if (key.length === SEALING_KEY_BYTES && key.toString('base64') === text) return key
  context.report(path, 'must be 32 bytes in base64: openssl rand -base64 32')
  return undefined
}

async function buildIssuer(
  context: BuildContext,
  path: ConfigPath,
  raw: RawIssuer,
): Promise<IssuerConfig> {
  const { name, issuer, audiences } = raw
  return { name, issuer, audiences, jwks: await buildKeySet(context, path, raw) }
}

async function buildKeySet(
  context: BuildContext,
  path: ConfigPath,
  { issuer, jwks }: RawIssuer,
): Promise<IssuerConfig['jwks']> {
  const at = [...path, 'jwks']
  const { uri, file, tokenFile } = jwks
  if (file !== undefined) return readKeySet(context, at, jwks, file)
  const ca = await readCa(context, [...at, 'caFile'], jwks.caFile)
  if (uri !== undefined) {
    checkUrl(context, [...at, 'uri'], uri)
    const token = tokenFile === undefined ? undefined : resolvePath(context, tokenFile)
    return { kind: 'uri', uri, ca, tokenFile: token }
  }
  if (tokenFile !== undefined) {
    context.report([...at, 'tokenFile'], 'is only sent to a configured uri; set uri')
  }
  checkUrl(context, [...path, 'issuer'], issuer)
  return { kind: 'discovery', ca }
}

async function readKeySet(
  context: BuildContext,
  path: ConfigPath,
  jwks: RawIssuer['jwks'],
  file: string,
): Promise<IssuerConfig['jwks']> {
  for (const name of ['uri', 'caFile', 'tokenFile'] as const) {
    if (jwks[name] !== undefined) {
      context.report([...path, name], 'is not used with file; remove it')
    }
  }
  const text = await readNamedFile(context, [...path, 'file'], file)
  if (text !== undefined && !isKeySet(text)) {
    context.report([...path, 'file'], 'is no JSON Web Key Set: {"keys": [...]}')
  }
  return { kind: 'file', text: text ?? '{"keys":[]}' }
}

async function readCa(
  context: BuildContext,
  path: ConfigPath,
  file: string | undefined,
): Promise<string | undefined> {
  const ca = file === undefined ? undefined : await readNamedFile(context, path, file)
  if (ca !== undefined && readCertificate(ca) === undefined) {
    context.report(path, 'has no PEM certificate')
  }
  return ca
}

function checkUrl(context: BuildContext, path: ConfigPath, text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    context.report(path, 'must be https://HOST[:PORT]/PATH; otherwise set jwks.uri or jwks.file')
  } else if (url.username !== '' || url.password !== '') {
    context.report(path, 'a user or password is not allowed')
  } else if (url.protocol === 'http:' && !isLoopbackHost(url.hostname)) {
    context.report(path, 'must be https:// beyond loopback')
  }
}

function isKeySet(text: string): boolean {
  try {
    const document: unknown = JSON.parse(text)
    const isObject = typeof document === 'object' && document !== null
    const keys: unknown = isObject ? Reflect.get(document, 'keys') : undefined
    return Array.isArray(keys) && keys.length > 0
  } catch {
    return false
  }
}

function reportRepeated(
  context: BuildContext,
  path: ConfigPath,
  { name, issuer }: RawIssuer,
  before: readonly RawIssuer[],
): void {
  if (before.some((other) => other.name === name)) {
    context.report([...path, 'name'], `another issuer has the name ${name}; rename one`)
  }
  if (before.some((other) => other.issuer === issuer)) {
    context.report([...path, 'issuer'], 'another entry is this issuer; join their audiences')
  }
}

/** The files whose changes are always applied: keys, key sets and CAs. */
function filesOf(context: BuildContext, { sealingKeys, issuers }: RawSts): readonly string[] {
  const named = [
    ...sealingKeys.map((secret) => (typeof secret === 'string' ? undefined : secret.file)),
    ...issuers.flatMap(({ jwks }) => [jwks.file, jwks.caFile]),
  ]
  return named.flatMap((file) => (file === undefined ? [] : [resolvePath(context, file)]))
}

import { compilePattern, type Pattern } from '../policy/pattern.ts'
import { type BuildContext, readSecret } from './build-context.ts'
import { buildCredentials } from './build-credentials.ts'
import { buildWebIdentity } from './build-sts.ts'
import type { Client } from './config.ts'
import { REFERENCE_FORM } from './environment.ts'
import type { ConfigPath } from './problems.ts'
import type { RawClient } from './schema-clients.ts'
import type { RawSecret } from './schema-fields.ts'

/** Builds a client; reports problems and returns undefined if it is invalid. */
export async function buildClient(
  context: BuildContext,
  path: ConfigPath,
  raw: RawClient,
): Promise<Client | undefined> {
  const identity = await buildIdentity(context, path, raw)
  const buckets = buildBucketPatterns(context, [...path, 'buckets'], raw.buckets)
  const upstream =
    raw.upstream === undefined
      ? undefined
      : await buildCredentials(context, [...path, 'upstream'], raw.upstream)
  if (identity === undefined) return undefined
  // The schema lets a star only be the last character.
  const prefixes = raw.prefixes.map((text) => text.slice(0, -1))
  const { name, allow, requests, bandwidth } = raw
  return { name, identity, buckets, prefixes, allow, upstream, requests, bandwidth }
}

/** Compiles patterns of bucket names; reports those that can never match a bucket. */
export function buildBucketPatterns(
  context: BuildContext,
  path: ConfigPath,
  texts: readonly string[],
): readonly Pattern[] {
  texts.forEach((text, i) => {
    if (/^[A-Za-z0-9._*-]{1,255}$/.test(text)) return
    const remedy = text.includes('/')
      ? 'a bucket name has no slash; put keys into match.keys'
      : 'a bucket name has only letters, digits, dots and hyphens; * is the only wildcard'
    context.report([...path, i], remedy)
  })
  return texts.map(compilePattern)
}

type Identity = Client['identity']

async function buildIdentity(
  context: BuildContext,
  path: ConfigPath,
  raw: RawClient,
): Promise<Identity | undefined> {
  const kinds = [
    raw.accessKeyId !== undefined,
    raw.anonymous,
    raw.certificate !== undefined,
    raw.webIdentity !== undefined,
  ]
  const given = kinds.filter(Boolean).length
  if (given !== 1) {
    const state = given === 0 ? 'has no identity' : 'has more than one identity'
    context.report(
      path,
      `${state}: set one of accessKeyId, certificate, webIdentity or anonymous: true`,
    )
    return undefined
  }
  if (raw.accessKeyId !== undefined) return buildKeys(context, path, raw, raw.accessKeyId)
  for (const name of ['secretAccessKey', 'secretAccessKeys', 'sessionToken'] as const) {
    if (raw[name] !== undefined) {
      context.report([...path, name], 'is only valid for a client with an accessKeyId; remove it')
    }
  }
  if (raw.webIdentity !== undefined) {
    return buildWebIdentity(context, [...path, 'webIdentity'], raw.webIdentity)
  }
  return raw.certificate === undefined
    ? { kind: 'anonymous' }
    : buildCertificate(context, path, raw.certificate)
}

function buildCertificate(
  context: BuildContext,
  path: ConfigPath,
  raw: NonNullable<RawClient['certificate']>,
): Identity | undefined {
  if ((raw.subject === undefined) === (raw.san === undefined)) {
    context.report([...path, 'certificate'], 'set exactly one of subject and san')
    return undefined
  }
  return { kind: 'certificate', subject: raw.subject, san: raw.san }
}

async function buildKeys(
  context: BuildContext,
  path: ConfigPath,
  raw: RawClient,
  accessKeyId: string,
): Promise<Identity | undefined> {
  const secrets = rawSecrets(context, path, raw)
  const secretAccessKeys: string[] = []
  for (const [secretPath, secret] of secrets) {
    const text = await readSecret(context, secretPath, secret)
    if (text !== undefined) secretAccessKeys.push(text)
  }
  const sessionToken =
    raw.sessionToken === undefined
      ? undefined
      : await readSecret(context, [...path, 'sessionToken'], raw.sessionToken)
  if (secrets.length === 0 || secretAccessKeys.length !== secrets.length) return undefined
  if (raw.sessionToken !== undefined && sessionToken === undefined) return undefined
  return { kind: 'keys', accessKeyId, secretAccessKeys, sessionToken }
}

function rawSecrets(
  context: BuildContext,
  path: ConfigPath,
  raw: RawClient,
): readonly (readonly [ConfigPath, RawSecret])[] {
  if (raw.secretAccessKey !== undefined && raw.secretAccessKeys !== undefined) {
    context.report([...path, 'secretAccessKeys'], 'set this or secretAccessKey, not both')
    return []
  }
  if (raw.secretAccessKey !== undefined) {
    return [[[...path, 'secretAccessKey'], raw.secretAccessKey]]
  }
  if (raw.secretAccessKeys !== undefined) {
    return raw.secretAccessKeys.map((secret, i) => [[...path, 'secretAccessKeys', i], secret])
  }
  context.report(
    path,
    `secretAccessKey is missing: set a secret, ${REFERENCE_FORM} or { file: PATH }`,
  )
  return []
}

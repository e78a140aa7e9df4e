import { matchesPattern } from '../policy/pattern.ts'
import type { Rule } from '../policy/policy.ts'
import { regionPartition } from './aws-host.ts'
import type { BuildContext } from './build-context.ts'
import type { Client, ListenerConfig, UpstreamConfig } from './config.ts'
import { parseKeyArn } from './kms-arn.ts'
import type { ConfigPath, Report } from './problems.ts'
import { suggest } from './suggest.ts'

/** A part of the configuration and its path in the file. */
export interface Placed<T> {
  readonly path: ConfigPath
  readonly value: T
}

/**
 * Reports names and access keys that two clients share, and clients that do not fit to the listeners.
 */
export function checkClients(
  context: BuildContext,
  clients: readonly Placed<Client>[],
  listeners: readonly ListenerConfig[],
): void {
  const names = new Set<string>()
  const accessKeys = new Map<string, string>()
  let anonymous: string | undefined
  for (const { path, value: client } of clients) {
    if (names.has(client.name)) {
      context.report([...path, 'name'], `another client has the name ${client.name}; rename one`)
    }
    names.add(client.name)
    const { identity } = client
    if (identity.kind === 'keys') {
      const other = accessKeys.get(identity.accessKeyId)
      if (other !== undefined) {
        context.report(
          [...path, 'accessKeyId'],
          `the client ${other} has the same key id; issue another`,
        )
      }
      accessKeys.set(identity.accessKeyId, client.name)
    } else if (identity.kind === 'anonymous') {
      if (anonymous !== undefined) {
        context.report(
          [...path, 'anonymous'],
          `${anonymous} is already anonymous; only one client can be`,
        )
      }
      anonymous = client.name
    }
    checkListeners(context.report, path, client, listeners)
  }
}

/** Reports an anonymous client that anyone could use, and a certificate that nobody asks for. */
export function checkListeners(
  report: Report,
  path: ConfigPath,
  { identity }: Client,
  listeners: readonly ListenerConfig[],
): void {
  if (identity.kind === 'anonymous' && listeners.some((listener) => !listener.isLoopback)) {
    report(
      [...path, 'anonymous'],
      'anyone could use it: every listener must be on loopback, or the client needs an accessKeyId',
    )
  } else if (
    identity.kind === 'certificate' &&
    !listeners.some((listener) => listener.tls?.clientCaFile !== undefined)
  ) {
    report(
      [...path, 'certificate'],
      'no listener asks for a client certificate: set tls.clientCaFile',
    )
  }
}

/** Reports rules with the same name and invalid key ids; warns of rules for clients that do not exist. */
export function checkRules(
  context: BuildContext,
  rules: readonly Placed<Rule>[],
  upstream: UpstreamConfig | undefined,
  clients: readonly Client[],
): void {
  const names = new Set<string>()
  for (const { path, value: rule } of rules) {
    if (names.has(rule.name)) {
      context.report([...path, 'name'], `another rule has the name ${rule.name}; rename one`)
    }
    names.add(rule.name)
    checkRuleClients(context, [...path, 'match', 'clients'], rule, clients)
    if (rule.effect.kind === 'encrypt' && upstream !== undefined) {
      checkKeyId(context, [...path, 'encrypt', 'keyId'], rule, rule.effect.keyId, upstream)
    }
  }
}

/** A rule for a mistyped name matches nobody, and the next rule takes its requests. */
function checkRuleClients(
  context: BuildContext,
  path: ConfigPath,
  { match }: Rule,
  clients: readonly Client[],
): void {
  if (clients.length === 0) return
  for (const [i, pattern] of match.clients.entries()) {
    if (clients.some(({ name }) => matchesPattern(pattern, name))) continue
    const near = suggest(
      pattern.text,
      clients.map(({ name }) => name),
    )
    context.warn(
      [...path, i],
      `no client has this name, so nobody is matched by it${near === undefined ? '' : `; did you mean ${near}?`}`,
    )
  }
}

function checkKeyId(
  context: BuildContext,
  path: ConfigPath,
  rule: Rule,
  keyId: string,
  upstream: UpstreamConfig,
): void {
  if (!upstream.isAws && upstream.endpoint.kind !== 'sandbox') return
  const arn = parseKeyArn(keyId)
  if (arn === undefined) {
    context.report(path, `${keyIdFault(keyId)}: write arn:aws:kms:REGION:ACCOUNT:key/KEY-ID`)
    return
  }
  if (!upstream.isAws) return
  const regions = keyRegions(rule, upstream)
  if (!regions.has(arn.region)) {
    const wanted = [...regions].join(' or ')
    context.report(
      path,
      `the key is in ${arn.region}, the buckets are in ${wanted}: S3 only accepts keys of the bucket's region`,
    )
    return
  }
  const partition = regionPartition(arn.region)
  if (arn.partition !== partition) {
    context.report(
      path,
      `${arn.region} is in the partition ${partition}: write arn:${partition}:kms:…`,
    )
  }
}

function keyIdFault(keyId: string): string {
  if (keyId.includes(':alias/') || keyId.startsWith('alias/')) {
    return 'an alias can point to another key later, and S3 never confirms a key by its alias'
  }
  if (/^(?:mrk-)?[0-9a-f-]{32,36}$/i.test(keyId)) return 'a bare key id is not enough'
  return 'is not the full ARN of a KMS key'
}

/** Returns the regions of the buckets that a rule can match. */
function keyRegions(rule: Rule, upstream: UpstreamConfig): ReadonlySet<string> {
  const regions = new Set<string>()
  for (const pattern of rule.match.buckets) {
    const exact = pattern.pieces.length === 1 ? upstream.buckets.get(pattern.text) : undefined
    regions.add(exact?.region ?? upstream.region)
    if (pattern.pieces.length === 1) continue
    for (const bucket of upstream.buckets.values()) regions.add(bucket.region ?? upstream.region)
  }
  return regions
}

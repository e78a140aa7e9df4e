import { type HeaderList, headerListFromRaw } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { Client } from '../config/config.ts'
import type { EgressIdentity } from '../proxy/egress-identity.ts'
import type { Authority } from '../s3/absolute-target.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import type { ListenerHost } from '../service/listener-host.ts'
import { classifyHost, type HostClass } from './classify-host.ts'
import type { EgressSettings } from './egress-settings.ts'
import type { Network } from './network.ts'
import { identifySender, mayBeUnknown, mustBeNamed, unsignedClient } from './sender.ts'

/** The parts that the handlers of an egress listener use. */
export interface EgressParts {
  readonly listenerHost: ListenerHost
  /** The current settings. */
  readonly settings: () => EgressSettings
  readonly network: Network
  /** Limit of silence of a tunnel or of another host. */
  readonly idleMs: number
}

/** The name of S3 that was requested. */
type S3Site = Extract<HostClass, { readonly kind: 's3' }>

/** The destination of a request or CONNECT, and its sender; undefined if unknown. */
type Route =
  | { readonly kind: 's3'; readonly site: S3Site; readonly sender: Client | undefined }
  | { readonly kind: 'other'; readonly sender: Client | undefined }

/** Classifies a host by the current configuration. */
export function classOf({ listenerHost, settings }: EgressParts, authority: Authority): HostClass {
  const { config, upstream } = listenerHost.generation()
  const { endpoint } = upstream
  return classifyHost(authority, {
    listener: settings().config,
    upstream: config.upstream,
    endpoint,
  })
}

/**
 * Decides where a request or a CONNECT for a host goes: to S3, by the policy, or to another host on the
 * list. `isDirect`: DNS has directed the client here. It does not know that this is a proxy, and would
 * not answer to a 407.
 */
export function routeTo(
  parts: EgressParts,
  authority: Authority,
  headers: HeaderList,
  isDirect: boolean,
): Result<Route, S3Error> {
  const site = classOf(parts, authority)
  if (site.kind === 'unsupported') {
    return failure(refusal('egress-s3-form-unsupported', { form: site.form }))
  }
  if (site.kind === 'other' && isDirect) return failure(refusal('egress-target'))
  const settings = parts.settings()
  const identified = identifySender(parts.listenerHost.generation(), settings, headers)
  if (!identified.ok) return identified
  const sender = identified.value
  if (site.kind === 's3') {
    return !isDirect && mustBeNamed(settings, sender)
      ? failure(refusal('egress-proxy-authentication'))
      : ok({ kind: 's3', site, sender })
  }
  if (sender === undefined && !mayBeUnknown(settings)) {
    return failure(refusal('egress-proxy-authentication'))
  }
  const { hostname, port } = authority
  return settings.hosts.allows(hostname, port)
    ? ok({ kind: 'other', sender })
    : failure(refusal('egress-host-not-allowed', { hostname }))
}

/** Returns what the listener knows of a request for S3 before it is read. */
export function egressIdentityOf(
  parts: EgressParts,
  { hosts, regions }: S3Site,
  sender: Client | undefined,
  request: { readonly rawTarget: string; readonly rawHeaders: readonly string[] },
): EgressIdentity {
  const settings = parts.settings()
  const { verifySignatures } = settings.egress
  const headers = headerListFromRaw(request.rawHeaders)
  return {
    rawTarget: request.rawTarget,
    headers: verifySignatures ? headers : withoutSignature(headers),
    hosts,
    regions,
    verifySignatures,
    unsignedClient: unsignedClient(parts.listenerHost.generation(), settings, sender),
  }
}

/**
 * Removes the client's signature from the head without verification, if the listener does not verify
 * signatures: old programs use SigV2, which would be refused. A presigned URL keeps its parameters,
 * because they may contain headers; they are not verified either.
 */
function withoutSignature(headers: HeaderList): HeaderList {
  const kept: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? ''
    if (name === 'authorization' || name === 'x-amz-security-token') continue
    kept.push(name, headers[i + 1] ?? '')
  }
  return kept
}

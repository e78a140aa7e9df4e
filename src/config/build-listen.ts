import { type BuildContext, readNamedFile, resolvePath } from './build-context.ts'
import { buildEgress } from './build-egress.ts'
import { checkKeyPair, readCertificate } from './certificate-files.ts'
import type {
  AdminConfig,
  ListenerConfig,
  ListenerTls,
  SocketAddress,
  TrustedNetworks,
} from './config.ts'
import { parseHostHeaderName } from './host-name.ts'
import { isAddressRange } from './networks.ts'
import type { ConfigPath } from './problems.ts'
import type { RawAdmin, RawListener } from './schema-listen.ts'
import {
  addressesCollide,
  formatSocketAddress,
  isLoopbackHost,
  isWildcardHost,
  parseSocketAddress,
} from './socket-address.ts'

const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'] as const

/** Builds a listener; reports problems and returns undefined if it is invalid. */
export async function buildListener(
  context: BuildContext,
  path: ConfigPath,
  raw: RawListener,
): Promise<ListenerConfig | undefined> {
  const address = buildAddress(context, [...path, 'address'], raw.address)
  const tls = raw.tls === undefined ? undefined : await buildTls(context, [...path, 'tls'], raw.tls)
  if (raw.egress !== undefined && raw.kind !== 'egress') {
    context.report([...path, 'egress'], 'is only valid for a listener of kind: egress')
  }
  const egress =
    raw.kind === 'egress' ? await buildEgress(context, [...path, 'egress'], raw.egress) : undefined
  const proxyProtocol = buildNetworks(context, path, 'proxyProtocol', raw)
  const forwardedFor = buildNetworks(context, path, 'forwardedFor', raw)
  if (address === undefined) return undefined
  const isLoopback = isLoopbackHost(address.host)
  const hosts = buildHosts(context, path, raw, isLoopback)
  if (!isLoopback && tls === undefined) {
    const readable = raw.kind === 'sts' ? 'tokens and keys' : 'bodies'
    context.warn(
      path,
      `plain HTTP beyond loopback: others on the network can read ${readable}; set tls`,
    )
  }
  return { kind: raw.kind, address, hosts, tls, isLoopback, proxyProtocol, forwardedFor, egress }
}

function buildNetworks(
  context: BuildContext,
  path: ConfigPath,
  name: 'proxyProtocol' | 'forwardedFor',
  raw: RawListener,
): TrustedNetworks | undefined {
  const networks = raw[name]
  if (networks === undefined) return undefined
  if (raw.kind === 'egress') {
    context.report([...path, name], 'is only valid for a listener of kind: s3')
  }
  networks.from.forEach((text, i) => {
    if (!isAddressRange(text)) {
      context.report([...path, name, 'from', i], 'must be an IP address or CIDR: 10.1.2.0/24')
    }
  })
  return networks
}

/** Builds the admin listener; reports problems and returns undefined if it is invalid. */
export function buildAdmin(context: BuildContext, raw: RawAdmin): AdminConfig | undefined {
  const address = buildAddress(context, ['admin', 'address'], raw.address)
  return address === undefined ? undefined : { ...address, readiness: raw.readiness }
}

/** Parses the address; reports it if it is invalid. */
function buildAddress(
  context: BuildContext,
  path: ConfigPath,
  text: string,
): SocketAddress | undefined {
  const address = parseSocketAddress(text)
  if (address === undefined) {
    context.report(path, "must be HOST:PORT, '[IPV6]:PORT' or :PORT, with a port from 0 to 65535")
  }
  return address
}

/** Reports sockets that collide. */
export function checkAddresses(
  context: BuildContext,
  sockets: readonly { readonly path: ConfigPath; readonly address: SocketAddress }[],
): void {
  sockets.forEach(({ path, address }, i) => {
    const other = sockets.slice(0, i).find((earlier) => addressesCollide(earlier.address, address))
    if (other === undefined) return
    const text = formatSocketAddress(other.address)
    context.report([...path, 'address'], `another listener uses ${text}; choose another port`)
  })
}

function buildHosts(
  context: BuildContext,
  path: ConfigPath,
  raw: RawListener,
  isLoopback: boolean,
): readonly string[] {
  if (raw.kind === 'sts') {
    if (raw.hosts !== undefined) {
      context.report([...path, 'hosts'], 'is not used by a listener of kind: sts; remove it')
    }
    return []
  }
  if (raw.hosts === undefined || raw.hosts.length === 0) {
    if (raw.kind === 'egress') return []
    if (isLoopback) return LOOPBACK_HOSTS
    const remedy = 'list the host names that clients use, for example [s3.corp.example]'
    context.report(
      raw.hosts === undefined ? path : [...path, 'hosts'],
      `hosts is missing: ${remedy}`,
    )
    return []
  }
  const hosts: string[] = []
  raw.hosts.forEach((text, i) => {
    const host = parseHostHeaderName(text)
    if (host === undefined) {
      context.report([...path, 'hosts', i], hostRemedy(text))
    } else if (hosts.includes(host)) {
      context.report([...path, 'hosts', i], `duplicate host ${host}; remove one`)
    } else if (isWildcardHost(host.replace(/^\[|\]$/g, ''))) {
      context.report(
        [...path, 'hosts', i],
        'clients cannot use this host; list the name that they use',
      )
    } else {
      hosts.push(host)
    }
  })
  return hosts
}

function hostRemedy(text: string): string {
  if (text.includes('*')) {
    return 'wildcards are not allowed: every subdomain of a host is already virtual-hosted style'
  }
  if (text.includes('://')) return 'must be a host name without https://'
  if (/:\d+$/.test(text)) return 'must be a host name without a port; any port matches'
  return 'is not a host name or IP address'
}

async function buildTls(
  context: BuildContext,
  path: ConfigPath,
  raw: NonNullable<RawListener['tls']>,
): Promise<ListenerTls> {
  await checkKeyPair(context, path, raw)
  if (raw.clientCaFile !== undefined) {
    const pem = await readNamedFile(context, [...path, 'clientCaFile'], raw.clientCaFile)
    if (pem !== undefined && readCertificate(pem) === undefined) {
      context.report([...path, 'clientCaFile'], 'has no PEM certificate')
    }
  }
  return {
    certFile: resolvePath(context, raw.certFile),
    keyFile: resolvePath(context, raw.keyFile),
    clientCaFile:
      raw.clientCaFile === undefined ? undefined : resolvePath(context, raw.clientCaFile),
  }
}

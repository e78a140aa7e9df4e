import { type BuildContext, readNamedFile, resolvePath } from './build-context.ts'
import { buildEgress } from './build-egress.ts'
import { checkKeyPair, readCertificate } from './certificate-files.ts'
import type { AdminConfig, ListenerConfig, ListenerTls, SocketAddress } from './config.ts'
import { parseHostHeaderName } from './host-name.ts'
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

/** Gives the listener, or reports what is wrong with it and gives undefined. */
export async function buildListener(
  context: BuildContext,
  path: ConfigPath,
  raw: RawListener,
): Promise<ListenerConfig | undefined> {
  const address = buildAddress(context, [...path, 'address'], raw.address)
  const tls = raw.tls === undefined ? undefined : await buildTls(context, [...path, 'tls'], raw.tls)
  if (raw.egress !== undefined && raw.kind !== 'egress') {
    context.report([...path, 'egress'], 'only a listener of kind: egress has this')
  }
  const egress =
    raw.kind === 'egress' ? await buildEgress(context, [...path, 'egress'], raw.egress) : undefined
  if (address === undefined) return undefined
  const isLoopback = isLoopbackHost(address.host)
  const hosts = buildHosts(context, path, raw, isLoopback)
  if (!isLoopback && tls === undefined) {
    context.warn(path, 'plain HTTP beyond loopback: bodies can be read on the way; set tls')
  }
  return { kind: raw.kind, address, hosts, tls, isLoopback, egress }
}

/** Gives the admin listener, or reports what is wrong with it and gives undefined. */
export function buildAdmin(context: BuildContext, raw: RawAdmin): AdminConfig | undefined {
  const address = buildAddress(context, ['admin', 'address'], raw.address)
  return address === undefined ? undefined : { ...address, readiness: raw.readiness }
}

/** Gives the address, or reports that it is none. */
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

/** Reports sockets that cannot be bound at once. */
export function checkAddresses(
  context: BuildContext,
  sockets: readonly { readonly path: ConfigPath; readonly address: SocketAddress }[],
): void {
  sockets.forEach(({ path, address }, i) => {
    const other = sockets.slice(0, i).find((earlier) => addressesCollide(earlier.address, address))
    if (other === undefined) return
    const text = formatSocketAddress(other.address)
    context.report([...path, 'address'], `${text} is taken already; choose another port`)
  })
}

function buildHosts(
  context: BuildContext,
  path: ConfigPath,
  raw: RawListener,
  isLoopback: boolean,
): readonly string[] {
  if (raw.hosts === undefined || raw.hosts.length === 0) {
    if (raw.kind === 'egress') return []
    if (isLoopback) return LOOPBACK_HOSTS
    const remedy = 'name the hosts that clients call it by, such as [s3.corp.example]'
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
      context.report([...path, 'hosts', i], `${host} stands here twice; take one out`)
    } else if (isWildcardHost(host.replace(/^\[|\]$/g, ''))) {
      context.report([...path, 'hosts', i], 'no client calls this host; name the one they use')
    } else {
      hosts.push(host)
    }
  })
  return hosts
}

function hostRemedy(text: string): string {
  if (text.includes('*')) {
    return 'no stars here: every name below a host is virtual-hosted style already'
  }
  if (text.includes('://')) return 'must be a host name alone, without https://'
  if (/:\d+$/.test(text)) return 'must be a host name alone: take the port out, any port matches'
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
      context.report([...path, 'clientCaFile'], 'holds no PEM certificate')
    }
  }
  return {
    certFile: resolvePath(context, raw.certFile),
    keyFile: resolvePath(context, raw.keyFile),
    clientCaFile:
      raw.clientCaFile === undefined ? undefined : resolvePath(context, raw.clientCaFile),
  }
}

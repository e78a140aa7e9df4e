import { type BlockList, isIP, isIPv6 } from 'node:net'
import type { Duplex } from 'node:stream'
import type { HeaderList } from '../base/header-list.ts'
import type { ListenerConfig } from '../config/config.ts'
import { listOf } from '../config/networks.ts'

/** Limit of checked addresses of a list, from its end. */
const HOPS_MAX = 32

const told = new WeakMap<Duplex, string>()
const lists = new WeakMap<readonly string[], BlockList>()

/** Sets the client's address that a trusted load balancer has sent for a connection. */
export function noteSource(socket: Duplex, address: string): void {
  told.set(socket, address)
}

/** Returns the address that {@link noteSource} has set; undefined if there is none. */
export function toldSource(socket: Duplex): string | undefined {
  return told.get(socket)
}

/** Returns whether an address is in one of the networks. */
export function isWithin(networks: readonly string[], address: string | undefined): boolean {
  if (address === undefined || isIP(address) === 0) return false
  const list = lists.get(networks) ?? listOf(networks)
  lists.set(networks, list)
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

/**
 * Returns the client's address: that of the connection, or if it is in a trusted network, the last
 * address of X-Forwarded-For that is not. Any client can forge the entries before it. An invalid entry
 * ends the search at the address that sent it.
 *
 * Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
 */
export function sourceAddress(
  { forwardedFor }: Pick<ListenerConfig, 'forwardedFor'>,
  socket: Duplex & { readonly remoteAddress?: string | undefined },
  headers: HeaderList,
): string | undefined {
  let address = told.get(socket) ?? socket.remoteAddress
  if (forwardedFor === undefined || !isWithin(forwardedFor.from, address)) return address
  const hops = forwardedAddresses(headers)
  for (let i = 0; i < HOPS_MAX; i++) {
    const hop = parseHop(hops.pop())
    if (hop === undefined) return address
    address = hop
    if (!isWithin(forwardedFor.from, address)) return address
  }
  return address
}

function forwardedAddresses(headers: HeaderList): string[] {
  const hops: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'x-forwarded-for') hops.push(...(headers[i + 1] ?? '').split(','))
  }
  return hops
}

/** `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`; without a zone. */
function parseHop(text: string | undefined): string | undefined {
  const [, bracketed, ipv4] =
    /^(?:\[([0-9a-fA-F:.]{2,45})\](?::\d{1,5})?|([\d.]{7,15}):\d{1,5})$/.exec(text?.trim() ?? '') ??
    []
  const address = bracketed ?? ipv4 ?? text?.trim() ?? ''
  return isIP(address) === 0 || address.includes('%') ? undefined : address
}

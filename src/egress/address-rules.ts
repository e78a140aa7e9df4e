import { type BlockList, isIP, isIPv4 } from 'node:net'
import { listOf } from '../config/networks.ts'

/**
 * Addresses outside the public internet: private, shared (CGNAT), loopback, link-local, multicast,
 * documentation, benchmarking, reserved, and Azure's platform address.
 *
 * Source: IANA IPv4 Special-Purpose Address Registry, RFC 6890
 */
const CLOSED_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const

/**
 * Closed ranges inside 2000::/3, the global unicast addresses. Everything outside of it is closed:
 * `::`, `::1`, IPv4-mapped, NAT64, unique local, link-local, multicast. The listed ranges embed
 * IPv4 addresses or are unassigned: Teredo and other protocol assignments, 6to4, documentation.
 *
 * Source: IANA IPv6 Special-Purpose Address Registry
 */
const CLOSED_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'] as const

/**
 * Services that give credentials to any process on the machine: instance metadata (AWS, and the
 * same address in other clouds), ECS tasks, EKS Pod Identity. Never reachable, whatever the
 * configuration allows.
 *
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html,
 * https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
 */
const CREDENTIAL_SERVICES = ['169.254.169.254', '169.254.170.2', '169.254.170.23'] as const
const CREDENTIAL_SERVICES_IPV6 = ['fd00:ec2::254', 'fd00:ec2::23'] as const

/** Decides which addresses the egress listener may connect to. */
export class AddressRules {
  readonly #closed = listOf([...CLOSED_IPV4, ...CLOSED_IPV6])
  readonly #global = listOf(['2000::/3'])
  readonly #never = listOf([...CREDENTIAL_SERVICES, ...CREDENTIAL_SERVICES_IPV6])
  readonly #allowed: BlockList

  /** `allowAddresses`: IP addresses or CIDR ranges that are open nevertheless. */
  constructor(allowAddresses: readonly string[]) {
    this.#allowed = listOf(allowAddresses)
  }

  /**
   * Returns whether an IP address is open; false for any other text, including zones
   * (`fe80::1%eth0`).
   */
  isOpen(address: string): boolean {
    if (isIP(address) === 0 || address.includes('%')) return false
    const family = isIPv4(address) ? 'ipv4' : 'ipv6'
    if (this.#never.check(address, family)) return false
    if (family === 'ipv6' && embeddedIpv4(address).some((ipv4) => this.#never.check(ipv4))) {
      return false
    }
    if (this.#allowed.check(address, family)) return true
    if (family === 'ipv6' && !this.#global.check(address, family)) return false
    return !this.#closed.check(address, family)
  }
}

/**
 * The positions of an embedded IPv4 address in the 16 bytes of an IPv6 address: in 6to4, and in
 * NAT64 with a prefix of any length. The last position is also that of the IPv4-mapped, -translated
 * and -compatible forms. A network's own NAT64 prefix is unknown here, so every address is checked.
 *
 * Source: RFC 3056 section 2, RFC 6052 section 2.2, RFC 8215, RFC 2765 section 2.1
 */
const EMBEDDED_IPV4 = [
  [2, 3, 4, 5],
  [4, 5, 6, 7],
  [5, 6, 7, 9],
  [6, 7, 9, 10],
  [7, 9, 10, 11],
  [9, 10, 11, 12],
  [12, 13, 14, 15],
] as const

function embeddedIpv4(address: string): readonly string[] {
  const bytes = ipv6Bytes(address)
  return EMBEDDED_IPV4.map((places) => places.map((place) => bytes[place]).join('.'))
}

/** The 16 bytes of an IPv6 address that node:net has validated. */
function ipv6Bytes(address: string): readonly number[] {
  const [head = '', tail] = address.split('::')
  const before = groupBytes(head)
  const after = groupBytes(tail ?? '')
  const gap = new Array<number>(16 - before.length - after.length).fill(0)
  return [...before, ...gap, ...after]
}

function groupBytes(text: string): readonly number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number)
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 0xff]
  })
}

import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net'

/** Tells whether a text is an IP address or CIDR. */
export function isAddressRange(text: string): boolean {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text)
  if (match === null) return false
  const [, address = '', prefix] = match
  if (isIP(address) === 0) return false
  return prefix === undefined || Number(prefix) <= (isIPv4(address) ? 32 : 128)
}

/** The list of these IP addresses and CIDR. */
export function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/')
    const family = isIPv6(address) ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(prefix), family)
  }
  return list
}

/** The result of parsing a header of the PROXY protocol. */
type ProxyHeader =
  /** More bytes are needed. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'malformed' }
  /** `source`: the client's address; undefined if the sender itself is the client, or does not know it. */
  | { readonly kind: 'header'; readonly bytes: number; readonly source: string | undefined }

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const FIXED_BYTES = 16
/** Limit including extensions; load balancers send less than a hundred bytes of these. */
const LENGTH_MAX = 2048

const LOCAL = 0x20
const PROXY = 0x21
const UNSPECIFIED = 0x00
const TCP_OVER_IPV4 = 0x11
const TCP_OVER_IPV6 = 0x21

const INCOMPLETE = { kind: 'incomplete' } as const
const MALFORMED = { kind: 'malformed' } as const

/**
 * Parses the header of version 2 at the start of a connection. Version 1 (text), datagrams and Unix
 * sockets are malformed; extensions are ignored.
 *
 * Source: https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt section 2.2
 */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  const known = Math.min(bytes.length, SIGNATURE.length)
  if (!bytes.subarray(0, known).equals(SIGNATURE.subarray(0, known))) return MALFORMED
  if (bytes.length < FIXED_BYTES) return INCOMPLETE
  const command = bytes.readUInt8(12)
  const family = bytes.readUInt8(13)
  const length = bytes.readUInt16BE(14)
  if ((command !== LOCAL && command !== PROXY) || length > LENGTH_MAX) return MALFORMED
  const end = FIXED_BYTES + length
  if (bytes.length < end) return INCOMPLETE
  if (command === LOCAL || family === UNSPECIFIED) {
    return { kind: 'header', bytes: end, source: undefined }
  }
  switch (family) {
    case TCP_OVER_IPV4:
      if (length < 12) return MALFORMED
      return { kind: 'header', bytes: end, source: bytes.subarray(16, 20).join('.') }
    case TCP_OVER_IPV6:
      if (length < 36) return MALFORMED
      return { kind: 'header', bytes: end, source: ipv6(bytes.subarray(16, 32)) }
    default:
      return MALFORMED
  }
}

/** The text of RFC 5952, except for the shortening to `::`. */
function ipv6(bytes: Buffer): string {
  const groups: string[] = []
  for (let i = 0; i < bytes.length; i += 2) groups.push(bytes.readUInt16BE(i).toString(16))
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)
}

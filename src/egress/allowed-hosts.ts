/** The ports of an entry without a port. */
const DEFAULT_PORTS: readonly number[] = [80, 443]

interface Entry {
  /** `.domain` for `*.domain`, otherwise the host itself; IPv6 without brackets. */
  readonly name: string
  readonly isSuffix: boolean
  readonly ports: readonly number[]
}

/** The hosts other than S3 that the egress listener forwards to. */
export class AllowedHosts {
  readonly #entries: readonly Entry[]

  /**
   * `host`, `*.domain` (its subdomains, not the domain itself), each with `:port` or for ports 80
   * and 443; lower case.
   */
  constructor(allowHosts: readonly string[]) {
    this.#entries = allowHosts.map(parseEntry)
  }

  /** `hostname`: lower case, IPv6 without brackets. */
  allows(hostname: string, port: number): boolean {
    return this.#entries.some(({ name, isSuffix, ports }) => {
      const isNamed = isSuffix
        ? hostname.length > name.length && hostname.endsWith(name)
        : hostname === name
      return isNamed && ports.includes(port)
    })
  }
}

function parseEntry(text: string): Entry {
  const { host, port } = splitPort(text)
  const ports = port === undefined ? DEFAULT_PORTS : [port]
  if (host.startsWith('*.')) return { name: host.slice(1), isSuffix: true, ports }
  return { name: host.startsWith('[') ? host.slice(1, -1) : host, isSuffix: false, ports }
}

function splitPort(text: string): { readonly host: string; readonly port: number | undefined } {
  const colon = text.lastIndexOf(':')
  if (colon === -1 || text.endsWith(']')) return { host: text, port: undefined }
  return { host: text.slice(0, colon), port: Number(text.slice(colon + 1)) }
}

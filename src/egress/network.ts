import { lookup } from 'node:dns/promises'
import { connect, isIP, type Socket } from 'node:net'

/** Resolves the IP addresses of a name, in the order to try them; rejects if there are none. */
type Resolve = (hostname: string) => Promise<readonly string[]>

/**
 * Opens a TCP connection to an IP address; never to a name, which could resolve to another address.
 */
type Dial = (address: string, port: number) => Socket

/** How the egress listener reaches other hosts. Tests replace it. */
export interface Network {
  readonly resolve: Resolve
  readonly dial: Dial
}

/** The machine's own network: getaddrinfo(3), with /etc/hosts, and TCP. */
export const SYSTEM_NETWORK: Network = {
  resolve: async (hostname) =>
    (await lookup(hostname, { all: true, order: 'verbatim' })).map(({ address }) => address),
  dial: (address, port) => {
    if (isIP(address) === 0) throw new Error('only addresses are dialled')
    return connect({ host: address, port, noDelay: true })
  },
}

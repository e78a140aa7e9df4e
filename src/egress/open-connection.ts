import { isIP, type Socket } from 'node:net'
import { failure, ok, type Result } from '../base/result.ts'
import { settledWithin } from '../base/settled-within.ts'
import type { Authority } from '../s3/absolute-target.ts'
import type { S3Error } from '../s3/error.ts'
import { refusal } from '../s3/refusals.ts'
import type { AddressRules } from './address-rules.ts'
import type { Network } from './network.ts'

/** Only the first addresses of a name are tried. */
const ADDRESSES_MAX = 8

/**
 * Connects to a host: resolves it once, checks every address, and dials a checked address, so that
 * a second DNS answer has no effect. If one address is closed, the host is refused.
 *
 * Refused: 403 AccessDenied `egress-address-not-allowed`; 502 BadGateway `egress-dns`,
 * `egress-connect`; 504 GatewayTimeout `egress-timeout`. Nothing is dialled then.
 */
export async function openConnection(
  network: Network,
  rules: AddressRules,
  { hostname, port }: Authority,
  timeoutMs: number,
): Promise<Result<Socket, S3Error>> {
  const resolved = await addressesOf(network, hostname, timeoutMs)
  if (!resolved.ok) return resolved
  if (!resolved.value.every((address) => rules.isOpen(address))) {
    return failure(refusal('egress-address-not-allowed', { hostname }))
  }
  let last: S3Error = refusal('egress-connect', { hostname })
  const deadline = performance.now() + timeoutMs
  for (const address of resolved.value.slice(0, ADDRESSES_MAX)) {
    const leftMs = deadline - performance.now()
    if (leftMs <= 0) break
    const connected = await connectTo(network.dial(address, port), hostname, leftMs)
    if (connected.ok) return connected
    last = connected.error
  }
  return failure(last)
}

async function addressesOf(
  network: Network,
  hostname: string,
  timeoutMs: number,
): Promise<Result<readonly string[], S3Error>> {
  if (isIP(hostname) !== 0) return ok([hostname])
  const resolving = network.resolve(hostname)
  try {
    if (!(await settledWithin(resolving, timeoutMs)))
      return failure(refusal('egress-timeout', { hostname }))
    const addresses = await resolving
    if (addresses.length > 0) return ok(addresses)
    return failure(refusal('egress-dns', { hostname }))
  } catch (cause) {
    return failure({ ...refusal('egress-dns', { hostname }), cause })
  }
}

function connectTo(
  socket: Socket,
  hostname: string,
  timeoutMs: number,
): Promise<Result<Socket, S3Error>> {
  return new Promise((resolve) => {
    const end = (result: Result<Socket, S3Error>): void => {
      clearTimeout(timer)
      socket.off('connect', onConnect)
      socket.off('error', onError)
      // A late error of an abandoned socket has no other listener.
      if (!result.ok) socket.on('error', () => undefined).destroy()
      resolve(result)
    }
    const onConnect = (): void => end(ok(socket))
    const onError = (cause: Error): void => {
      end(failure({ ...refusal('egress-connect', { hostname }), cause }))
    }
    const timer = setTimeout(() => end(failure(refusal('egress-timeout', { hostname }))), timeoutMs)
    socket.once('connect', onConnect)
    socket.once('error', onError)
  })
}

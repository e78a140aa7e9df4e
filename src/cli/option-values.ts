import { InvalidArgumentError } from 'commander'
import { parseDuration } from '../config/duration.ts'
import type { KmsKey } from '../sandbox/kms-keys.ts'
import { parseQuirk, type Quirks, quirkForms } from '../sandbox/quirks.ts'
import { isBucketName } from '../sandbox/request.ts'

/** An address to listen on. */
export interface HostPort {
  /** An IPv6 literal has no brackets. */
  readonly host: string
  readonly port: number
}

/** An address to listen on; without a host, all addresses. */
export interface BindAddress {
  readonly host?: string
  readonly port: number
}

/** The address of the proxy, and its name in the Host field and in its certificate. */
export interface HttpEndpoint {
  readonly isTls: boolean
  /** The host to connect to; an IP literal has no brackets. */
  readonly hostname: string
  readonly port: number
  /** The value of the Host field. */
  readonly host: string
}

const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '[::1]']
/** Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const QUANTITY = /^\d+(\.\d+)?(m|[kMGTPE]|[KMGTPE]i)?$/
const IMAGE = /^[a-z0-9][\w.:/@-]*$/

/** The values of a repeatable option, in order. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/** Adds a header field `name: value` to a flat list; the name in lower case. */
export function parseHeader(text: string, before: readonly string[] = []): readonly string[] {
  const colon = text.indexOf(':')
  if (colon < 1) throw new InvalidArgumentError(`'${text}' is not 'name: value'.`)
  return [...before, text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()]
}

/** Parses `HOST:PORT`; an IPv6 literal needs brackets. */
export function parseAddress(text: string): HostPort {
  const { host, port } = parseBindAddress(text)
  if (host === undefined) throw new InvalidArgumentError(`'${text}' is not HOST:PORT.`)
  return { host, port }
}

/** Parses `HOST:PORT` or `:PORT`; an IPv6 literal needs brackets. */
export function parseBindAddress(text: string): BindAddress {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:]*)):(\d{1,5})$/i.exec(text)
  const [, literal, name = '', digits] = match ?? []
  const port = Number(digits)
  if (match === null || port > 65_535) {
    throw new InvalidArgumentError(`'${text}' is not HOST:PORT.`)
  }
  const host = literal ?? name
  return host === '' ? { port } : { host, port }
}

/** A TCP port from 1 to 65535. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) throw new InvalidArgumentError(`'${text}' is not a port.`)
  return port
}

/** Whole seconds below 1000. */
export function parseDelaySeconds(text: string): number {
  if (/^\d{1,3}$/.test(text)) return Number(text)
  throw new InvalidArgumentError(`'${text}' is not a number of seconds below 1000.`)
}

/** `http://HOST[:PORT]` or `https://HOST[:PORT]`, without path or user. */
export function parseHttpEndpoint(text: string): HttpEndpoint {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isHttp = url?.protocol === 'http:' || url?.protocol === 'https:'
  if (url === undefined || !isHttp || url.pathname !== '/' || hasMoreThanHost(url)) {
    throw new InvalidArgumentError(`'${text}' is not http://HOST[:PORT] or https://HOST[:PORT].`)
  }
  const isTls = url.protocol === 'https:'
  const defaultPort = isTls ? 443 : 80
  const port = url.port === '' ? defaultPort : Number(url.port)
  return { isTls, hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, host: url.host }
}

function hasMoreThanHost({ search, hash, username, password }: URL): boolean {
  return `${search}${hash}${username}${password}` !== ''
}

/** `http://` with a loopback host, which containers of the same pod can reach. */
export function parseLoopbackUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname)) return text
  throw new InvalidArgumentError(`'${text}' is not http://127.0.0.1:PORT.`)
}

/** An address of a server, as {@link parseHttpEndpoint} takes it, unchanged. */
export function parseServerUrl(text: string): string {
  parseHttpEndpoint(text)
  return text
}

/** A container image's name. */
export function parseImage(text: string): string {
  if (IMAGE.test(text)) return text
  throw new InvalidArgumentError(`'${text}' is not a valid image name.`)
}

/** A Kubernetes quantity, such as `100m` or `128Mi`. */
export function parseQuantity(text: string): string {
  if (QUANTITY.test(text)) return text
  throw new InvalidArgumentError(`'${text}' is not a Kubernetes quantity.`)
}

/** Adds a bucket name to the previous ones. */
export function parseBucketName(text: string, before: readonly string[] = []): readonly string[] {
  if (isBucketName(text)) return [...before, text]
  throw new InvalidArgumentError(`'${text}' is not a valid bucket name.`)
}

const KMS_KEY =
  /^(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+)(?:=(disabled|pending-deletion))?$/

/** Adds a KMS key, `ARN` or `ARN=<state>`, to the previous ones. */
export function parseKmsKey(text: string, before: readonly KmsKey[] = []): readonly KmsKey[] {
  const [, arn, state] = KMS_KEY.exec(text) ?? []
  if (arn === undefined) throw new InvalidArgumentError(`'${text}' is not the ARN of a KMS key.`)
  const isUsable = state !== 'disabled' && state !== 'pending-deletion'
  return [...before, { arn, state: isUsable ? 'enabled' : state }]
}

/** Adds a quirk of the sandbox to the previous ones. */
export function addQuirk(text: string, before: Quirks = {}): Quirks {
  const quirk = parseQuirk(text)
  if (quirk === undefined)
    throw new InvalidArgumentError(`'${text}' is none of: ${quirkForms().join(', ')}.`)
  return { ...before, ...quirk }
}

/** A duration such as `60s`, in milliseconds. */
export function parseEvery(text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined || ms === 0)
    throw new InvalidArgumentError('write a number and a unit: 60s, 5m')
  return ms
}

const HOUR_MS = 3_600_000

/** Days or hours, `90d` or `24h`, in milliseconds. */
export function parseRetention(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})([hd])$/.exec(text) ?? []
  if (count === undefined) throw new InvalidArgumentError('write days or hours: 90d, 24h')
  return Number(count) * (unit === 'd' ? 24 * HOUR_MS : HOUR_MS)
}

const DAY = /^\d{4}-\d\d-\d\d$/
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/

/** A time with its offset, or a day (its beginning in UTC), as `YYYY-MM-DDTHH:mm:ss.sssZ`. */
export function parseInstant(text: string): string {
  const ms = DAY.test(text) || INSTANT.test(text) ? Date.parse(text) : Number.NaN
  // JavaScript takes the 30th of February for the 2nd of March.
  const dayMs = Date.parse(text.slice(0, 10))
  const isReal = !Number.isNaN(ms) && new Date(dayMs).toISOString().startsWith(text.slice(0, 10))
  if (isReal) return new Date(ms).toISOString()
  throw new InvalidArgumentError('write a day or a time: 2026-11-28, 2026-11-28T15:00:00Z')
}

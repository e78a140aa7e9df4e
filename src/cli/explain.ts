import { type HeaderList, headerCount } from '../base/header-list.ts'
import type { Client, Config } from '../config/config.ts'
import { formatConfigError } from '../config/problems.ts'
import { decide } from '../policy/decide.ts'
import type { Decision } from '../policy/decision.ts'
import type { ExpectedEncryption } from '../policy/expected-encryption.ts'
import { draftHead } from '../request/draft-head.ts'
import { readRequest, type S3Request } from '../request/read-request.ts'
import { refuseReadFirst } from '../request/refuse-read.ts'
import { isEncryptionHeader } from '../s3/encryption-headers.ts'
import { ERROR_STATUS, type S3Error } from '../s3/error.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { explainAuthentication } from './explain-authentication.ts'
import { loadConfiguration } from './load-configuration.ts'

/**
 * `sealgate explain`: what would happen to a request, without sending anything: operation, matching
 * rule, decision, headers set and removed. No secret and no signature is ever printed.
 */
export async function explain(options: ExplainOptions, terminal: Terminal): Promise<ExitCode> {
  const loaded = await loadConfiguration(options.configFile, terminal)
  if (!loaded.ok) {
    terminal.stderr(formatConfigError(loaded.error))
    return 2
  }
  const config = loaded.value
  const client = findClient(config, options.client)
  if (options.client !== undefined && client === undefined) {
    return usageError(terminal, `no client '${options.client}' in ${options.configFile}.`)
  }
  terminal.stdout(explainRequest(config, client, requestOf(options), Date.now()))
  return 0
}

/** The options of `sealgate explain`. */
export interface ExplainOptions {
  readonly configFile: string
  readonly client: string | undefined
  readonly method: string
  /** A path, or an address with http:// or https://. */
  readonly url: string
  /** Names in lower case. */
  readonly headers: HeaderList
}

/** A request as a person types it. */
export interface ExplainedRequest {
  readonly method: string
  /** Path and query as they would be sent. */
  readonly rawTarget: string
  /** Names in lower case; `host` included. */
  readonly headers: HeaderList
}

/** The explanation as text, one fact a line. `nowMs`: when the signature is judged. */
export function explainRequest(
  config: Config,
  named: Client | undefined,
  { method, rawTarget, headers }: ExplainedRequest,
  nowMs: number,
): string {
  const lines: string[] = []
  const say = (name: string, value: string) => lines.push(`${`${name}:`.padEnd(16)}${value}`)
  const hosts = config.listen.flatMap((listener) => listener.hosts)
  const buckets = new Set(config.upstream.buckets.keys())
  const [host = 'localhost'] = hosts
  const withHost = headerCount(headers, 'host') > 0 ? headers : ['host', host, ...headers]
  const parsed = readRequest(method, rawTarget, withHost, hosts, buckets)
  if (!parsed.ok) {
    const head = { method, rawTarget, headers: withHost, parsed: undefined }
    sayRefusal(say, refuseReadFirst(config.policy, head, parsed.error))
    return `${lines.join('\n')}\n`
  }
  const { operation, resource } = parsed.value
  say('operation', operation.name)
  say('bucket', resource.bucket ?? '(none)')
  say('key', resource.key === undefined ? '(none)' : JSON.stringify(resource.key))
  for (const name of parsed.value.ignoredParameters) say('parameter left out', name)
  const { client, isAdmitted } = explainAuthentication(config, named, parsed.value, nowMs, say)
  const decision = decide(config.policy, {
    operation,
    method,
    client: client?.name ?? '',
    bucket: resource.bucket,
    key: resource.key,
    requested: parsed.value.requestedEncryption,
    isAppend: headerCount(parsed.value.headers, 'x-amz-write-offset-bytes') > 0,
  })
  if (isAdmitted || decision.kind === 'deny') sayDecision(say, decision, parsed.value)
  else say('decision', 'refuse')
  return `${lines.join('\n')}\n`
}

type Say = (name: string, value: string) => void

function sayDecision(say: Say, decision: Decision, parsed: S3Request): void {
  say('rule', decision.rule ?? '(none)')
  if (decision.kind === 'deny') {
    sayRefusal(say, decision.error)
    return
  }
  const { obligation, observed } = decision
  say('decision', observed === undefined ? 'allow' : 'allow, unchanged (mode observe)')
  if (observed?.kind === 'deny') say('would refuse', describeError(observed.error))
  if (obligation.action !== undefined) say('encryption', obligation.action)
  if (obligation.exemption !== undefined) say('exempt', obligation.exemption)
  if (obligation.encryption.kind === 'set') {
    const { headers } = obligation.encryption
    for (let i = 0; i < headers.length; i += 2)
      say('header set', `${headers[i]}: ${headers[i + 1]}`)
  }
  for (const name of removedHeaders(parsed, decision)) say('header removed', name)
  const { confirm, readCheck } = obligation
  if (confirm !== undefined) say('must confirm', `${confirm.algorithm} under ${keyOf(confirm)}`)
  if (readCheck?.deny) say('must be under', `${keyOf(readCheck.expected)}, or the read is refused`)
}

function keyOf({ keyId, replicas }: ExpectedEncryption): string {
  return replicas === 'accept' ? `${keyId} or a replica of it in another Region` : keyId
}

/** The client's encryption headers that would not go on as they are. */
function removedHeaders(parsed: S3Request, decision: Decision): readonly string[] {
  if (decision.kind === 'deny') return []
  const body = { set: [], contentEncoding: undefined, dropSdkChecksum: false }
  const edit = decision.obligation.encryption
  const kept = draftHead(parsed, edit, '', body)
  const removed: string[] = []
  for (let i = 0; i < parsed.headers.length; i += 2) {
    const name = parsed.headers[i] ?? ''
    if (!isEncryptionHeader(name)) continue
    if (edit.kind === 'set' || headerCount(kept, name) === 0) removed.push(name)
  }
  return removed
}

function sayRefusal(say: Say, error: S3Error): void {
  say('decision', 'refuse')
  say('answer', describeError(error))
}

function describeError(error: S3Error): string {
  return `${ERROR_STATUS[error.code]} ${error.code} (${error.reason}): ${error.message}`
}

function findClient(config: Config, name: string | undefined): Client | undefined {
  return config.clients.find((client) => client.name === name)
}

function requestOf({ method, url, headers }: ExplainOptions): ExplainedRequest {
  const { host, rawTarget } = splitUrl(url)
  const needsHost = host !== undefined && headerCount(headers, 'host') === 0
  return {
    method: method.toUpperCase(),
    rawTarget,
    headers: needsHost ? ['host', host, ...headers] : headers,
  }
}

/** By hand: `new URL()` would rewrite the key. */
function splitUrl(url: string): { readonly host: string | undefined; readonly rawTarget: string } {
  const match = /^https?:\/\/([^/?#]+)([^#]*)/i.exec(url)
  if (match === null) return { host: undefined, rawTarget: url.startsWith('/') ? url : `/${url}` }
  const [, host, rest = ''] = match
  return { host, rawTarget: rest.startsWith('/') ? rest : `/${rest}` }
}

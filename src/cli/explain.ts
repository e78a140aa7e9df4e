import { type HeaderList, headerCount } from '../base/header-list.ts'
import type { Client, Config } from '../config/config.ts'
import { formatConfigError } from '../config/problems.ts'
import type { EncryptionEdit } from '../policy/decision.ts'
import type { ExpectedEncryption } from '../policy/expected-encryption.ts'
import { draftHead } from '../request/draft-head.ts'
import { judge, type Verdict } from '../request/judge.ts'
import { traitsOf } from '../request/plan-body.ts'
import { readRequest, type S3Request } from '../request/read-request.ts'
import { refuseReadFirst } from '../request/refuse-read.ts'
import { isEncryptionHeader } from '../s3/encryption-headers.ts'
import { ERROR_STATUS, type S3Error } from '../s3/error.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { explainSender } from './explain-sender.ts'
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
  const whole = completed(method, headers, hosts)
  const read = readRequest(method, rawTarget, whole, hosts, buckets)
  if (!read.ok) {
    const head = { method, rawTarget, headers: whole, parsed: undefined }
    sayRefusal(say, refuseReadFirst(config.policy, head, read.error))
    return `${lines.join('\n')}\n`
  }
  const request = read.value
  say('operation', request.operation.name)
  say('bucket', request.resource.bucket ?? '(none)')
  say('key', request.resource.key === undefined ? '(none)' : JSON.stringify(request.resource.key))
  for (const name of request.ignoredParameters) say('parameter left out', name)
  const { context, asItStands } = explainSender(config, named, request, nowMs, say)
  const verdict = judge(config.policy, traitsOf(config.upstream), context, request)
  if (asItStands !== undefined) {
    const real = judge(config.policy, traitsOf(config.upstream), asItStands, request)
    if (real.kind === 'refuse') say('as it stands', describeError(real.error))
  }
  sayVerdict(say, verdict, request)
  return `${lines.join('\n')}\n`
}

/** With the fields that every client sends, and that a person need not type: Host and a length. */
function completed(
  method: string,
  headers: HeaderList,
  [host = 'localhost']: readonly string[],
): HeaderList {
  const list = headerCount(headers, 'host') > 0 ? [...headers] : ['host', host, ...headers]
  const isFramed =
    headerCount(headers, 'content-length') > 0 || headerCount(headers, 'transfer-encoding') > 0
  if (!isFramed && (method === 'PUT' || method === 'POST')) list.push('content-length', '0')
  return list
}

type Say = (name: string, value: string) => void

function sayVerdict(say: Say, verdict: Verdict, request: S3Request): void {
  if (verdict.decision !== undefined) say('rule', verdict.decision.rule ?? '(none)')
  if (verdict.kind === 'refuse') {
    sayRefusal(say, verdict.error)
    return
  }
  const { obligation, observed } = verdict.decision
  say('decision', observed === undefined ? 'allow' : 'allow, unchanged (mode observe)')
  if (observed?.kind === 'deny') say('would refuse', describeError(observed.error))
  if (obligation.action !== undefined) say('encryption', obligation.action)
  if (obligation.exemption !== undefined) say('exempt', obligation.exemption)
  if (obligation.encryption.kind === 'set') {
    const { headers } = obligation.encryption
    for (let i = 0; i < headers.length; i += 2)
      say('header set', `${headers[i]}: ${headers[i + 1]}`)
  }
  for (const name of removedHeaders(request, obligation.encryption)) say('header removed', name)
  const { confirm, readCheck } = obligation
  if (confirm !== undefined) say('must confirm', `${confirm.algorithm} under ${keyOf(confirm)}`)
  if (readCheck?.deny) say('must be under', `${keyOf(readCheck.expected)}, or the read is refused`)
}

function keyOf({ keyId, replicas }: ExpectedEncryption): string {
  return replicas === 'accept' ? `${keyId} or a replica of it in another Region` : keyId
}

/** The client's encryption headers that would not go on as they are. */
function removedHeaders(parsed: S3Request, edit: EncryptionEdit): readonly string[] {
  const body = { set: [], contentEncoding: undefined, dropSdkChecksum: false }
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

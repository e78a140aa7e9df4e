import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parse } from 'yaml'
import {
  EXAMPLE_ACCOUNT,
  exampleKeyArn,
  type Sandbox,
  startSandbox,
} from '../../src/sandbox/sandbox.ts'
import { TestAuthority } from '../support/certificates.ts'
import { freePorts } from '../support/free-ports.ts'
import type { Environment } from '../support/program.ts'
import { SealgateProcess } from '../support/sealgate-process.ts'
import type { PageShell } from './page-shell.ts'

/** The key and the region of the examples. */
export const REGION = 'eu-central-1'
export const KEY = exampleKeyArn(REGION)

/** Who administrates the buckets. */
const ADMINISTRATOR: Environment = {
  AWS_ACCESS_KEY_ID: EXAMPLE_ACCOUNT.accessKeyId,
  AWS_SECRET_ACCESS_KEY: EXAMPLE_ACCOUNT.secretAccessKey,
  AWS_REGION: REGION,
  AWS_DEFAULT_REGION: REGION,
}

/** The embedded S3 of the examples' region, with their key and these. */
export function startEmbedded(
  buckets: readonly string[],
  moreKeys: readonly string[] = [],
): Promise<Sandbox> {
  const kmsKeys = [KEY, ...moreKeys].map((arn) => ({ arn, state: 'enabled' }) as const)
  return startSandbox({ buckets, region: REGION, kmsKeys })
}

/** The environment of the account's administrator, at S3 itself. */
export function administrator({ url }: Sandbox): Environment {
  return { ...ADMINISTRATOR, AWS_ENDPOINT_URL_S3: url }
}

/**
 * Debian's awscli, which is older than `AWS_ENDPOINT_URL_S3` (2.13): its option instead, as
 * docs/applications.md says.
 */
export function putAws(shell: PageShell): void {
  shell.program(
    'aws',
    `[ -z "$AWS_ENDPOINT_URL_S3" ] || set -- --endpoint-url "$AWS_ENDPOINT_URL_S3" "$@"
    exec /usr/bin/aws "$@"`,
  )
}

type AuditLine = Readonly<Record<string, unknown>>

/** A shipped configuration at work. */
export interface Shipped {
  readonly sealgate: SealgateProcess
  /** The authority of its certificate; absent: no TLS. */
  readonly caFile: string
  /** `https://localhost:PORT` or `http://127.0.0.1:PORT`. */
  readonly url: string
  /** Where a path of the configuration is here. */
  readonly here: (path: string) => string
  /** What the audit has so far, one object a line. */
  readonly audit: () => readonly AuditLine[]
  /** Waits until it has such a line, because lines are written in batches. */
  readonly audited: (name: string, isIt: (line: AuditLine) => boolean) => Promise<AuditLine>
}

/** What is said besides the file. */
interface ShippedOptions {
  readonly sandbox: Sandbox
  /** Contents of the files that it names, by the path it names. */
  readonly files?: Readonly<Record<string, string>>
  /** The text of the configuration; left out: the file's. */
  readonly yaml?: string | undefined
}

/**
 * Starts the real program with a configuration as it is shipped, but for places: addresses are free ports
 * of loopback, absolute paths are below the shell's folder, and S3 is the embedded one. The upstream's keys
 * come from the environment.
 */
export async function serveShipped(
  shell: PageShell,
  file: string,
  { sandbox, files = {}, yaml = readFileSync(file, 'utf8') }: ShippedOptions,
): Promise<Shipped> {
  const here = (path: string): string => shell.path(`root${path}`)
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(here(path)), { recursive: true })
    writeFileSync(here(path), text, { mode: 0o600 })
  }
  for (const [path, text] of Object.entries(files)) put(path, text)
  const config = parse(yaml)
  const [listener] = config.listen
  if (listener.tls !== undefined) {
    const authority = new TestAuthority()
    const names = [...listener.hosts, 'localhost'].map((host) => `DNS:${host}`)
    const pair = authority.issue({ names: [...names, 'IP:127.0.0.1'] })
    put(listener.tls.certFile, pair.cert)
    put(listener.tls.keyFile, pair.key)
    writeFileSync(shell.path('ca.pem'), authority.cert)
  }
  const [adminPort, ...ports] = await freePorts(1 + config.listen.length)
  for (const [i, one] of config.listen.entries()) one.address = `127.0.0.1:${ports[i]}`
  if (listener.hosts !== undefined) {
    listener.hosts = [...new Set([...listener.hosts, 'localhost', '127.0.0.1'])]
  }
  config.admin.address = `127.0.0.1:${adminPort}`
  Object.assign(config.upstream, { endpoint: sandbox.url, addressing: 'path' })
  writeFileSync(shell.path('sealgate.json'), JSON.stringify(withPaths(config, here)))
  const env = { ...ADMINISTRATOR }
  const sealgate = await SealgateProcess.serve(shell.path('sealgate.json'), { isAlone: true, env })
  const scheme = listener.tls === undefined ? 'http://127.0.0.1' : 'https://localhost'
  return {
    sealgate,
    caFile: shell.path('ca.pem'),
    url: `${scheme}:${sealgate.port}`,
    here,
    audit: () => auditOf(sealgate),
    audited: (name, isIt) => sealgate.until(name, () => auditOf(sealgate).find(isIt)),
  }
}

/** The same value, its absolute paths mapped. */
function withPaths(value: unknown, here: (path: string) => string): unknown {
  if (typeof value === 'string') return value.startsWith('/') ? here(value) : value
  if (Array.isArray(value)) return value.map((one) => withPaths(one, here))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, withPaths(inner, here)]),
  )
}

/** The lines of requests on its standard output. */
function auditOf({ stdout }: SealgateProcess): readonly AuditLine[] {
  return stdout.split('\n').flatMap((line): readonly AuditLine[] => {
    if (!line.startsWith('{') || !line.endsWith('}')) return []
    const entry = JSON.parse(line)
    return entry.type === 'sealgate.audit' && entry.record === undefined ? [entry] : []
  })
}

/** Fails unless every object of the bucket is under the examples' key; returns how many there are. */
export function allUnderKey(sandbox: Sandbox, bucket: string): number {
  const keys = sandbox.list(bucket)
  for (const key of keys) {
    const { encryption, keyId } = sandbox.inspect(bucket, key) ?? {}
    if (encryption !== 'aws:kms' || keyId !== KEY) {
      throw new Error(`${bucket}/${key} is stored under ${encryption} ${keyId}`)
    }
  }
  return keys.length
}

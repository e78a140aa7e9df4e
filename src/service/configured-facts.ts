import { X509Certificate } from 'node:crypto'
import type { Config } from '../config/config.ts'
import type { CertificateFacts, ConfiguredFacts } from '../telemetry/service-metrics.ts'

/** The metrics about a configuration. `files`: texts of certificates, by path. */
export function configuredFacts(
  config: Config,
  hash: string,
  files: ReadonlyMap<string, string>,
): ConfiguredFacts {
  return {
    mode: config.policy.mode,
    hash,
    inflightMax: config.limits.concurrentRequests,
    buckets: namedBuckets(config),
    certificates: certificates(config, files),
    issuers: (config.sts?.issuers ?? []).map(({ name }) => name),
  }
}

/**
 * The buckets that the configuration names without a star. Only these become labels: any other name
 * may be invented by a client, or be one of the many that a pattern matches.
 */
function namedBuckets({ clients, policy, upstream }: Config): ReadonlySet<string> {
  const patterns = [
    ...clients.flatMap(({ buckets }) => buckets),
    ...policy.rules.flatMap(({ match }) => match.buckets),
  ]
  const named = patterns.filter(({ pieces }) => pieces.length === 1).map(({ text }) => text)
  return new Set([...named, ...upstream.buckets.keys()])
}

function certificates(
  { listen }: Config,
  files: ReadonlyMap<string, string>,
): readonly CertificateFacts[] {
  const facts = new Map<string, CertificateFacts>()
  const add = (use: CertificateFacts['use'], file: string | undefined): void => {
    if (file === undefined) return
    const expiresAtSeconds = firstExpiry(files.get(file) ?? '')
    if (expiresAtSeconds === undefined) return
    facts.set(`${use} ${file}`, { use, file, expiresAtSeconds })
  }
  for (const { tls, egress } of listen) {
    add('listener', tls?.certFile)
    add('egress-ca', egress?.ca?.certFile)
  }
  return [...facts.values()]
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/**
 * Returns when the first certificate of a chain expires, in seconds of Unix time; undefined if
 * there is none.
 */
function firstExpiry(pem: string): number | undefined {
  const ends = [...pem.matchAll(CERTIFICATE)].map(
    ([text]) => Date.parse(new X509Certificate(text).validTo) / 1000,
  )
  return ends.length === 0 ? undefined : Math.min(...ends)
}

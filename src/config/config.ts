import type { Pattern } from '../policy/pattern.ts'
import type { Policy } from '../policy/policy.ts'

/** A loaded, validated configuration: secrets resolved, defaults filled in, durations in ms. */
export interface Config {
  readonly listen: readonly ListenerConfig[]
  readonly admin: AdminConfig | undefined
  readonly upstream: UpstreamConfig
  readonly clients: readonly Client[]
  readonly policy: Policy
  readonly limits: Limits
  readonly audit: {
    /** Where lines go, unless `evidence.directory` says otherwise. */
    readonly destination: 'stdout' | { readonly file: string }
    readonly evidence: EvidenceConfig | undefined
  }
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' }
  readonly metrics: { readonly bucketLabel: boolean; readonly clientLabel: boolean }
  readonly reload: { readonly watch: boolean }
  readonly drain: { readonly delayMs: number; readonly deadlineMs: number }
  /** Processes that share the listeners; 1: this one alone. */
  readonly workers: number
  /** What is allowed and yet unwise; for `check` and the log. */
  readonly warnings: readonly ConfigProblem[]
}

/** Something wrong in a configuration file. */
export interface ConfigProblem {
  /** Where, as in `policy.rules[0].encrypt.keyId`; empty: the file as a whole. */
  readonly path: string
  /** From 1; undefined where the file cannot tell (a key that is missing everywhere). */
  readonly line?: number
  readonly column?: number
  /** What is wrong and what to do about it; never a secret. */
  readonly message: string
}

/** Audit lines that prove themselves. */
export interface EvidenceConfig {
  /** The name of the log; no space, no plus. */
  readonly origin: string
  /** The folder of the trail; undefined: lines are only chained. */
  readonly directory: string | undefined
}

/** Where a listener binds: an IP literal or name, and a port (0: any free one). */
export interface SocketAddress {
  readonly host: string
  readonly port: number
}

export interface AdminConfig extends SocketAddress {
  /**
   * When `/readyz` is 200. `process`: this program takes requests. `upstream`: and S3 is within reach, and
   * there are credentials for it.
   */
  readonly readiness: 'process' | 'upstream'
}

export interface ListenerConfig {
  /** `s3`: clients speak to it as to S3. `egress`: clients have it as their HTTP proxy. */
  readonly kind: 's3' | 'egress'
  readonly address: SocketAddress
  /**
   * Host names accepted, lower case, without port, IPv6 in brackets, as in a Host header;
   * `<bucket>.<host>` is virtual-hosted style.
   */
  readonly hosts: readonly string[]
  readonly tls: ListenerTls | undefined
  /** The address is of the loopback range, so an anonymous client may be admitted. */
  readonly isLoopback: boolean
  /** Set where `kind` is `egress`. */
  readonly egress: EgressConfig | undefined
}

/** What an egress listener lets through. S3 hosts always take the road of the policy. */
export interface EgressConfig {
  /** The organisation's own authority, for leaf certificates of S3 hosts. */
  readonly ca: { readonly certFile: string; readonly keyFile: string } | undefined
  /** CONNECT to S3 hosts is intercepted; false: refused. Never tunnelled. Needs `ca`. */
  readonly intercept: boolean
  /** Other hosts that may be reached: `host`, `*.domain`, each with `:port` or for 80 and 443. */
  readonly allowHosts: readonly string[]
  /** Private, link-local or loopback addresses that may be reached all the same: IP or CIDR. */
  readonly allowAddresses: readonly string[]
  /** The client's signature must verify; false: stripped, the client is known by Proxy-Authorization or is the anonymous one. */
  readonly verifySignatures: boolean
}

export interface ListenerTls {
  readonly certFile: string
  readonly keyFile: string
  readonly clientCaFile: string | undefined
}

export interface UpstreamConfig {
  /** `sandbox`: the embedded S3. Otherwise where S3 is. */
  readonly endpoint: { readonly kind: 'sandbox' } | UpstreamEndpoint
  readonly region: string
  /** Regions that clients may sign for besides `region`. */
  readonly acceptRegions: readonly string[]
  readonly addressing: 'virtual' | 'path'
  readonly credentials: CredentialsConfig
  readonly trailers: 'forward' | 'terminate'
  readonly caFile: string | undefined
  /** Sockets per origin. */
  readonly connections: number
  readonly connectTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly allowPlaintext: boolean
  /** The endpoint is AWS's own, so its rules for hosts, regions and key ARNs hold. */
  readonly isAws: boolean
  readonly dualStack: boolean
  readonly fips: boolean
  readonly accelerate: boolean
  /** What is other for single buckets, by bucket name. */
  readonly buckets: ReadonlyMap<string, BucketUpstream>
}

/** What is other for one bucket; undefined: as for all. */
export interface BucketUpstream {
  readonly region: string | undefined
  readonly endpoint: UpstreamEndpoint | undefined
  readonly credentials: CredentialsConfig | undefined
}

/** `hostname` without brackets and last dot, lower case; `port` always set. */
export interface UpstreamEndpoint {
  readonly kind: 'url'
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  /** The name has a last dot: it resolves as it is, without the resolver's search list. */
  readonly isRooted?: true
  readonly port: number
}

/** Where the upstream credentials come from. */
export type CredentialsConfig =
  | { readonly source: 'default' }
  | { readonly source: 'env' }
  | {
      readonly source: 'static'
      readonly accessKeyId: string
      readonly secretAccessKey: string
      readonly sessionToken: string | undefined
    }
  | {
      readonly source: 'file'
      readonly profile: string | undefined
      readonly credentialsFile: string | undefined
      readonly configFile: string | undefined
    }
  | {
      readonly source: 'web-identity'
      readonly roleArn: string | undefined
      readonly tokenFile: string | undefined
      readonly sessionName: string | undefined
    }
  | { readonly source: 'container' }
  | { readonly source: 'instance' }
  | {
      readonly source: 'assume-role'
      readonly roleArn: string
      readonly externalId: string | undefined
      readonly sessionName: string
      readonly durationSeconds: number
      readonly from: CredentialsConfig
    }

/** Who may send requests, and what they may touch. */
export interface Client {
  readonly name: string
  readonly identity:
    | { readonly kind: 'anonymous' }
    /** mTLS: exactly one of the two is set; the subject is RFC 4514 text, the SAN a DNS name, URI or e-mail. */
    | {
        readonly kind: 'certificate'
        readonly subject: string | undefined
        readonly san: string | undefined
      }
    | {
        readonly kind: 'keys'
        readonly accessKeyId: string
        /** One, or two while a secret is being changed over. */
        readonly secretAccessKeys: readonly string[]
        /** The session token that the client must send; undefined: it must send none. */
        readonly sessionToken: string | undefined
      }
  /** Buckets it may touch, copy sources included. */
  readonly buckets: readonly Pattern[]
  /** Its own upstream credentials; undefined: the upstream's. */
  readonly upstream: CredentialsConfig | undefined
}

export interface Limits {
  readonly headerBytes: number
  /** Longest silence in a body, either direction. */
  readonly bodyIdleMs: number
  /** Longest wait for a request head on an open connection. */
  readonly headIdleMs: number
  readonly concurrentRequests: number
  readonly concurrentRequestsPerClient: number
  readonly connections: number
  /** Connections on which nobody has been identified; beyond, the oldest is closed. */
  readonly unauthenticatedConnections: number
}

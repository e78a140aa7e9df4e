import type { Pattern } from '../policy/pattern.ts'
import type { Policy } from '../policy/policy.ts'
import type { AccessClass } from '../s3/operation-table.ts'
import type { ClientFiles } from './client-directory.ts'
import type { CredentialsConfig } from './schema-credentials.ts'

/** A loaded, validated configuration: secrets resolved, defaults filled in, durations in ms. */
export interface Config {
  readonly listen: readonly ListenerConfig[]
  readonly admin: AdminConfig | undefined
  readonly upstream: UpstreamConfig
  readonly clients: readonly Client[]
  /** Set if the clients are the files of a directory; for the next reload. */
  readonly clientFiles?: ClientFiles | undefined
  /** Short-lived keys for workloads; undefined: none are issued. */
  readonly sts: StsConfig | undefined
  readonly policy: Policy
  readonly limits: Limits
  readonly audit: {
    /** Where lines go, unless `evidence.directory` says otherwise. */
    readonly destination: 'stdout' | { readonly file: string }
    readonly evidence: EvidenceConfig | undefined
    /** Who gets copies of the lines. */
    readonly sinks: readonly AuditSinkConfig[]
  }
  readonly log: { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' }
  readonly metrics: { readonly bucketLabel: boolean; readonly clientLabel: boolean }
  readonly reload: { readonly watch: boolean }
  readonly drain: { readonly delayMs: number; readonly deadlineMs: number }
  /** Number of processes that share the listeners; 1: only this process. */
  readonly workers: number
  /** Settings that are valid but unwise; for `check` and the log. */
  readonly warnings: readonly ConfigProblem[]
}

/** A problem in a configuration file. */
export interface ConfigProblem {
  /** Undefined: the configuration file. */
  readonly file?: string
  /**
   * The path of the setting, for example `policy.rules[0].encrypt.keyId`; empty for the whole file.
   */
  readonly path: string
  /** From 1; undefined if the file has no such position (a missing key). */
  readonly line?: number
  readonly column?: number
  /** What is wrong and what to do; never contains a secret. */
  readonly message: string
}

/** Audit lines that can be verified. */
export interface EvidenceConfig {
  /** The name of the log; no space, no plus. */
  readonly origin: string
  /** The folder of the trail; undefined: lines are only chained. */
  readonly directory: string | undefined
  /** The keys that seal it here; only the sealer reads them. Undefined: it is sealed elsewhere. */
  readonly key: { readonly file: string; readonly previousFile: string | undefined } | undefined
  /** Longest time between two checkpoints. */
  readonly everyMs: number
  /** Who else gets every checkpoint. */
  readonly anchor: AnchorConfig | undefined
}

/** Where checkpoints of the audit trail are kept by somebody else. */
export type AnchorConfig =
  | {
      readonly kind: 'bucket'
      readonly bucket: string
      readonly prefix: string
      /** Object Lock; undefined: as the bucket says. */
      readonly retainMs: number | undefined
    }
  | { readonly kind: 'folder'; readonly directory: string }

/** The address of a listener: an IP literal or name, and a port (0: any free one). */
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
  /**
   * `s3`: clients use it as an S3 endpoint. `egress`: clients use it as their HTTP proxy. `sts`: they get
   * session keys there.
   */
  readonly kind: 's3' | 'egress' | 'sts'
  readonly address: SocketAddress
  /**
   * Host names accepted, lower case, without port, IPv6 in brackets, as in a Host header;
   * `<bucket>.<host>` is virtual-hosted style.
   */
  readonly hosts: readonly string[]
  readonly tls: ListenerTls | undefined
  /** Whether the address is a loopback address, so that an anonymous client is allowed. */
  readonly isLoopback: boolean
  /** Set if `kind` is `egress`. */
  /** Networks whose connections begin with a header of the PROXY protocol; undefined: none. */
  readonly proxyProtocol: TrustedNetworks | undefined
  /** Networks whose X-Forwarded-For is believed; undefined: none. */
  readonly forwardedFor: TrustedNetworks | undefined
  readonly egress: EgressConfig | undefined
}

/** A receiver of copies of audit lines. */
export interface AuditSinkConfig {
  readonly kind: 'webhook' | 'otlp'
  readonly url: string
  readonly token: string | undefined
  /** PEM text. */
  readonly ca: string | undefined
}

/** IP addresses and CIDR of load balancers, whose word for a client's address is taken. */
export interface TrustedNetworks {
  readonly from: readonly string[]
}

/** What an egress listener allows. The policy always applies to S3 hosts. */
export interface EgressConfig {
  /** The organisation's CA, which issues leaf certificates for S3 hosts. */
  readonly ca: { readonly certFile: string; readonly keyFile: string } | undefined
  /**
   * Whether CONNECT to S3 hosts is intercepted; if false, it is refused. It is never tunnelled.
   * Needs `ca`.
   */
  readonly intercept: boolean
  /**
   * Other hosts that clients may reach: `host`, `*.domain`, each with `:port` or for ports 80 and
   * 443.
   */
  readonly allowHosts: readonly string[]
  /** Private, link-local or loopback addresses that clients may reach nevertheless: IP or CIDR. */
  readonly allowAddresses: readonly string[]
  /**
   * Whether the client's signature must verify. If false, it is removed, and the client is
   * identified by Proxy-Authorization or is the anonymous one.
   */
  readonly verifySignatures: boolean
}

export interface ListenerTls {
  readonly certFile: string
  readonly keyFile: string
  readonly clientCaFile: string | undefined
}

export interface UpstreamConfig {
  /** `sandbox`: the embedded S3. Otherwise the address of S3. */
  readonly endpoint: { readonly kind: 'sandbox' } | UpstreamEndpoint
  readonly region: string
  /** Regions that clients may sign for, in addition to `region`. */
  readonly acceptRegions: readonly string[]
  readonly addressing: 'virtual' | 'path'
  readonly credentials: CredentialsConfig
  readonly trailers: 'forward' | 'terminate'
  readonly caFile: string | undefined
  /** Limit of sockets per origin. */
  readonly connections: number
  readonly connectTimeoutMs: number
  readonly headersTimeoutMs: number
  readonly idleTimeoutMs: number
  readonly allowPlaintext: boolean
  /** Whether the endpoint is AWS's own: its rules for hosts, regions and key ARNs apply. */
  readonly isAws: boolean
  readonly dualStack: boolean
  readonly fips: boolean
  readonly accelerate: boolean
  /** Settings of single buckets, by bucket name. */
  readonly buckets: ReadonlyMap<string, BucketUpstream>
}

/** Settings of one bucket; undefined values are inherited. */
export interface BucketUpstream {
  readonly region: string | undefined
  readonly endpoint: UpstreamEndpoint | undefined
  readonly credentials: CredentialsConfig | undefined
}

/** `hostname` in lower case, without brackets and trailing dot; `port` always set. */
export interface UpstreamEndpoint {
  readonly kind: 'url'
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  /** The configured name has a trailing dot: it is resolved without the resolver's search list. */
  readonly isRooted?: true
  readonly port: number
}

/** Who may get session keys, and what seals them. */
export interface StsConfig {
  readonly issuers: readonly IssuerConfig[]
  /** 32 bytes each; the first seals, all open. */
  readonly sealingKeys: readonly Buffer[]
  /** The default, and the longest that a client may ask for. */
  readonly durationSeconds: number
  /** Paths of the files whose changes are always applied. */
  readonly files: readonly string[]
}

/** An issuer of identity tokens. */
export interface IssuerConfig {
  readonly name: string
  /** `iss` of its tokens. */
  readonly issuer: string
  /** A token must be for one of these. */
  readonly audiences: readonly string[]
  /** Where its keys are; `ca` is PEM text. */
  readonly jwks:
    | { readonly kind: 'file'; readonly text: string }
    | {
        readonly kind: 'uri'
        readonly uri: string
        readonly ca: string | undefined
        /** The file of a bearer token; read each time. */
        readonly tokenFile: string | undefined
      }
    | { readonly kind: 'discovery'; readonly ca: string | undefined }
}

/** A claim that an identity token must have: a boolean, or a text that one pattern matches. */
export interface ClaimRule {
  readonly name: string
  readonly value: boolean | undefined
  /** Empty if `value` is set. */
  readonly patterns: readonly Pattern[]
}

/** A client that may send requests, and the buckets it may use. */
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
        /** One secret, or two during a rotation. */
        readonly secretAccessKeys: readonly string[]
        /** The session token that the client must send; undefined: it must send none. */
        readonly sessionToken: string | undefined
      }
    | {
        readonly kind: 'web-identity'
        /** The name of the issuer. */
        readonly issuer: string
        readonly subjects: readonly Pattern[]
        readonly claims: readonly ClaimRule[]
      }
  /** Buckets that it may use, including the sources of copies. */
  readonly buckets: readonly Pattern[]
  /** What its keys begin with: the keys that it may use in each bucket. An empty text: every key. */
  readonly prefixes: readonly string[]
  /** The classes of operations that it may use. */
  readonly allow: readonly AccessClass[]
  /** Its own upstream credentials; undefined: the upstream's. */
  readonly upstream: CredentialsConfig | undefined
  /** Limit of its requests; undefined: none. */
  readonly requests?: RequestRate | undefined
  /** Limit of its bodies of both directions, in bytes a second; undefined: none. */
  readonly bandwidth?: number | undefined
}

/** So many requests in a second or a minute, and so many at once. */
export interface RequestRate {
  readonly count: number
  readonly unitMs: number
}

export interface Limits {
  readonly headerBytes: number
  /** The limit of silence in a body, in either direction. */
  readonly bodyIdleMs: number
  /** The limit of waiting for a request head on an open connection. */
  readonly headIdleMs: number
  readonly concurrentRequests: number
  readonly concurrentRequestsPerClient: number
  readonly connections: number
  /** Limit of connections without an identified client; beyond it, the oldest is closed. */
  readonly unauthenticatedConnections: number
}

import { z } from 'zod'
import { filePath, line, mapping, socketAddress } from './schema-fields.ts'

const tls = mapping({
  certFile: filePath.describe('PEM: the certificate and its chain.'),
  keyFile: filePath.describe('PEM: its private key.'),
  clientCaFile: filePath
    .optional()
    .describe('PEM: CAs of client certificates. If set, clients must present one (mTLS).'),
})

const egress = mapping({
  ca: mapping({
    certFile: filePath.describe("PEM: the organisation's CA for intercepted S3 hosts."),
    keyFile: filePath.describe('PEM: its private key.'),
  }).optional(),
  intercept: z
    .boolean()
    .default(true)
    .describe(
      'Whether CONNECT to an S3 host is intercepted (needs `ca`); if false, it is refused. It is never tunnelled.',
    ),
  allowHosts: z
    .array(line(260))
    .max(1000)
    .prefault([])
    .describe(
      'Other hosts that clients may reach: `host`, `*.domain`, with `:PORT` or for ports 80 and 443.',
    ),
  allowAddresses: z
    .array(line(64))
    .max(1000)
    .prefault([])
    .describe(
      'Private, link-local and loopback addresses that clients may reach nevertheless: IP or CIDR.',
    ),
  verifySignatures: z
    .boolean()
    .default(true)
    .describe(
      "Whether the client's S3 signature must verify. If false, it is removed, and the client is identified by Proxy-Authorization or is the anonymous one.",
    ),
})

const trustedNetworks = mapping({
  from: z
    .array(line(64))
    .min(1, 'must name at least one network')
    .max(1000)
    .describe('IP addresses or CIDR of the load balancers.'),
})

/** One entry of `listen`. */
export const listenerSchema = mapping({
  kind: z
    .enum(['s3', 'egress', 'sts'])
    .default('s3')
    .describe(
      '`s3`: clients use it as an S3 endpoint. `egress`: clients use it as their HTTP proxy. `sts`: they exchange an identity token for session keys.',
    ),
  address: socketAddress.describe('The address to listen on.'),
  hosts: z
    .array(line(260))
    .max(100)
    .optional()
    .describe(
      'Host names that it serves; `<bucket>.<host>` is virtual-hosted style. Default: on a loopback address `localhost`, `127.0.0.1` and `[::1]`; elsewhere required.',
    ),
  tls: tls.optional().describe('If set, the listener uses HTTPS.'),
  proxyProtocol: trustedNetworks
    .optional()
    .describe(
      'Connections from these networks begin with a PROXY protocol header of version 2, before TLS; others have none.',
    ),
  forwardedFor: trustedNetworks
    .optional()
    .describe(
      "The client's address is the last one of `X-Forwarded-For` that is not in these networks, if the connection is from them.",
    ),
  egress: egress.optional().describe('Only for `kind: egress`.'),
})

/** The section `admin`. */
export const adminSchema = mapping({
  address: socketAddress.describe(
    'The address of `/` (a page for people), `/metrics`, `/livez` and `/readyz`, in plain HTTP.',
  ),
  readiness: z
    .enum(['process', 'upstream'])
    .default('process')
    .describe(
      'When `/readyz` is 200. `process`: Sealgate takes requests; if S3 is out of reach or credentials are missing, `/readyz` says `degraded`. `upstream`: 503 then. Never for a sidecar: its readiness is that of the whole pod.',
    ),
})

/** The admin listener as in the file, defaults filled in. */
export type RawAdmin = z.output<typeof adminSchema>

/** A listener as in the file, defaults filled in. */
export type RawListener = z.output<typeof listenerSchema>

import { z } from 'zod'
import { ACCESS_CLASSES } from '../s3/operation-table.ts'
import { credentialsSchema } from './schema-credentials.ts'
import {
  byteRate,
  filePath,
  line,
  mapping,
  patterns,
  requestRate,
  secret,
} from './schema-fields.ts'
import { webIdentitySchema } from './schema-sts.ts'

const certificate = mapping({
  subject: line(1024)
    .optional()
    .describe('The whole subject, as RFC 4514 text: `CN=billing,O=Example`.'),
  san: line(1024)
    .optional()
    .describe('One subject alternative name: a DNS name, URI or e-mail address.'),
})

/** One entry of `clients`. */
export const clientSchema = mapping({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits and ._-')
    .describe('Its name in rules, audit lines and templates.'),
  accessKeyId: z
    .string()
    .regex(/^[A-Za-z0-9_-]{3,128}$/, 'must be 3 to 128 letters, digits, _ and -')
    .optional()
    .describe('The access key id that it signs with.'),
  secretAccessKey: secret.optional().describe('The secret that it signs with.'),
  secretAccessKeys: z
    .array(secret)
    .min(1)
    .max(2, 'must have at most two: the old secret and the new one')
    .optional()
    .describe('Instead of `secretAccessKey`: the old and the new secret during a rotation.'),
  sessionToken: secret
    .optional()
    .describe('The session token that it must send. Default: it must send none.'),
  anonymous: z
    .boolean()
    .default(false)
    .describe(
      'No signature is required. Only for one client, and only if every listener is on loopback.',
    ),
  certificate: certificate
    .optional()
    .describe(
      'Identified by its TLS certificate; a listener needs `clientCaFile`. Set one of `subject`, `san`.',
    ),
  webIdentity: webIdentitySchema
    .optional()
    .describe(
      'It signs with session keys, which it gets at a listener of kind `sts` for its identity token.',
    ),
  buckets: patterns.describe('Buckets that it may use, including the sources of copies.'),
  prefixes: z
    .array(line(1024).regex(/^[^*]*\*$/, 'must end with *, the only one: it is how keys begin'))
    .min(1)
    .max(100)
    .prefault(['*'])
    .describe('How the keys begin that it may use: `in/*`. Default: every key.'),
  allow: z
    .array(z.enum(ACCESS_CLASSES))
    .min(1)
    .prefault(['read', 'write', 'delete', 'list', 'create'])
    .describe('What it may do; see Grants. `configure`: policies, ACLs and settings of buckets.'),
  requests: requestRate
    .optional()
    .describe(
      'Limit of its requests; beyond it, the answer is 503 SlowDown. Workers share it, replicas do not. Default: none.',
    ),
  bandwidth: byteRate
    .optional()
    .describe(
      'Limit of its bodies in both directions together: they are slowed down, each as much as the others. Workers share it, replicas do not. Default: none.',
    ),
  upstream: credentialsSchema
    .optional()
    .describe('Upstream credentials for its requests. Default: `upstream.credentials`.'),
})

/** A client as in the file, defaults filled in. */
export type RawClient = z.output<typeof clientSchema>

/** The section `clients` if each client has a file of its own. */
export const clientDirectorySchema = mapping({
  directory: filePath.describe(
    'A folder with one client in each file (`*.yaml`, `*.yml`, `*.json`), instead of a list: its settings are those of an entry of the list. Up to 10000 files of 64 KiB.',
  ),
})

import { z } from 'zod'
import { duration, filePath, line, mapping, secret } from './schema-fields.ts'

const keySet = mapping({
  uri: line(2048)
    .optional()
    .describe('Its address; `http://` only on loopback. Redirects are not followed.'),
  file: filePath
    .optional()
    .describe('Instead of `uri`: a JSON Web Key Set; read again when it changes.'),
  caFile: filePath
    .optional()
    .describe("PEM: CAs for the server's certificate, also that of the discovery."),
  tokenFile: filePath
    .optional()
    .describe(
      'Sent to `uri` as `Authorization: Bearer TOKEN`; read each time, since Kubernetes renews it.',
    ),
})

const issuer = mapping({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits and ._-')
    .describe('Its name in `clients[].webIdentity`, metrics and audit lines.'),
  issuer: line(512).describe('The `iss` of its tokens, character for character.'),
  audiences: z
    .array(line(512))
    .min(1, 'must name at least one')
    .max(16)
    .describe('A token must be for one of these (`aud`).'),
  jwks: keySet
    .prefault({})
    .describe(
      'Where its keys are. Default: where `issuer` + `/.well-known/openid-configuration` says.',
    ),
})

/** The section `sts`. */
export const stsSchema = mapping({
  issuers: z
    .array(issuer)
    .min(1, 'must have at least one issuer')
    .max(32)
    .describe('Who issues the identity tokens.'),
  sealingKeys: z
    .array(secret)
    .min(1, 'must have at least one key')
    .max(8)
    .describe(
      '32 random bytes each, in base64 (`openssl rand -base64 32`), the same for all replicas. The first seals session tokens, all open them.',
    ),
  duration: duration('15m', '12h')
    .prefault('1h')
    .describe('How long session keys last, and the longest that a client may ask for.'),
})

/** The section as in the file, defaults filled in. */
export type RawSts = z.output<typeof stsSchema>

/** Identified by a token of an issuer. */
export const webIdentitySchema = mapping({
  issuer: line(64).describe('The name of one of `sts.issuers`.'),
  subjects: z
    .array(line(1024))
    .min(1, 'must name at least one')
    .max(1000)
    .describe('Patterns of the `sub` of its tokens; `*` matches any characters.'),
  claims: z
    .record(line(128), z.union([line(1024), z.array(line(1024)).min(1).max(100), z.boolean()]))
    .prefault({})
    .describe(
      'Further claims that a token must have: a pattern, several of which one must match, or a boolean. Of a claim that is a list, one entry must match.',
    ),
})

/** As in the file, defaults filled in. */
export type RawWebIdentity = z.output<typeof webIdentitySchema>

import { z } from 'zod'
import {
  duration,
  filePath,
  line,
  mapping,
  type RawSecret,
  roleArn,
  secret,
  sessionName,
} from './schema-fields.ts'

/** Upstream credentials as in the file. */
export type RawCredentials =
  | { readonly source: 'default' | 'env' | 'container' | 'instance' }
  | {
      readonly source: 'static'
      readonly accessKeyId: string
      readonly secretAccessKey: RawSecret
      readonly sessionToken?: RawSecret | undefined
    }
  | {
      readonly source: 'file'
      readonly profile?: string | undefined
      readonly credentialsFile?: string | undefined
      readonly configFile?: string | undefined
    }
  | {
      readonly source: 'web-identity'
      readonly roleArn?: string | undefined
      readonly tokenFile?: string | undefined
      readonly sessionName?: string | undefined
    }
  | {
      readonly source: 'assume-role'
      readonly roleArn: string
      readonly externalId?: string | undefined
      readonly sessionName: string
      readonly duration: number
      readonly from: RawCredentials
    }

/** The values of `source`. */
const CREDENTIAL_SOURCES = [
  'default',
  'env',
  'static',
  'file',
  'web-identity',
  'container',
  'instance',
  'assume-role',
] as const

const plain = mapping({ source: z.enum(['default', 'env', 'container', 'instance']) })

const fixed = mapping({
  source: z.literal('static'),
  accessKeyId: line(128)
    .refine((text) => /^[\x21-\x7e]*$/.test(text), 'must be printable ASCII without spaces')
    .describe('The access key id.'),
  secretAccessKey: secret.describe('The secret access key.'),
  sessionToken: secret.optional().describe('For temporary credentials.'),
})

const file = mapping({
  source: z.literal('file'),
  profile: line(128).optional().describe('Default: `AWS_PROFILE`, otherwise `default`.'),
  credentialsFile: filePath.optional().describe('Default: `~/.aws/credentials`.'),
  configFile: filePath.optional().describe('Default: `~/.aws/config`.'),
})

const webIdentity = mapping({
  source: z.literal('web-identity'),
  roleArn: roleArn.optional().describe('Default: `AWS_ROLE_ARN`.'),
  tokenFile: filePath.optional().describe('Default: `AWS_WEB_IDENTITY_TOKEN_FILE`.'),
  sessionName: sessionName
    .optional()
    .describe('Default: `AWS_ROLE_SESSION_NAME`, otherwise a name with the time.'),
})

const assumeRole = mapping({
  source: z.literal('assume-role'),
  roleArn: roleArn.describe('The role to assume.'),
  externalId: line(1224)
    .optional()
    .describe("The external id that the role's trust policy requires."),
  sessionName: sessionName.default('sealgate').describe('The session name in CloudTrail.'),
  duration: duration('15m', '12h').prefault('1h').describe('Lifetime of a session: 15m to 12h.'),
  get from(): z.ZodType<RawCredentials, unknown> {
    return credentialsSchema
      .prefault({ source: 'default' })
      .describe('The credentials that call STS.')
  },
})

/** The schema of upstream credentials. */
export const credentialsSchema: z.ZodType<RawCredentials, unknown> = z
  .discriminatedUnion('source', [plain, fixed, file, webIdentity, assumeRole], {
    error: (issue) =>
      Reflect.get(issue, 'expected') === 'object'
        ? `must be a mapping with source: ${CREDENTIAL_SOURCES.join(' | ')}`
        : undefined,
  })
  .meta({
    id: 'Credentials',
    description: 'The source of upstream credentials; see Credentials.',
  })

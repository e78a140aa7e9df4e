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

/** Upstream credentials as they stand in the file. */
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

/** What `source` may say. */
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
  profile: line(128).optional().describe('Default: `AWS_PROFILE`, else `default`.'),
  credentialsFile: filePath.optional().describe('Default: `~/.aws/credentials`.'),
  configFile: filePath.optional().describe('Default: `~/.aws/config`.'),
})

const webIdentity = mapping({
  source: z.literal('web-identity'),
  roleArn: roleArn.optional().describe('Default: `AWS_ROLE_ARN`.'),
  tokenFile: filePath.optional().describe('Default: `AWS_WEB_IDENTITY_TOKEN_FILE`.'),
  sessionName: sessionName
    .optional()
    .describe('Default: `AWS_ROLE_SESSION_NAME`, else a name with the time.'),
})

const assumeRole = mapping({
  source: z.literal('assume-role'),
  roleArn: roleArn.describe('The role to take on.'),
  externalId: line(1224)
    .optional()
    .describe("The external id that the role's trust policy asks for."),
  sessionName: sessionName.default('sealgate').describe("The name in CloudTrail's lines."),
  duration: duration('15m', '12h').prefault('1h').describe('Life of a session: 15m to 12h.'),
  get from(): z.ZodType<RawCredentials, unknown> {
    return credentialsSchema
      .prefault({ source: 'default' })
      .describe('The credentials that call STS.')
  },
})

/** Where upstream credentials come from. */
export const credentialsSchema: z.ZodType<RawCredentials, unknown> = z
  .discriminatedUnion('source', [plain, fixed, file, webIdentity, assumeRole], {
    error: (issue) =>
      Reflect.get(issue, 'expected') === 'object'
        ? `must be a mapping with source: ${CREDENTIAL_SOURCES.join(' | ')}`
        : undefined,
  })
  .meta({
    id: 'Credentials',
    description: 'Where upstream credentials come from; see Credentials.',
  })

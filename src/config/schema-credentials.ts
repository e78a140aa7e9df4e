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

/** The source of the upstream credentials, with secrets read and defaults filled in. */
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

interface CredentialSourceRow {
  /** It is on this machine: credentials that are missing now will not appear soon. */
  readonly isLocal: boolean
  /** What to check if it fails. */
  readonly remedy: string
}

/** The values of `source`. */
export const CREDENTIAL_SOURCES = {
  default: {
    isLocal: false,
    remedy:
      'set credentials in the environment, in ~/.aws, or give the pod, task or instance a role; or name the source in upstream.credentials',
  },
  env: { isLocal: true, remedy: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY' },
  static: {
    isLocal: true,
    remedy: 'check accessKeyId and secretAccessKey in the configuration',
  },
  file: {
    isLocal: true,
    remedy: 'check the profile and the files that upstream.credentials names',
  },
  'web-identity': {
    isLocal: false,
    remedy:
      'check AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE, the trust policy of the role, and that STS can be reached',
  },
  container: {
    isLocal: false,
    remedy:
      'check AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI, the authorization token, and the role of the task or pod',
  },
  instance: {
    isLocal: false,
    remedy:
      'check the role of the instance and that the instance metadata service (version 2, hop limit 2 in containers) can be reached',
  },
  'assume-role': {
    isLocal: false,
    remedy: 'check roleArn, externalId, the trust policy of the role, and that STS can be reached',
  },
} as const satisfies Readonly<Record<CredentialsConfig['source'], CredentialSourceRow>>

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
        ? `must be a mapping with source: ${Object.keys(CREDENTIAL_SOURCES).join(' | ')}`
        : undefined,
  })
  .meta({
    id: 'Credentials',
    description: 'The source of upstream credentials; see Credentials.',
  })

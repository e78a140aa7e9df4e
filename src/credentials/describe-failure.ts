import type { CredentialsConfig } from '../config/config.ts'

/** What to check if a source fails. */
const REMEDIES: Readonly<Record<CredentialsConfig['source'], string>> = {
  default:
    'set credentials in the environment, in ~/.aws, or give the pod, task or instance a role; or name the source in upstream.credentials',
  env: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  static: 'check accessKeyId and secretAccessKey in the configuration',
  file: 'check the profile and the files that upstream.credentials names',
  'web-identity':
    'check AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE, the trust policy of the role, and that STS can be reached',
  container:
    'check AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI, the authorization token, and the role of the task or pod',
  instance:
    'check the role of the instance and that the instance metadata service (version 2, hop limit 2 in containers) can be reached',
  'assume-role':
    'check roleArn, externalId, the trust policy of the role, and that STS can be reached',
}

/** The SDK would fall back to version 1, whose answers any confused deputy can fetch. */
const NO_METADATA_TOKEN =
  'the instance metadata service returned no version 2 token, and version 1 is not used'

/** Describes a failure: what happened and what to do; masks everything that looks like a secret. */
export function describeFailure(source: CredentialsConfig['source'], error: unknown): string {
  return `${reasons(error).join(': ')} (${REMEDIES[source]})`
}

/** Returns the messages of an error and of its causes, the outermost first. */
function reasons(error: unknown, depth = 0): readonly string[] {
  if (!(error instanceof Error)) return ['failed']
  const { name, cause } = error
  if (name === 'InstanceMetadataV1FallbackError') return [NO_METADATA_TOKEN]
  const code = Reflect.get(error, 'code') ?? Reflect.get(error, 'Code')
  const status = Reflect.get(error, 'statusCode')
  const words = [
    name === 'Error' || name === 'CredentialsProviderError' || name === 'ProviderError' ? '' : name,
    mask(error.message.split('\n')[0] ?? ''),
    typeof code === 'string' && !error.message.includes(code) ? code : '',
    typeof status === 'number' ? `status ${status}` : '',
  ]
  const text = words.filter((word) => word !== '').join(' ')
  const inner = cause === undefined || depth > 2 ? [] : reasons(cause, depth + 1)
  return [text === '' ? 'failed' : text, ...inner]
}

/** Masks long runs of characters that could be a key or token, and truncates the text. */
function mask(text: string): string {
  return text.replace(/[A-Za-z0-9+/=_-]{32,}/g, '[…]').slice(0, 300)
}

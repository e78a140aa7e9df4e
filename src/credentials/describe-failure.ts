import { CREDENTIAL_SOURCES, type CredentialsConfig } from '../config/schema-credentials.ts'

/** The SDK would fall back to version 1, whose answers any confused deputy can fetch. */
const NO_METADATA_TOKEN =
  'the instance metadata service returned no version 2 token, and version 1 is not used'

/** Describes a failure: what happened and what to do; masks everything that looks like a secret. */
export function describeFailure(source: CredentialsConfig['source'], error: unknown): string {
  return `${reasons(error).join(': ')} (${CREDENTIAL_SOURCES[source].remedy})`
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

/** The values for the templates of an encryption context. */
export interface ContextValues {
  readonly client: string
  readonly bucket: string
  readonly key: string
}

/**
 * The limit of a context, in bytes of the header as sent: base64 of JSON, escapes included. S3
 * accepts 8 KiB for all headers.
 */
export const CONTEXT_BYTES_MAX = 4096

/**
 * Builds the value of `x-amz-server-side-encryption-context`: base64 of the UTF-8 JSON object with
 * sorted keys, so that a context has exactly one encoding. `{client}`, `{bucket}` and `{key}` in
 * the values are replaced once; templates in the inserted text are not expanded.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/specifying-kms-encryption.html
 */
export function buildEncryptionContext(
  context: Readonly<Record<string, string>>,
  values: ContextValues,
): string {
  const filled: Record<string, string> = Object.create(null)
  for (const name of Object.keys(context).sort()) {
    filled[name] = fillTemplate(context[name] ?? '', values)
  }
  return Buffer.from(JSON.stringify(filled), 'utf8').toString('base64')
}

function fillTemplate(template: string, values: ContextValues): string {
  if (!template.includes('{')) return template
  return template.replace(
    /\{(client|bucket|key)\}/g,
    (_, name: keyof ContextValues) => values[name],
  )
}

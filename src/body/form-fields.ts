/** One field of a form, as the client sent it. */
export interface FormField {
  /** As the client wrote it. */
  readonly name: string
  /** In lower case: S3 compares names without case. */
  readonly key: string
  readonly value: string
}

/** The value of the field of that (lower-case) name; undefined where there is none. */
export function fieldValue(fields: readonly FormField[], key: string): string | undefined {
  return fields.find((field) => field.key === key)?.value
}

/**
 * Whether S3 gives a field of that (lower-case) name a meaning. Behind the file S3 ignores all
 * fields; one of these there shows a client that believes otherwise, or one that tries whether two
 * parsers believe the same.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html, form fields.
 */
export function isMeaningfulField(key: string): boolean {
  return (
    MEANINGFUL.has(key) ||
    key.startsWith('x-amz-') ||
    key.startsWith('content-') ||
    key.startsWith('success_action_')
  )
}

const MEANINGFUL: ReadonlySet<string> = new Set([
  'acl',
  'awsaccesskeyid',
  'bucket',
  'cache-control',
  'expires',
  'file',
  'key',
  'policy',
  'redirect',
  'signature',
  'tagging',
])

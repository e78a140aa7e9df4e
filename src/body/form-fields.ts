/** Maximum bytes of a form before its file's content. This is S3's limit. */
export const FORM_HEAD_BYTES_MAX = 20_480

/** A field of a form, as the client sent it. */
export interface FormField {
  /** As the client wrote it. */
  readonly name: string
  /** The name in lower case: S3 compares names case-insensitively. */
  readonly key: string
  readonly value: string
}

/** Returns the value of the field with that (lower-case) name; undefined if there is none. */
export function fieldValue(fields: readonly FormField[], key: string): string | undefined {
  return fields.find((field) => field.key === key)?.value
}

/**
 * Returns whether S3 interprets a field with that (lower-case) name. S3 ignores all fields after
 * the file. A field of this list there means that the client expects otherwise, or probes whether
 * two parsers differ.
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

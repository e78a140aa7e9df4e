/** The parts of a KMS key ARN that the policy's checks use. */
interface KeyArn {
  readonly partition: string
  readonly region: string
}

const KEY_ARN =
  /^arn:(aws[a-z-]*):kms:([a-z0-9-]+):\d{12}:key\/(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/

/**
 * Parses a full key ARN, `arn:aws:kms:REGION:ACCOUNT:key/ID`; undefined for an alias, a bare id or
 * anything else. S3 confirms with the full ARN in lower case, so no other form can be compared.
 *
 * Source: https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id-key-ARN
 */
export function parseKeyArn(text: string): KeyArn | undefined {
  const match = KEY_ARN.exec(text)
  if (match === null) return undefined
  const [, partition = '', region = ''] = match
  return { partition, region }
}

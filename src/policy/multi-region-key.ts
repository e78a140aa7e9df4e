/** `arn:PARTITION:kms:REGION:ACCOUNT:key/mrk-ID`, as KMS and S3 write it. */
const MULTI_REGION_KEY_ARN = /^arn:(aws[a-z-]*):kms:[a-z0-9-]{1,32}:(\d{12}:key\/mrk-[0-9a-f]{32})$/

/**
 * Returns whether both are ARNs of one multi-Region key, in any Regions: partition, account and id
 * are equal, and thus the key material. False for single-Region keys, aliases and other names.
 *
 * Source: https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
 */
export function isSameMultiRegionKey(one: string, other: string): boolean {
  const key = keyWithoutRegion(one)
  return key !== undefined && key === keyWithoutRegion(other)
}

/** Returns whether the text is the ARN of a multi-Region key. */
export function isMultiRegionKeyArn(text: string): boolean {
  return MULTI_REGION_KEY_ARN.test(text)
}

function keyWithoutRegion(arn: string): string | undefined {
  const match = MULTI_REGION_KEY_ARN.exec(arn)
  return match === null ? undefined : `${match[1]}:${match[2]}`
}

import type { ContractCase } from '../contract-case.ts'
import { CHECKSUM } from './checksum.ts'
import { MAX_BYTES } from './max-bytes.ts'
import { OBJECT_LOCK } from './object-lock.ts'
import { PUBLIC_ACL } from './public-acl.ts'
import { STORAGE_CLASSES } from './storage-classes.ts'
import { TAGS } from './tags.ts'

/**
 * What the guards of a rule demand of each way to write, for Sealgate with `guardRules`: `aws` is what goes in front
 * of Amazon S3. Each case asks the server itself what it has afterwards.
 */
export const GUARD_CASES: readonly ContractCase[] = [
  ...PUBLIC_ACL,
  ...STORAGE_CLASSES,
  ...TAGS,
  ...MAX_BYTES,
  ...CHECKSUM,
  ...OBJECT_LOCK,
]

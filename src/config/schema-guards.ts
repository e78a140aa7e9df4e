import { z } from 'zod'
import { LOCK_MODES } from '../s3/retention.ts'
import { byteCount, count, line, mapping } from './schema-fields.ts'

/** The names of S3's checksums in `x-amz-checksum-algorithm`. */
const ALGORITHMS = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'SHA1',
  'SHA256',
  'SHA512',
  'MD5',
  'XXHASH64',
  'XXHASH3',
  'XXHASH128',
] as const

/** S3's limits, in UTF-16 code units. */
const tagKey = line(128)
const tagValue = line(256)

const requiredTag = mapping({
  key: tagKey.describe('The key of the tag.'),
  values: z.array(tagValue).min(1).max(100).describe('The values that it may have.'),
})

/** The guards of a rule: a closed set. A condition on anything else belongs to the bucket's own policy. */
export const guardsSchema = mapping({
  publicAcl: z
    .literal('refuse', 'must be refuse; leave it out to allow public ACLs')
    .optional()
    .describe(
      '`refuse`: an ACL or a grant that gives access to everyone, or to everyone with an AWS account, is 403; in headers, forms and documents.',
    ),
  storageClasses: z
    .array(z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/, 'must be a storage class: STANDARD_IA'))
    .min(1, 'must name at least one')
    .max(32)
    .optional()
    .describe(
      'The storage classes that may be written. An upload that names none writes `STANDARD`. Default: all.',
    ),
  tags: z
    .array(z.union([tagKey, requiredTag]))
    .min(1, 'must name at least one')
    .max(10, 'an object has at most 10 tags')
    .optional()
    .describe(
      'Tags that an object must have: a key, which may have any value but none, or `{ key, values }`.',
    ),
  maxBytes: byteCount
    .optional()
    .describe("The limit of an object's size: bytes, or a number and a unit, `5GiB`."),
  checksum: z
    .union([z.literal('required'), z.array(z.enum(ALGORITHMS)).min(1, 'must name at least one')], {
      error: `must be required, or a list of ${ALGORITHMS.join(', ')}`,
    })
    .optional()
    .describe(
      '`required`: a body without `x-amz-checksum-…` and without `Content-MD5` is 400. A list: only checksums of these algorithms count, which S3 keeps with the object.',
    ),
  objectLock: mapping({
    mode: z.enum(LOCK_MODES).describe('The weakest mode that an object may have.'),
    days: count(1, 36_500).describe('The shortest time that an object is kept.'),
  })
    .optional()
    .describe(
      'A new object gets this retention, or the stronger and longer one that the client asks for; a request to bypass a retention is 403. The bucket must have Object Lock.',
    ),
})

/** The section as in the file. */
export type RawGuards = z.output<typeof guardsSchema>

import { z } from 'zod'
import { mapping } from './schema-fields.ts'

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
})

/** The section as in the file. */
export type RawGuards = z.output<typeof guardsSchema>

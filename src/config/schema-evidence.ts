import { z } from 'zod'
import { duration, filePath, line, mapping } from './schema-fields.ts'

const RETAIN_FORM = 'write a number of days or hours: 90d, 24h'

/** The section `audit.evidence`. */
export const evidenceSchema = mapping({
  origin: line(200).describe(
    'The name of this log, its own for each replica, without space and plus: `audit.example.com/sealgate/gw-0`.',
  ),
  key: mapping({
    file: filePath.describe(
      'The sealing key (`sealgate audit keygen`); read by the sealer alone, when it starts.',
    ),
    previousFile: filePath
      .optional()
      .describe('While a key is being changed: the former one, which signs as well.'),
  })
    .optional()
    .describe('Seals the trail here. If left out, `sealgate audit seal` does it elsewhere.'),
  every: duration('1s', '1h')
    .prefault('60s')
    .describe('Longest time between two checkpoints; 10,000 lines do not wait for it.'),
  anchor: z
    .union(
      [
        mapping({
          bucket: line(63).describe(
            'A bucket of `upstream`, best with Object Lock and of another account; `upstream.buckets` can give it credentials of its own.',
          ),
          prefix: line(500).optional().describe('What keys begin with.'),
          retain: z
            .string()
            .regex(/^[1-9]\d{0,4}[hd]$/, RETAIN_FORM)
            .optional()
            .describe(
              'For so long nobody may delete a checkpoint: `90d`. Object Lock in compliance mode. Default: as the bucket says.',
            ),
        }),
        mapping({
          directory: filePath.describe('A folder that somebody else keeps, a network share say.'),
        }),
      ],
      { error: 'must be { bucket, prefix, retain } or { directory }' },
    )
    .optional()
    .describe('Who else gets every checkpoint: a bucket or a folder.'),
  directory: filePath
    .optional()
    .describe(
      'The folder of the trail: each process writes files of its own below `lines/`. If left out, `destination` gets the chained lines.',
    ),
})

/** The section as it stands in the file. */
export type RawEvidence = z.output<typeof evidenceSchema>

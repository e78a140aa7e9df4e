import type { z } from 'zod'
import { duration, filePath, line, mapping } from './schema-fields.ts'

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
  directory: filePath
    .optional()
    .describe(
      'The folder of the trail: each process writes files of its own below `lines/`. If left out, `destination` gets the chained lines.',
    ),
})

/** The section as it stands in the file. */
export type RawEvidence = z.output<typeof evidenceSchema>

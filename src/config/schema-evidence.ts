import type { z } from 'zod'
import { filePath, line, mapping } from './schema-fields.ts'

/** The section `audit.evidence`. */
export const evidenceSchema = mapping({
  origin: line(200).describe(
    'The name of this log, its own for each replica, without space and plus: `audit.example.com/sealgate/gw-0`.',
  ),
  directory: filePath
    .optional()
    .describe(
      'The folder of the trail: each process writes files of its own below `lines/`. If left out, `destination` gets the chained lines.',
    ),
})

/** The section as it stands in the file. */
export type RawEvidence = z.output<typeof evidenceSchema>

import { z } from 'zod'
import type { ObjectVersion } from './object-version.ts'
import { readObjectState } from './read-object-state.ts'
import type { Snapshot } from './snapshot.ts'

/** A snapshot as a journal keeps it. The state follows from the head. */
export function snapshotRecord({ headers, tags, acl, parts, annotations }: Snapshot) {
  return { headers, tags, acl, parts, annotations } as const
}

/** Parses what {@link snapshotRecord} gave; undefined if it is something else. */
export function parseSnapshot(
  version: ObjectVersion,
  isCurrent: boolean,
  fields: unknown,
): Snapshot | undefined {
  const parsed = SNAPSHOT.safeParse(fields)
  if (!parsed.success) return undefined
  const { headers, tags, acl, parts, annotations } = parsed.data
  const state = readObjectState(version, isCurrent, headers)
  if (state === undefined) return undefined
  return {
    state,
    headers,
    tags,
    acl,
    parts: parts?.map((part) => ({ ...part, checksum: part.checksum })),
    annotations,
  }
}

const SNAPSHOT = z.object({
  headers: z.array(z.string()),
  tags: z.array(z.object({ key: z.string(), value: z.string() })),
  acl: z
    .object({
      ownerId: z.string(),
      grants: z.array(
        z.object({
          grantee: z.object({ kind: z.enum(['id', 'uri']), value: z.string() }),
          permission: z.string(),
        }),
      ),
    })
    .optional(),
  parts: z
    .array(
      z.object({
        number: z.number(),
        bytes: z.number(),
        checksum: z.object({ name: z.string(), value: z.string() }).optional(),
      }),
    )
    .optional(),
  annotations: z.array(z.object({ name: z.string(), bytes: z.number(), etag: z.string() })),
})

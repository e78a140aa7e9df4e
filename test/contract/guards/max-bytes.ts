import { xmlText, xmlTexts } from '../../support/xml.ts'
import type { ContractCase } from '../contract-case.ts'
import { completeUpload, createUpload, etagOf, putPart } from '../parts.ts'
import type { Run } from '../run.ts'
import {
  answered,
  askServer,
  COPIED_PLAIN,
  refused,
  refusedCases,
  SEALED,
  verdict,
  write,
} from './guarded-write.ts'

const REFUSED = '400 EntityTooLarge object-too-large'
const LIMIT = 1000
const AT_LIMIT = Buffer.alloc(LIMIT, 'a')
const OVER = Buffer.alloc(LIMIT + 1, 'a')
const MIB = 1 << 20

/** The size of what the server has; undefined if it has nothing. */
async function sizeAt(run: Run): Promise<string | undefined> {
  const head = await askServer(run, 'HEAD')
  return head.status === 200 ? head.headers.get('content-length') : undefined
}

/** The sizes of the parts that the server has. */
async function partsAt(run: Run, uploadId: string): Promise<readonly string[]> {
  return xmlTexts((await askServer(run, 'GET', `uploadId=${uploadId}`)).body, 'Size')
}

/** Uploads parts of these sizes and completes them. */
async function uploadOf(run: Run, sizes: readonly number[]) {
  const uploadId = await createUpload(run)
  const etags: string[] = []
  for (const [i, size] of sizes.entries()) {
    etags.push(etagOf(await putPart(run, uploadId, i + 1, Buffer.alloc(size, 'p'))))
  }
  const parts = etags.map((etag, i) => [i + 1, etag] as const)
  return { uploadId, completed: await completeUpload(run, uploadId, parts) }
}

/** `maxBytes`. */
export const MAX_BYTES: readonly ContractCase[] = [
  ...refusedCases(
    {
      id: 'guard-size-over',
      says: 'an object of one byte more is refused',
      body: OVER,
      answer: REFUSED,
    },
    ['put', 'presigned', 'copy'],
  ),
  {
    id: 'guard-size-over-form',
    says: 'a form is cut off after its last allowed byte',
    source: 'docs/configuration.md, Guards',
    run: async (run) => answered(run, await write(run, 'form', { body: OVER })),
    aws: refused('400 EntityTooLarge post-file-too-large'),
  },
  {
    id: 'guard-size-over-chunks',
    says: 'the decoded length of signed chunks counts',
    source: 'docs/configuration.md, Guards',
    run: async (run) =>
      answered(run, await run.ask('PUT', { body: OVER, payload: 'signed-chunks' })),
    aws: refused(REFUSED),
  },
  {
    id: 'guard-size-at-limit',
    says: 'an object of the allowed size is stored, by PUT, form and copy',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const put = await answered(run, await write(run, 'put', { body: AT_LIMIT }))
      const form = verdict(await write(run, 'form', { body: AT_LIMIT }))
      return { ...put, form, size: await sizeAt(run) }
    },
    aws: { ...SEALED, form: '204', size: String(LIMIT) },
  },
  {
    id: 'guard-size-copy',
    says: 'a copy of the allowed size passes',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const seen = await answered(run, await write(run, 'copy', { body: AT_LIMIT }))
      return { ...seen, size: await sizeAt(run) }
    },
    aws: { ...SEALED, size: String(LIMIT) },
    differs: {
      'sealgate+rgw': {
        see: { ...COPIED_PLAIN.see, size: String(LIMIT) },
        cause: COPIED_PLAIN.cause,
      },
    },
  },
  {
    id: 'guard-size-part',
    says: 'a part that is larger than the object may be is refused',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const uploadId = await createUpload(run)
      await run.seed(`${run.key}-source`, Buffer.concat([OVER, OVER]))
      const part = await putPart(run, uploadId, 1, OVER)
      const copied = await putPart(run, uploadId, 2, '', [
        ['x-amz-copy-source', run.path(`${run.key}-source`)],
        ['x-amz-copy-source-range', `bytes=0-${LIMIT}`],
      ])
      return {
        part: verdict(part),
        copied: verdict(copied),
        parts: await partsAt(run, uploadId),
      }
    },
    aws: { part: REFUSED, copied: REFUSED, parts: [] },
  },
  {
    id: 'guard-size-copied-part',
    says: 'a part that is copied without a range counts when the upload is completed',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      await run.seed(`${run.key}-source`, OVER)
      const uploadId = await createUpload(run)
      const part = await putPart(run, uploadId, 1, '', [
        ['x-amz-copy-source', run.path(`${run.key}-source`)],
      ])
      const etag = xmlText(part.body, 'ETag') ?? ''
      const completed = await completeUpload(run, uploadId, [[1, etag]])
      return { part: part.status, ...(await answered(run, completed)) }
    },
    aws: { part: 200, ...refused(REFUSED), uploads: 1 },
  },
  {
    id: 'guard-parts-over',
    says: 'parts that are too large together make no object',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const { uploadId, completed } = await uploadOf(run, [5 * MIB, MIB + 1])
      return { ...(await answered(run, completed)), parts: await partsAt(run, uploadId) }
    },
    aws: { ...refused(REFUSED), uploads: 1, parts: [String(5 * MIB), String(MIB + 1)] },
  },
  {
    id: 'guard-parts-at-limit',
    says: 'parts of the allowed size make an object',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const { completed } = await uploadOf(run, [5 * MIB, MIB])
      return { ...(await answered(run, completed)), size: await sizeAt(run) }
    },
    aws: { ...SEALED, size: String(6 * MIB) },
  },
  {
    id: 'guard-parts-left-out',
    says: 'a completion that leaves parts out is refused by S3, since their sum is not its size',
    source: 'docs/configuration.md, Sizes that only S3 knows',
    run: async (run) => {
      const uploadId = await createUpload(run)
      const part = await putPart(run, uploadId, 1, 'content')
      await putPart(run, uploadId, 2, 'left out')
      const completed = await completeUpload(run, uploadId, [[1, etagOf(part)]])
      return answered(run, completed)
    },
    aws: { ...refused('400 InvalidRequest'), uploads: 1 },
    differs: {
      rgw: {
        see: { ...refused('400 InvalidPart'), uploads: 1 },
        cause: 'RGW 16 wants every part in the list',
      },
    },
  },
]

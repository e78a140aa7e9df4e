import { createHash } from 'node:crypto'
import { checksumOf } from '../../support/checksum.ts'
import type { Field } from '../../support/signer.ts'
import type { ContractCase } from '../contract-case.ts'
import { completeUpload, createUpload, etagOf, putPart } from '../parts.ts'
import type { Run } from '../run.ts'
import { answered, refused, refusedCases, SEALED, verdict, write } from './guarded-write.ts'

const MISSING = '400 InvalidRequest checksum-missing'
const CONTENT = Buffer.from('content')
const SHA256 = checksumOf('sha256', CONTENT)
const MD5: Field = ['content-md5', createHash('md5').update(CONTENT).digest('base64')]
const CRC32: Field = ['x-amz-checksum-crc32', checksumOf('crc32', CONTENT)]

/** The SHA-256 that the server gives with the object. */
async function sha256At(run: Run): Promise<string | undefined> {
  const head = await run.target.upstream.send({
    method: 'HEAD',
    target: run.path(),
    fields: [['x-amz-checksum-mode', 'ENABLED']],
  })
  return head.headers.get('x-amz-checksum-sha256')
}

function stored(id: string, says: string, fields: readonly Field[]): ContractCase {
  return {
    id: `guard-digest-${id}`,
    says,
    source: 'docs/configuration.md, Guards',
    run: async (run) => answered(run, await write(run, 'put', { fields })),
    aws: SEALED,
  }
}

/** `checksum`. */
export const CHECKSUM: readonly ContractCase[] = [
  ...refusedCases(
    {
      id: 'guard-digest-none',
      says: 'a body without a checksum is refused',
      answer: MISSING,
    },
    ['put', 'presigned', 'form'],
  ),
  stored('md5', 'Content-MD5 is a checksum', [MD5]),
  stored('crc32', 'so is x-amz-checksum-crc32', [CRC32]),
  {
    id: 'guard-digest-trailer',
    says: 'so is one behind the body',
    source: 'docs/configuration.md, Guards',
    run: async (run) =>
      answered(run, await run.ask('PUT', { body: CONTENT, payload: 'unsigned-trailer' })),
    aws: SEALED,
  },
  {
    id: 'guard-digest-wrong',
    says: 'a checksum of other content is refused by S3',
    source: 'AWS, ErrorResponses',
    run: async (run) =>
      answered(run, await write(run, 'put', { fields: [MD5], body: 'other content' })),
    aws: refused('400 BadDigest'),
  },
  {
    id: 'guard-digest-part',
    says: 'a part without a checksum is refused, and one with it taken',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const uploadId = await createUpload(run)
      const without = verdict(await putPart(run, uploadId, 1, CONTENT))
      const part = await putPart(run, uploadId, 1, CONTENT, [MD5])
      const completed = await completeUpload(run, uploadId, [[1, etagOf(part)]])
      return { without, ...(await answered(run, completed)) }
    },
    aws: { without: MISSING, ...SEALED },
  },
  ...refusedCases({
    id: 'guard-sha256-other',
    says: 'a checksum of an algorithm that is not in the list does not count',
    fields: [CRC32, ['x-amz-checksum-algorithm', 'CRC32']],
    answer: MISSING,
  }),
  {
    id: 'guard-sha256-put',
    says: 'a checksum of the list is kept with the object',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const fields: readonly Field[] = [['x-amz-checksum-sha256', SHA256]]
      const seen = await answered(run, await write(run, 'put', { fields }))
      return { ...seen, sha256: await sha256At(run) }
    },
    aws: { ...SEALED, sha256: SHA256 },
    differs: {
      rgw: { see: { ...SEALED, sha256: undefined }, cause: 'RGW 16 keeps no checksums' },
    },
  },
  {
    id: 'guard-sha256-multipart',
    says: 'an upload with an algorithm of the list takes parts with it',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const uploadId = await createUpload(run, [['x-amz-checksum-algorithm', 'SHA256']])
      const part = await putPart(run, uploadId, 1, CONTENT, [['x-amz-checksum-sha256', SHA256]])
      const more = `<ChecksumSHA256>${SHA256}</ChecksumSHA256>`
      const completed = await completeUpload(run, uploadId, [[1, etagOf(part), more]])
      return answered(run, completed)
    },
    aws: SEALED,
  },
]

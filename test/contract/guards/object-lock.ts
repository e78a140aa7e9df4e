import { createHash } from 'node:crypto'
import { checksumOf } from '../../support/checksum.ts'
import type { Field } from '../../support/signer.ts'
import type { Answer } from '../../support/wire.ts'
import { xmlText } from '../../support/xml.ts'
import type { ContractCase, Observation } from '../contract-case.ts'
import { completeUpload, createUpload, etagOf, putPart } from '../parts.ts'
import { type Run, statusOf } from '../run.ts'
import {
  answered,
  askServer,
  COPIED_PLAIN,
  inOwnBucket,
  refusedCases,
  SEALED,
  verdict,
  type Way,
  type Wish,
  write,
} from './guarded-write.ts'

const HOUR_MS = 3_600_000
const BYPASS: Field = ['x-amz-bypass-governance-retention', 'true']
const REFUSED = '403 AccessDenied retention-bypass'
const CONTENT = Buffer.from('content')
const SHA256: Field = ['x-amz-checksum-sha256', checksumOf('sha256', CONTENT)]

/** Then the rule's guard sets what the server does not keep. */
const RGW_FORGETS = 'RGW 16 ignores the retention of uploads in parts, forms and copies'

function md5(body: Buffer | string): Field {
  return ['content-md5', createHash('md5').update(body).digest('base64')]
}

function retention(mode: string, hours: number): readonly Field[] {
  const until = new Date(Date.now() + hours * HOUR_MS).toISOString()
  return [
    ['x-amz-object-lock-mode', mode],
    ['x-amz-object-lock-retain-until-date', until],
  ]
}

function lockedBucket(run: Run): Promise<Run> {
  return inOwnBucket(run, [['x-amz-bucket-object-lock-enabled', 'true']])
}

/** How the server itself keeps the object: the mode, and for how many days from now. */
async function keptAt(run: Run): Promise<string> {
  const { headers } = await askServer(run, 'HEAD')
  const mode = headers.get('x-amz-object-lock-mode')
  if (mode === undefined) return 'not kept'
  const until = Date.parse(headers.get('x-amz-object-lock-retain-until-date') ?? '')
  return `${mode} ${Math.round((until - Date.now()) / HOUR_MS / 24)} d`
}

/** Writes in a bucket with Object Lock. */
async function lockedWrite(run: Run, way: Way, wish: Wish): Promise<Observation> {
  const locked = await lockedBucket(run)
  const seen = await answered(locked, await write(locked, way, wish))
  return { ...seen, kept: await keptAt(locked) }
}

function versionOf(answer: Answer): string {
  return `versionId=${answer.headers.get('x-amz-version-id')}`
}

/** `objectLock`. */
export const OBJECT_LOCK: readonly ContractCase[] = [
  ...refusedCases(
    {
      id: 'guard-lock-digest',
      says: 'a body without a checksum is refused, as S3 demands one under a retention',
      answer: '400 InvalidRequest checksum-missing',
    },
    ['put', 'presigned', 'form'],
  ),
  {
    id: 'guard-lock-put',
    says: 'an object that asks for no retention gets that of the rule',
    source: 'docs/configuration.md, Guards',
    run: (run) => lockedWrite(run, 'put', { fields: [md5(CONTENT)] }),
    aws: { ...SEALED, kept: 'GOVERNANCE 1 d' },
  },
  {
    id: 'guard-lock-shorter',
    says: 'a shorter retention becomes that of the rule',
    source: 'docs/configuration.md, Guards',
    run: (run) =>
      lockedWrite(run, 'put', { fields: [md5(CONTENT), ...retention('GOVERNANCE', 1)] }),
    aws: { ...SEALED, kept: 'GOVERNANCE 1 d' },
  },
  {
    id: 'guard-lock-longer',
    says: 'a longer retention in the stronger mode is kept',
    source: 'docs/configuration.md, Guards',
    run: (run) =>
      lockedWrite(run, 'put', { fields: [md5(CONTENT), ...retention('COMPLIANCE', 72)] }),
    aws: { ...SEALED, kept: 'COMPLIANCE 3 d' },
  },
  {
    id: 'guard-lock-form',
    says: 'an object of a form gets the retention too',
    source: 'docs/configuration.md, Guards',
    run: (run) => lockedWrite(run, 'form', { fields: [SHA256] }),
    aws: { ...SEALED, answer: '204', kept: 'GOVERNANCE 1 d' },
    differs: { rgw: { see: { ...SEALED, answer: '204', kept: 'not kept' }, cause: RGW_FORGETS } },
  },
  {
    id: 'guard-lock-copy',
    says: 'a copy gets the retention too',
    source: 'docs/configuration.md, Guards',
    run: (run) => lockedWrite(run, 'copy', {}),
    aws: { ...SEALED, kept: 'GOVERNANCE 1 d' },
    differs: {
      'sealgate+rgw': { see: { ...COPIED_PLAIN.see, kept: 'not kept' }, cause: RGW_FORGETS },
    },
  },
  {
    id: 'guard-lock-multipart',
    says: 'an object of an upload in parts gets the retention too',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const locked = await lockedBucket(run)
      const uploadId = await createUpload(locked)
      const part = await putPart(locked, uploadId, 1, CONTENT, [md5(CONTENT)])
      const completed = await completeUpload(locked, uploadId, [[1, etagOf(part)]])
      return { ...(await answered(locked, completed)), kept: await keptAt(locked) }
    },
    aws: { ...SEALED, kept: 'GOVERNANCE 1 d' },
    differs: { rgw: { see: { ...SEALED, kept: 'not kept' }, cause: RGW_FORGETS } },
  },
  {
    id: 'guard-lock-delete',
    says: 'a version is removed neither by a DELETE nor by one that bypasses its retention',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const locked = await lockedBucket(run)
      const version = versionOf(await write(locked, 'put', { fields: [md5(CONTENT)] }))
      const target = locked.path(locked.key, version)
      const body = `<Delete><Object><Key>${locked.key}</Key><VersionId>${version.slice(10)}</VersionId></Object></Delete>`
      return {
        plain: verdict(await locked.ask('DELETE', { target })),
        bypass: verdict(await locked.ask('DELETE', { target, fields: [BYPASS] })),
        many: verdict(
          await locked.ask('POST', {
            target: `/${locked.bucket}?delete`,
            fields: [BYPASS, md5(body)],
            body,
          }),
        ),
        there: statusOf(await askServer(locked, 'HEAD', version)),
      }
    },
    aws: { plain: '403 AccessDenied', bypass: REFUSED, many: REFUSED, there: '200' },
  },
  {
    id: 'guard-lock-retention',
    says: 'a retention is not shortened by who would bypass it',
    source: 'docs/configuration.md, Guards',
    run: async (run) => {
      const locked = await lockedBucket(run)
      await write(locked, 'put', { fields: [md5(CONTENT)] })
      const until = new Date(Date.now() + 60_000).toISOString()
      const body = `<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>${until}</RetainUntilDate></Retention>`
      const put = (fields: readonly Field[]) => {
        const target = locked.path(locked.key, 'retention')
        return locked.ask('PUT', { target, body, fields: [md5(body), ...fields] })
      }
      const shorter = verdict(await put([]))
      const bypass = verdict(await put([BYPASS]))
      const { body: kept } = await askServer(locked, 'GET', 'retention')
      return { shorter, bypass, mode: xmlText(kept, 'Mode'), kept: await keptAt(locked) }
    },
    aws: {
      shorter: '403 AccessDenied',
      bypass: REFUSED,
      mode: 'GOVERNANCE',
      kept: 'GOVERNANCE 1 d',
    },
  },
  {
    id: 'guard-lock-no-lock',
    says: 'in a bucket without Object Lock nothing is written',
    source: 'AWS, ErrorResponses',
    run: async (run) => answered(run, await write(run, 'put', { fields: [md5(CONTENT)] })),
    aws: { answer: '400 InvalidRequest', stored: 'none', uploads: 0 },
  },
]

import { createHash } from 'node:crypto'
import type { Field } from '../../support/signer.ts'
import { xmlText } from '../../support/xml.ts'
import type { ContractCase } from '../contract-case.ts'
import { type Run, statusOf } from '../run.ts'

const BYPASS: Field = ['x-amz-bypass-governance-retention', 'true']

/** A bucket of the case's own, with Object Lock. */
async function lockedBucket(run: Run, name: string): Promise<string> {
  const target = `/${run.bucket}-${name}`
  await run.ask('PUT', { target, fields: [['x-amz-bucket-object-lock-enabled', 'true']] })
  return target
}

/** Puts an object; gives the target of the version. */
async function putVersion(run: Run, bucket: string, fields: readonly Field[]): Promise<string> {
  const target = `${bucket}/key`
  const answer = await run.ask('PUT', { target, body: 'x', fields: [digest('x'), ...fields] })
  return `${target}?versionId=${answer.headers.get('x-amz-version-id')}`
}

function digest(body: string): Field {
  return ['content-md5', createHash('md5').update(body).digest('base64')]
}

function retention(mode: string, hours: number): readonly Field[] {
  const until = new Date(Date.now() + hours * 3_600_000).toISOString()
  return [
    ['x-amz-object-lock-mode', mode],
    ['x-amz-object-lock-retain-until-date', until],
  ]
}

/** Object Lock: retention and legal holds. */
export const LOCKS: readonly ContractCase[] = [
  {
    id: 'lock-governance',
    says: 'a version under governance retention is removed by who bypasses it, and by nobody else',
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html',
    run: async (run) => {
      const bucket = await lockedBucket(run, 'governance')
      const version = await putVersion(run, bucket, retention('GOVERNANCE', 1))
      const head = await run.ask('HEAD', { target: version })
      return {
        mode: head.headers.get('x-amz-object-lock-mode'),
        refused: statusOf(await run.ask('DELETE', { target: version })),
        marker: statusOf(await run.ask('DELETE', { target: `${bucket}/key` })),
        bypassed: statusOf(await run.ask('DELETE', { target: version, fields: [BYPASS] })),
      }
    },
    aws: { mode: 'GOVERNANCE', refused: '403 AccessDenied', marker: '204', bypassed: '204' },
  },
  {
    id: 'lock-legal-hold',
    says: 'a legal hold protects until it is taken off',
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html',
    run: async (run) => {
      const bucket = await lockedBucket(run, 'legal-hold')
      const version = await putVersion(run, bucket, [['x-amz-object-lock-legal-hold', 'ON']])
      const refused = await run.ask('DELETE', { target: version, fields: [BYPASS] })
      const target = version.replace('?', '?legal-hold&')
      const before = await run.ask('GET', { target })
      const body = '<LegalHold><Status>OFF</Status></LegalHold>'
      const off = await run.ask('PUT', { target, body, fields: [digest(body)] })
      return {
        refused: statusOf(refused),
        hold: xmlText(before.body, 'Status'),
        off: statusOf(off),
        removed: statusOf(await run.ask('DELETE', { target: version })),
      }
    },
    aws: { refused: '403 AccessDenied', hold: 'ON', off: '200', removed: '204' },
  },
  {
    id: 'lock-none',
    says: 'in a bucket without Object Lock there is no retention to ask for',
    source: 'AWS, ErrorResponses',
    run: async (run) => {
      await run.ask('PUT', { body: 'x' })
      const get = (query: string) => run.ask('GET', { target: run.path(run.key, query) })
      const configuration = await run.ask('GET', { target: `/${run.bucket}?object-lock` })
      return {
        configuration: statusOf(configuration),
        retention: statusOf(await get('retention')),
        hold: statusOf(await get('legal-hold')),
      }
    },
    aws: {
      configuration: '404 ObjectLockConfigurationNotFoundError',
      retention: '400 InvalidRequest',
      hold: '400 InvalidRequest',
    },
  },
]

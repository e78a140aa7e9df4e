import { xmlTexts } from '../../support/xml.ts'
import type { ContractCase } from '../contract-case.ts'
import { statusOf } from '../run.ts'

/** Access control lists. */
export const ACLS: readonly ContractCase[] = [
  {
    id: 'acl-default',
    says: 'an object without a word about it is private: its owner has full control',
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html',
    run: async (run) => {
      await run.ask('PUT', { body: 'x' })
      const answer = await run.ask('GET', { target: run.path(run.key, 'acl') })
      return { status: statusOf(answer), permissions: xmlTexts(answer.body, 'Permission') }
    },
    aws: { status: '200', permissions: ['FULL_CONTROL'] },
  },
  {
    id: 'acl-canned',
    says: 'x-amz-acl on a PUT is told by GetObjectAcl; PutObjectAcl replaces it',
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl',
    run: async (run) => {
      await run.ask('PUT', { body: 'x', fields: [['x-amz-acl', 'public-read']] })
      const target = run.path(run.key, 'acl')
      const before = await run.ask('GET', { target })
      const put = await run.ask('PUT', { target, fields: [['x-amz-acl', 'private']] })
      const after = await run.ask('GET', { target })
      return {
        before: xmlTexts(before.body, 'Permission').toSorted(),
        put: statusOf(put),
        after: xmlTexts(after.body, 'Permission'),
      }
    },
    aws: { before: ['FULL_CONTROL', 'READ'], put: '200', after: ['FULL_CONTROL'] },
  },
  {
    id: 'acl-copy',
    says: "a copy does not take its source's ACL",
    source: 'https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html',
    run: async (run) => {
      await run.seed(`${run.key}-source`, 'x', [['x-amz-acl', 'public-read']])
      await run.ask('PUT', { fields: [['x-amz-copy-source', run.path(`${run.key}-source`)]] })
      const answer = await run.ask('GET', { target: run.path(run.key, 'acl') })
      return { permissions: xmlTexts(answer.body, 'Permission') }
    },
    aws: { permissions: ['FULL_CONTROL'] },
  },
  {
    id: 'acl-unknown',
    says: 'an unknown canned ACL is refused',
    source: 'AWS, ErrorResponses',
    run: async (run) => ({
      answer: statusOf(await run.ask('PUT', { body: 'x', fields: [['x-amz-acl', 'everyone']] })),
      stored: await run.stored(),
    }),
    aws: { answer: '400 InvalidArgument', stored: 'none' },
  },
]

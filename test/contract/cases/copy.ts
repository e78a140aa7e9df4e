import type { Field } from '../../support/signer.ts'
import { xmlText } from '../../support/xml.ts'
import type { ContractCase } from '../contract-case.ts'
import { type Run, statusOf } from '../run.ts'

const UNENCRYPTED = 'RGW says 200 to a copy that it did not encrypt: encryption-not-confirmed'

function copy(run: Run, source: string, fields: readonly Field[] = [], key = run.key) {
  return run.ask('PUT', {
    target: run.path(key),
    fields: [['x-amz-copy-source', source], ...fields],
  })
}

/** CopyObject beside its encryption. */
export const COPY: readonly ContractCase[] = [
  {
    id: 'copy-content',
    says: 'a copy has the content and the metadata of its source, and answers with its ETag',
    source: 'AWS, API_CopyObject',
    run: async (run) => {
      await run.seed(`${run.key}-source`, 'content', [
        ['x-amz-meta-colour', 'green'],
        ['content-type', 'text/x-test'],
      ])
      const answer = await copy(run, run.path(`${run.key}-source`))
      const read = await run.ask('GET')
      return {
        status: answer.status,
        etag: (xmlText(answer.body, 'ETag') ?? '').length > 30,
        content: read.body.toString(),
        colour: read.headers.get('x-amz-meta-colour'),
        type: read.headers.get('content-type'),
      }
    },
    aws: { status: 200, etag: true, content: 'content', colour: 'green', type: 'text/x-test' },
    differs: {
      'sealgate+rgw': {
        see: { status: 501, etag: false, content: 'content', colour: 'green', type: 'text/x-test' },
        cause: UNENCRYPTED,
      },
    },
  },
  {
    id: 'copy-replace-metadata',
    says: 'with the directive REPLACE the metadata of the request holds',
    source: 'AWS, API_CopyObject',
    run: async (run) => {
      await run.seed(`${run.key}-source`, 'content', [['x-amz-meta-colour', 'green']])
      await copy(run, run.path(`${run.key}-source`), [
        ['x-amz-metadata-directive', 'REPLACE'],
        ['x-amz-meta-colour', 'red'],
      ])
      return { colour: (await run.ask('HEAD')).headers.get('x-amz-meta-colour') }
    },
    aws: { colour: 'red' },
  },
  {
    id: 'copy-missing-source',
    says: 'a source that does not exist is NoSuchKey',
    source: 'AWS, ErrorResponses',
    run: async (run) => ({ answer: statusOf(await copy(run, run.path('no-such-source'))) }),
    aws: { answer: '404 NoSuchKey' },
  },
  {
    id: 'copy-missing-source-bucket',
    says: 'a source bucket that does not exist is NoSuchBucket',
    source: 'AWS, ErrorResponses',
    run: async (run) => ({ answer: statusOf(await copy(run, '/no-such-bucket-here/key')) }),
    aws: { answer: '404 NoSuchBucket' },
  },
  {
    id: 'copy-source-without-slash',
    says: 'a source may be written without a leading slash, and percent-encoded',
    source: 'AWS, API_CopyObject',
    run: async (run) => {
      await run.seed(`${run.key}-source`, 'content')
      const answer = await copy(run, encodeURIComponent(`${run.bucket}/${run.key}-source`))
      return { status: answer.status, content: await run.content() }
    },
    aws: { status: 200, content: 'content' },
    differs: {
      'sealgate+rgw': { see: { status: 501, content: 'content' }, cause: UNENCRYPTED },
    },
  },
  {
    id: 'copy-onto-itself-unchanged',
    says: 'a copy onto itself that changes nothing is refused',
    source: 'AWS, API_CopyObject',
    run: async (run) => {
      await run.seed(run.key)
      return { answer: statusOf(await copy(run, run.path())) }
    },
    aws: { answer: '400 InvalidRequest' },
    differs: {
      'sealgate+sandbox': { see: { answer: '200' }, cause: 'the policy changes the encryption' },
    },
  },
  {
    id: 'copy-source-if-match',
    says: 'a condition on the source that fails is 412',
    source: 'AWS, API_CopyObject',
    run: async (run) => {
      await run.seed(`${run.key}-source`)
      const failed = await copy(run, run.path(`${run.key}-source`), [
        ['x-amz-copy-source-if-match', `"${'0'.repeat(32)}"`],
      ])
      return { answer: statusOf(failed), stored: await run.stored() }
    },
    aws: { answer: '412 PreconditionFailed', stored: 'none' },
    differs: {
      rgw: {
        see: { answer: '200', stored: 'plain' },
        cause: 'RGW 16 ignores conditions on the source',
      },
      'sealgate+rgw': {
        see: { answer: '501 EncryptionNotConfirmed', stored: 'plain' },
        cause: UNENCRYPTED,
      },
    },
  },
  {
    id: 'copy-of-encrypted',
    says: 'an encrypted object can be copied',
    source: 'AWS, API_CopyObject',
    run: async (run) => {
      await run.seed(`${run.key}-source`, 'content', [
        ['x-amz-server-side-encryption', 'aws:kms'],
        ['x-amz-server-side-encryption-aws-kms-key-id', run.target.kms.two],
      ])
      const answer = await copy(run, run.path(`${run.key}-source`))
      return { answer: statusOf(answer), content: await run.content() }
    },
    aws: { answer: '200', content: 'content' },
    differs: {
      rgw: {
        see: { answer: '501 NotImplemented', content: undefined },
        cause: 'RGW 16 cannot copy an encrypted object',
      },
    },
  },
]

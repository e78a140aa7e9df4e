import { xmlText } from '../../support/xml.ts'
import type { ContractCase } from '../contract-case.ts'
import { statusOf } from '../run.ts'

const NO_ETAG = `"${'0'.repeat(32)}"`

/** Uploads that are stored only if the key is as the client believes. */
export const CONDITIONAL_WRITES: readonly ContractCase[] = [
  {
    id: 'write-if-none-match',
    says: 'If-None-Match: * on an upload is 412 where the object exists',
    source: 'AWS, conditional-writes',
    run: async (run) => {
      await run.seed(run.key, 'old')
      const answer = await run.ask('PUT', { body: 'new', fields: [['if-none-match', '*']] })
      return { answer: statusOf(answer), content: await run.content() }
    },
    aws: { answer: '412 PreconditionFailed', content: 'old' },
  },
  {
    id: 'write-if-match',
    says: 'If-Match on an upload stores with the right ETag and is 412 with another',
    source: 'AWS, conditional-writes',
    run: async (run) => {
      const seeded = await run.seed(run.key, 'old')
      const wrong = await run.ask('PUT', { body: 'wrong', fields: [['if-match', NO_ETAG]] })
      const kept = await run.content()
      const etag = seeded.headers.get('etag') ?? ''
      const right = await run.ask('PUT', { body: 'new', fields: [['if-match', etag]] })
      const content = await run.content()
      return { wrong: statusOf(wrong), kept, right: statusOf(right), content }
    },
    aws: { wrong: '412 PreconditionFailed', kept: 'old', right: '200', content: 'new' },
    differs: {
      rgw: {
        see: {
          wrong: '412 PreconditionFailed',
          kept: 'old',
          right: '412 PreconditionFailed',
          content: 'old',
        },
        cause: 'RGW 16 does not find an ETag in quotes to be the same',
      },
    },
  },
  {
    id: 'write-if-match-missing',
    says: 'If-Match on an upload is NoSuchKey where there is no object',
    source: 'AWS, conditional-writes',
    run: async (run) => {
      const answer = await run.ask('PUT', { body: 'new', fields: [['if-match', NO_ETAG]] })
      return { answer: statusOf(answer), content: await run.content() }
    },
    aws: { answer: '404 NoSuchKey', content: undefined },
    differs: {
      rgw: {
        see: { answer: '412 PreconditionFailed', content: undefined },
        cause: 'RGW 16 says so of a missing object too',
      },
    },
  },
  {
    id: 'complete-if-none-match',
    says: 'If-None-Match: * on a completion is 412 where the object exists',
    source: 'AWS, conditional-writes',
    run: async (run) => {
      const created = await run.ask('POST', { target: run.path(run.key, 'uploads') })
      const uploadId = xmlText(created.body, 'UploadId') ?? ''
      const target = run.path(run.key, `partNumber=1&uploadId=${uploadId}`)
      const part = await run.ask('PUT', { target, body: 'new' })
      await run.seed(run.key, 'old')
      const etag = part.headers.get('etag')
      const answer = await run.ask('POST', {
        target: run.path(run.key, `uploadId=${uploadId}`),
        fields: [['if-none-match', '*']],
        body: `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`,
      })
      return { answer: statusOf(answer), content: await run.content() }
    },
    aws: { answer: '412 PreconditionFailed', content: 'old' },
    differs: {
      rgw: {
        see: { answer: '200', content: 'new' },
        cause: 'RGW 16 ignores conditions on a completion',
      },
    },
  },
]

import { createHash } from 'node:crypto'
import type { ContractCase } from '../contract-case.ts'
import { statusOf } from '../run.ts'

/** UpdateObjectEncryption: another KMS key for an object that stays as it is. */
export const UPDATE_ENCRYPTION: readonly ContractCase[] = [
  {
    id: 'update-encryption',
    says: 'UpdateObjectEncryption gives an object another key and leaves its content alone',
    source: 'AWS, API_UpdateObjectEncryption',
    run: async (run) => {
      await run.seed(run.key, 'content')
      const body = `<ObjectEncryption xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><SSE-KMS><KMSKeyArn>${run.target.kms.one}</KMSKeyArn></SSE-KMS></ObjectEncryption>`
      const answer = await run.ask('PUT', {
        target: run.path(run.key, 'encryption'),
        body,
        fields: [['content-md5', createHash('md5').update(body).digest('base64')]],
      })
      const key = (await run.stored()) === 'aws:kms one' ? 'new' : 'not new'
      const content = (await run.content()) === 'content' ? 'same' : 'other'
      return { answer: statusOf(answer), key, content }
    },
    aws: { answer: '200', key: 'new', content: 'same' },
    differs: {
      rgw: {
        see: { answer: '200', key: 'not new', content: 'other' },
        cause: 'RGW 16 takes it for PutObject: the object is then the XML document of the request',
      },
      sealgate: {
        see: { answer: '403 AccessDenied', key: 'not new', content: 'same' },
        cause: 'the operation is closed unless `policy.allowOperations` opens it',
      },
    },
  },
]

import { createHash } from 'node:crypto'
import { postForm } from '../../support/post-form.ts'
import type { Field } from '../../support/signer.ts'
import type { Answer } from '../../support/wire.ts'
import { xmlText } from '../../support/xml.ts'
import { type ContractCase, type Difference, POLICY } from '../contract-case.ts'
import type { Run } from '../run.ts'

const SSE = 'x-amz-server-side-encryption'
const CUSTOMER_KEY = Buffer.alloc(32, 7)
const CUSTOMER: readonly Field[] = [
  [`${SSE}-customer-algorithm`, 'AES256'],
  [`${SSE}-customer-key`, CUSTOMER_KEY.toString('base64')],
  [`${SSE}-customer-key-md5`, createHash('md5').update(CUSTOMER_KEY).digest('base64')],
]
const CONTEXT = Buffer.from('{"app":"contract"}').toString('base64')

const CUSTOMER_KEY_REFUSED = [
  '400 InvalidRequest',
  'Sealgate refuses customer keys at the write: the object could not be read with them',
] as const

/** What the client asks for, and what each server makes of it. */
interface Ask {
  readonly id: string
  readonly says: string
  readonly source: string
  readonly fields: (run: Run) => readonly Field[]
  /** `200 X` becomes each operation's own success. */
  readonly aws: string
  readonly rgw?: readonly [answer: string, cause: string]
  readonly sandbox?: readonly [answer: string, cause: string]
  /** Undefined: overridden by the policy. */
  readonly sealgate?: readonly [answer: string, cause: string]
}

const ASKS: readonly Ask[] = [
  {
    id: 'nothing',
    says: 'without a word about encryption the bucket default holds, at least AES256',
    source: 'AWS, default-encryption-faq',
    fields: () => [],
    aws: '200 AES256',
    rgw: ['200 plain', 'RGW 16 has no default encryption'],
  },
  {
    id: 'aes256',
    says: 'AES256 is accepted',
    source: 'AWS, API_PutObject and specifying-kms-encryption',
    fields: () => [[SSE, 'AES256']],
    aws: '200 AES256',
    rgw: ['200 plain', 'RGW 16 takes AES256 and does not encrypt'],
  },
  {
    id: 'kms-with-key',
    says: 'aws:kms with a key is accepted and confirmed with that key',
    source: 'AWS, API_PutObject and specifying-kms-encryption',
    fields: ({ target }) => [
      [SSE, 'aws:kms'],
      [`${SSE}-aws-kms-key-id`, target.kms.one],
    ],
    aws: '200 aws:kms one',
  },
  {
    id: 'kms-with-other-key',
    says: 'the key asked for is the key used',
    source: 'AWS, API_PutObject and specifying-kms-encryption',
    fields: ({ target }) => [
      [SSE, 'aws:kms'],
      [`${SSE}-aws-kms-key-id`, target.kms.two],
    ],
    aws: '200 aws:kms two',
  },
  {
    id: 'kms-without-key',
    says: 'aws:kms without a key means the AWS managed key',
    source: 'AWS, API_PutObject and specifying-kms-encryption',
    fields: () => [[SSE, 'aws:kms']],
    aws: '200 aws:kms other',
    rgw: ['400 InvalidArgument', 'RGW has no managed key'],
  },
  {
    id: 'kms-with-context',
    says: 'a context and a bucket key are accepted',
    source: 'AWS, API_PutObject and specifying-kms-encryption',
    fields: ({ target }) => [
      [SSE, 'aws:kms'],
      [`${SSE}-aws-kms-key-id`, target.kms.one],
      [`${SSE}-context`, CONTEXT],
      [`${SSE}-bucket-key-enabled`, 'true'],
    ],
    aws: '200 aws:kms one',
  },
  {
    id: 'dsse',
    says: 'two layers (aws:kms:dsse) are accepted',
    source: 'AWS, UsingDSSEncryption',
    fields: ({ target }) => [
      [SSE, 'aws:kms:dsse'],
      [`${SSE}-aws-kms-key-id`, target.kms.one],
    ],
    aws: '200 aws:kms:dsse one',
    rgw: ['400 InvalidArgument', 'RGW 16 does not know aws:kms:dsse'],
  },
  {
    id: 'unknown-algorithm',
    says: 'an algorithm that is none is refused',
    source: 'AWS, API_PutObject and specifying-kms-encryption',
    fields: () => [[SSE, 'aes:kms']],
    aws: '400 InvalidArgument',
  },
  {
    id: 'empty-algorithm',
    says: 'an empty algorithm is refused',
    source: 'AWS, API_PutObject and specifying-kms-encryption',
    fields: () => [[SSE, '']],
    aws: '400 InvalidArgument',
    rgw: ['200 plain', 'RGW takes an empty algorithm for none'],
  },
  {
    id: 'key-without-algorithm',
    says: 'a key without aws:kms is refused',
    source: 'AWS, API_PutObject and specifying-kms-encryption',
    fields: ({ target }) => [[`${SSE}-aws-kms-key-id`, target.kms.one]],
    aws: '400 InvalidArgument',
  },
  {
    id: 'key-with-aes256',
    says: 'a key with AES256 is refused',
    source: 'AWS, API_PutObject and specifying-kms-encryption',
    fields: ({ target }) => [
      [SSE, 'AES256'],
      [`${SSE}-aws-kms-key-id`, target.kms.one],
    ],
    aws: '400 InvalidArgument',
    rgw: ['200 plain', 'RGW takes AES256 and does not encrypt'],
  },
  {
    id: 'unknown-key',
    says: 'a key that does not exist is refused',
    source: 'AWS, API_PutObject and specifying-kms-encryption',
    fields: ({ target }) => [
      [SSE, 'aws:kms'],
      [`${SSE}-aws-kms-key-id`, target.kms.unknown],
    ],
    aws: '400 KMS.NotFoundException',
    rgw: ['403 InvalidAccessKeyId', 'RGW names it so'],
  },
  {
    id: 'customer-key',
    says: 'SSE-C is accepted and told in the customer headers',
    source: 'AWS, ServerSideEncryptionCustomerKeys',
    fields: () => CUSTOMER,
    aws: '200 SSE-C',
    sealgate: CUSTOMER_KEY_REFUSED,
  },
  {
    id: 'customer-key-and-kms',
    says: 'SSE-C together with SSE-KMS is refused',
    source: 'AWS, ServerSideEncryptionCustomerKeys',
    fields: ({ target }) => [
      ...CUSTOMER,
      [SSE, 'aws:kms'],
      [`${SSE}-aws-kms-key-id`, target.kms.one],
    ],
    aws: '400 InvalidArgument',
    rgw: ['200 SSE-C', 'RGW lets SSE-C win'],
    sealgate: CUSTOMER_KEY_REFUSED,
  },
]

/** An operation that creates an object, by the means of the raw client. */
interface Write {
  readonly id: string
  readonly name: string
  readonly send: (run: Run, fields: readonly Field[]) => Promise<Answer>
  /** What has to follow before the object exists. */
  readonly finish?: (run: Run, answer: Answer, fields: readonly Field[]) => Promise<void>
  readonly success: number
}

const WRITES: readonly Write[] = [
  {
    id: 'put',
    name: 'PutObject',
    success: 200,
    send: (run, fields) => run.ask('PUT', { fields, body: 'content' }),
  },
  {
    id: 'create',
    name: 'CreateMultipartUpload',
    success: 200,
    send: (run, fields) => run.ask('POST', { target: run.path(run.key, 'uploads'), fields }),
    finish: finishUpload,
  },
  {
    id: 'copy',
    name: 'CopyObject',
    success: 200,
    send: async (run, fields) => {
      await run.seed(`${run.key}-source`, 'content')
      const source: Field = ['x-amz-copy-source', run.path(`${run.key}-source`)]
      return run.ask('PUT', { fields: [source, ...fields] })
    },
  },
  {
    id: 'form',
    name: 'POST Object',
    success: 204,
    send: (run, fields) =>
      postForm(run.target.client, {
        bucket: run.bucket,
        fields: [['key', run.key], ...fields],
        file: 'content',
      }),
  },
]

async function finishUpload(run: Run, created: Answer, fields: readonly Field[]): Promise<void> {
  const uploadId = xmlText(created.body, 'UploadId')
  if (uploadId === undefined) return
  const customer = fields.filter(([name]) => name.includes('-customer-'))
  const confirmed = created.headers.has(`${SSE}-customer-algorithm`)
  const part = await run.ask('PUT', {
    target: run.path(run.key, `partNumber=1&uploadId=${uploadId}`),
    body: 'content',
    fields: confirmed ? customer : [],
  })
  const etag = part.headers.get('etag') ?? ''
  await run.ask('POST', {
    target: run.path(run.key, `uploadId=${uploadId}`),
    body: `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`,
    fields: confirmed ? customer : [],
  })
}

function caseOf(write: Write, ask: Ask): ContractCase {
  const atRgw = rgwOf(write, ask)
  return {
    id: `${write.id}-${ask.id}`,
    says: `${write.name}: ${ask.says}`,
    source: ask.source,
    run: async (run) => {
      const fields = ask.fields(run)
      const answer = await write.send(run, fields)
      await write.finish?.(run, answer, fields)
      return { ...run.outcome(answer), stored: await run.stored() }
    },
    aws: see(write, ask.aws),
    differs: {
      ...(atRgw && { rgw: atRgw }),
      ...(ask.sandbox && { sandbox: difference(write, ...ask.sandbox) }),
      sealgate: difference(write, ...(ask.sealgate ?? OVERRIDDEN)),
      ...throughSealgateAtRgw(write, ask),
    },
  }
}

const OVERRIDDEN = ['200 aws:kms one', POLICY] as const

/** RGW's own ways by operation, beside those that it has with every one. */
function rgwOf(write: Write, ask: Ask): Difference | undefined {
  if (write.id === 'copy') {
    const cause = 'RGW 16 copies without encrypting, whatever is asked'
    return { see: { answer: '200 plain', stored: 'plain' }, cause }
  }
  const [answer, cause] = ask.rgw ?? [ask.aws, '']
  if (write.id === 'form' && answer.startsWith('200 ')) {
    return {
      see: { answer: '204 plain', stored: answer.slice(4) },
      cause: `RGW answers a form without the encryption headers. ${cause}`.trim(),
    }
  }
  return ask.rgw && difference(write, answer, cause)
}

/** Where RGW does not confirm, Sealgate asks by HEAD, and fails what is not encrypted. */
function throughSealgateAtRgw(write: Write, ask: Ask): ContractCase['differs'] {
  if (ask.sealgate?.[0].startsWith('4')) return {}
  if (write.id === 'copy') {
    const cause = 'RGW says 200 to a copy that it did not encrypt: encryption-not-confirmed'
    return {
      'sealgate+rgw': { see: { answer: '501 EncryptionNotConfirmed', stored: 'plain' }, cause },
    }
  }
  return {}
}

function difference(write: Write, answer: string, cause: string): Difference {
  return { see: see(write, answer), cause }
}

/** From `200 AES256` what is answered and what is stored. */
function see(write: Write, answer: string) {
  if (!answer.startsWith('200 ')) return { answer, stored: 'none' }
  const encryption = answer.slice(4)
  return { answer: `${write.success} ${encryption}`, stored: encryption }
}

/** What each operation that creates an object does with each thing that a client may ask. */
export const ENCRYPTION_ON_WRITES: readonly ContractCase[] = WRITES.flatMap((write) =>
  ASKS.map((ask) => caseOf(write, ask)),
)

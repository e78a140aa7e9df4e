import t from 'tap'
import { headerValue } from '../../src/base/header-list.ts'
import { type DecisionInput, decideEncryption } from '../../src/policy/decide.ts'
import type { Obligation } from '../../src/policy/decision.ts'
import { compilePattern } from '../../src/policy/pattern.ts'
import type { EncryptEffect, Policy, Rule } from '../../src/policy/policy.ts'
import type { RequestedEncryption } from '../../src/s3/encryption-headers.ts'
import { type OperationName, operationByName } from '../../src/s3/operation.ts'

const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const MULTI_REGION =
  'arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab'
const REPLICA = MULTI_REGION.replace('eu-central-1', 'us-west-2')
const OTHER_KEY = 'arn:aws:kms:eu-central-1:111122223333:key/ffffffff-12ab-34cd-56ef-1234567890ab'
const ALL = [compilePattern('*')]

const NOTHING: RequestedEncryption = {
  algorithm: undefined,
  keyId: undefined,
  context: undefined,
  bucketKey: undefined,
  hasCustomerKey: false,
  hasCopySourceCustomerKey: false,
}

const KMS: EncryptEffect = {
  kind: 'encrypt',
  algorithm: 'aws:kms',
  keyId: KEY,
  replicas: 'reject',
  bucketKey: undefined,
  context: undefined,
  conflict: 'override',
  customerKeys: 'reject',
}

function ruleOf(name: string, effect: Rule['effect'], buckets = '*'): Rule {
  return { name, match: { buckets: [compilePattern(buckets)], keys: ALL, clients: ALL }, effect }
}

function policyOf(change: Partial<Policy> = {}): Policy {
  return {
    mode: 'enforce',
    rules: [ruleOf('all', KMS)],
    misplacedEncryptionHeaders: 'reject',
    reads: { customerKeys: 'reject', unencrypted: 'report' },
    confirmation: 'fail',
    allowOperations: new Set(),
    ...change,
  }
}

function inputOf(name: OperationName, change: Partial<DecisionInput> = {}): DecisionInput {
  const operation = operationByName(name)
  return {
    operation,
    method: operation.method,
    client: 'app',
    bucket: 'bucket',
    key: 'key',
    requested: NOTHING,
    isAppend: false,
    nowMs: 0,
    ...change,
  }
}

function asking(change: Partial<RequestedEncryption>): Partial<DecisionInput> {
  return { requested: { ...NOTHING, ...change } }
}

function allowed(policy: Policy, input: DecisionInput): Obligation {
  const decision = decideEncryption(policy, input)
  if (decision.kind === 'deny') throw new Error(`denied: ${decision.error.reason}`)
  return decision.obligation
}

function reasonOf(policy: Policy, input: DecisionInput): string {
  const decision = decideEncryption(policy, input)
  return decision.kind === 'deny' ? `${decision.error.code} ${decision.error.reason}` : 'allow'
}

const SET_HEADERS = [
  'x-amz-server-side-encryption',
  'aws:kms',
  'x-amz-server-side-encryption-aws-kms-key-id',
  KEY,
]

const UPLOADS = ['PutObject', 'CopyObject', 'CreateMultipartUpload', 'PostObject'] as const
const PARTS = ['UploadPart', 'UploadPartCopy', 'CompleteMultipartUpload'] as const
const READS = [
  'GetObject',
  'HeadObject',
  'ListObjectsV2',
  'ListParts',
  'GetObjectAttributes',
] as const

for (const name of UPLOADS) {
  t.test(`${name} gets the policy's encryption, whatever the client asked for`, async (t) => {
    const asked = [
      [{}, 'added'],
      [{ algorithm: 'AES256' }, 'overridden'],
      [{ algorithm: '' }, 'overridden'],
      [{ algorithm: 'aws:kms' }, 'overridden'],
      [{ algorithm: 'AWS:KMS', keyId: KEY }, 'overridden'],
      [{ algorithm: 'aws:kms', keyId: OTHER_KEY }, 'overridden'],
      [{ algorithm: 'aws:kms:dsse', keyId: KEY }, 'overridden'],
      [{ algorithm: 'aws:kms', keyId: KEY, context: 'e30=' }, 'overridden'],
      [{ algorithm: 'aws:kms', keyId: KEY, bucketKey: 'true' }, 'overridden'],
      [{ keyId: OTHER_KEY }, 'overridden'],
      [{ algorithm: 'aws:kms', keyId: KEY }, 'unchanged'],
    ] as const
    for (const [requested, action] of asked) {
      const obligation = allowed(policyOf(), inputOf(name, asking(requested)))
      t.equal(obligation.action, action, JSON.stringify(requested))
      t.strictSame(obligation.encryption, {
        kind: 'set',
        headers: SET_HEADERS,
        sourceKeys: false,
      })
      t.match(obligation.confirm, { algorithm: 'aws:kms', keyId: KEY })
    }
  })

  t.test(
    `${name} that asks for other encryption is refused where the rule says reject`,
    async (t) => {
      const policy = policyOf({ rules: [ruleOf('strict', { ...KMS, conflict: 'reject' })] })
      for (const requested of [{ algorithm: 'AES256' }, { keyId: OTHER_KEY }]) {
        t.equal(
          reasonOf(policy, inputOf(name, asking(requested))),
          'AccessDenied encryption-conflict',
        )
      }
      const decision = decideEncryption(policy, inputOf(name, asking({ algorithm: 'AES256' })))
      t.match(decision, {
        error: {
          message:
            /^The request .* the rule strict requires for the bucket [^ ]+: aws:kms under the key/,
        },
      })
      t.notMatch(JSON.stringify(decision), 'arn:aws:kms', 'the key is not named')
      t.equal(reasonOf(policy, inputOf(name)), 'allow')
      t.equal(
        reasonOf(policy, inputOf(name, asking({ algorithm: 'aws:kms', keyId: KEY }))),
        'allow',
        'the same encryption is no conflict',
      )
    },
  )

  t.test(
    `${name} that asks for a replica of the key asks for the key, if that counts`,
    async (t) => {
      const effect = { ...KMS, keyId: MULTI_REGION, conflict: 'reject' } as const
      const input = inputOf(name, asking({ algorithm: 'aws:kms', keyId: REPLICA }))
      const strict = policyOf({ rules: [ruleOf('all', effect)] })
      t.equal(reasonOf(strict, input), 'AccessDenied encryption-conflict')
      const rules = [ruleOf('all', { ...effect, replicas: 'accept' })]
      const obligation = allowed(policyOf({ rules }), input)
      t.equal(obligation.action, 'unchanged')
      if (obligation.encryption.kind !== 'set') throw new Error('not set')
      const { headers } = obligation.encryption
      t.equal(headerValue(headers, 'x-amz-server-side-encryption-aws-kms-key-id'), MULTI_REGION)
      const other = inputOf(name, asking({ algorithm: 'aws:kms', keyId: KEY }))
      t.equal(reasonOf(policyOf({ rules }), other), 'AccessDenied encryption-conflict')
    },
  )

  t.test(`${name} with a customer key is refused, or overridden on purpose`, async (t) => {
    for (const requested of [
      { hasCustomerKey: true },
      { algorithm: 'aws:kms', keyId: KEY, hasCustomerKey: true },
    ]) {
      const input = inputOf(name, asking(requested))
      for (const conflict of ['override', 'reject'] as const) {
        const policy = policyOf({ rules: [ruleOf('all', { ...KMS, conflict })] })
        t.match(decideEncryption(policy, input), {
          kind: 'deny',
          rule: 'all',
          error: { code: 'InvalidRequest', reason: 'customer-keys-refused' },
        })
      }
      const overriding = policyOf({ rules: [ruleOf('all', { ...KMS, customerKeys: 'override' })] })
      const obligation = allowed(overriding, input)
      t.equal(obligation.action, 'overridden')
      t.match(obligation.encryption, { kind: 'set', headers: SET_HEADERS })
    }
  })

  t.test(`${name} with a customer key under an exempt rule must be readable again`, async (t) => {
    const rules = [ruleOf('own keys', { kind: 'exempt', reason: 'they hold their keys' })]
    const input = inputOf(name, asking({ hasCustomerKey: true }))
    for (const customerKeys of ['reject', 'strip'] as const) {
      const policy = policyOf({ rules, reads: { customerKeys, unencrypted: 'report' } })
      t.equal(reasonOf(policy, input), 'InvalidRequest customer-keys-refused')
    }
    const open = policyOf({ rules, reads: { customerKeys: 'allow', unencrypted: 'report' } })
    t.match(allowed(open, input), { encryption: { kind: 'keep' }, action: 'exempt' })
  })

  t.test(`${name} that no rule matches is refused`, async (t) => {
    const policy = policyOf({ rules: [ruleOf('others', KMS, 'other-*')] })
    t.equal(reasonOf(policy, inputOf(name)), 'AccessDenied no-matching-rule')
  })

  t.test(`${name} that appends is refused`, async (t) => {
    t.equal(reasonOf(policyOf(), inputOf(name, { isAppend: true })), 'AccessDenied append-closed')
  })

  t.test(`${name} under an exempt rule is left as the client asks`, async (t) => {
    const policy = policyOf({
      rules: [ruleOf('logs', { kind: 'exempt', reason: 'load balancer' })],
    })
    const obligation = allowed(policy, inputOf(name, asking({ algorithm: 'AES256' })))
    t.match(obligation, { encryption: { kind: 'keep' }, action: 'exempt', confirm: undefined })
  })
}

t.test('all four headers are set, the context with sorted keys and filled templates', async (t) => {
  const effect: EncryptEffect = {
    ...KMS,
    bucketKey: true,
    context: { key: '{key}', app: '{client}', bucket: 'b={bucket}' },
  }
  const { encryption } = allowed(
    policyOf({ rules: [ruleOf('all', effect)] }),
    inputOf('PutObject', { key: '{client}/"ü' }),
  )
  if (encryption.kind !== 'set') throw new Error('not set')
  t.equal(
    headerValue(encryption.headers, 'x-amz-server-side-encryption-bucket-key-enabled'),
    'true',
  )
  const context = headerValue(encryption.headers, 'x-amz-server-side-encryption-context') ?? ''
  t.equal(
    Buffer.from(context, 'base64').toString('utf8'),
    '{"app":"app","bucket":"b=bucket","key":"{client}/\\"ü"}',
  )
})

t.test('the first matching rule wins', async (t) => {
  const policy = policyOf({
    rules: [
      ruleOf('logs', { kind: 'exempt', reason: 'r' }, 'logs'),
      ruleOf('special', { ...KMS, keyId: OTHER_KEY }, 'l*'),
      ruleOf('rest', KMS),
    ],
  })
  const ruleFor = (bucket: string) =>
    decideEncryption(policy, inputOf('PutObject', { bucket })).rule
  t.strictSame(['logs', 'later', 'bucket'].map(ruleFor), ['logs', 'special', 'rest'])
})

for (const name of PARTS) {
  t.test(`${name} never gets the header, and refuses or strips the client's`, async (t) => {
    t.match(allowed(policyOf(), inputOf(name)), {
      encryption: { kind: 'keep' },
      action: undefined,
      confirm: { keyId: KEY },
    })
    const wrong = inputOf(name, asking({ algorithm: 'aws:kms' }))
    t.equal(reasonOf(policyOf(), wrong), 'InvalidArgument encryption-headers-misplaced')
    const lenient = policyOf({ misplacedEncryptionHeaders: 'strip' })
    t.match(allowed(lenient, wrong).encryption, { kind: 'strip' })
  })

  t.test(`${name} with a customer key follows what became of the upload's`, async (t) => {
    const input = inputOf(name, asking({ hasCustomerKey: true }))
    t.equal(reasonOf(policyOf(), input), 'InvalidRequest customer-keys-refused')
    const overriding = policyOf({ rules: [ruleOf('all', { ...KMS, customerKeys: 'override' })] })
    t.match(allowed(overriding, input).encryption, { kind: 'strip', customerKeys: true })
    const rules = [ruleOf('own keys', { kind: 'exempt', reason: 'r' })]
    t.equal(reasonOf(policyOf({ rules }), input), 'InvalidRequest customer-keys-refused')
    const open = policyOf({ rules, reads: { customerKeys: 'allow', unencrypted: 'report' } })
    t.match(allowed(open, input).encryption, { kind: 'keep' })
  })
}

for (const name of READS) {
  t.test(`${name} with an encryption header is refused BadRequest, or stripped`, async (t) => {
    for (const requested of [
      { algorithm: 'AES256' },
      { keyId: KEY },
      { context: 'e30=' },
      { bucketKey: 'true' },
    ]) {
      const input = inputOf(name, asking(requested))
      t.equal(reasonOf(policyOf(), input), 'BadRequest encryption-headers-on-read')
      const lenient = policyOf({ misplacedEncryptionHeaders: 'strip' })
      t.strictSame(allowed(lenient, input).encryption, {
        ...{ kind: 'strip', ownHeaders: true, customerKeys: false, sourceKeys: false },
      })
    }
  })

  t.test(`${name} with a customer key is refused unless the policy allows it`, async (t) => {
    const input = inputOf(name, asking({ hasCustomerKey: true }))
    t.equal(reasonOf(policyOf(), input), 'BadRequest encryption-headers-on-read')
    const open = policyOf({
      reads: { customerKeys: 'allow', unencrypted: 'report' },
    })
    t.strictSame(allowed(open, input).encryption, { kind: 'keep' })
    const stripping = policyOf({ reads: { customerKeys: 'strip', unencrypted: 'report' } })
    t.match(allowed(stripping, input).encryption, { kind: 'strip', customerKeys: true })
  })
}

t.test('a closed read with an encryption header is refused for the header', async (t) => {
  const asked = asking({ algorithm: 'AES256' })
  t.equal(
    reasonOf(policyOf(), inputOf('ListDirectoryBuckets', asked)),
    'BadRequest encryption-headers-on-read',
  )
  t.equal(reasonOf(policyOf(), inputOf('CreateSession', asked)), 'AccessDenied operation-closed')
})

t.test('misplaced headers on every other operation are refused, or stripped', async (t) => {
  for (const name of ['AbortMultipartUpload', 'DeleteObject', 'PutObjectTagging'] as const) {
    const input = inputOf(name, asking({ algorithm: 'aws:kms', keyId: KEY }))
    t.equal(reasonOf(policyOf(), input), 'InvalidArgument encryption-headers-misplaced')
    const lenient = policyOf({ misplacedEncryptionHeaders: 'strip' })
    t.strictSame(allowed(lenient, input).encryption, {
      ...{ kind: 'strip', ownHeaders: true, customerKeys: false, sourceKeys: false },
    })
  }
})

for (const name of ['CopyObject', 'UploadPartCopy'] as const) {
  t.test(
    `${name} from an SSE-C source is refused, or its key passed on or taken off`,
    async (t) => {
      const input = inputOf(name, asking({ hasCopySourceCustomerKey: true }))
      const exempt = [ruleOf('exempt', { kind: 'exempt', reason: 'r' })]
      for (const rules of [policyOf().rules, exempt]) {
        const policy = (customerKeys: Policy['reads']['customerKeys']) =>
          policyOf({ rules, reads: { customerKeys, unencrypted: 'report' } })
        t.equal(reasonOf(policy('reject'), input), 'InvalidRequest customer-keys-refused')
        const kept = allowed(policy('allow'), input).encryption
        if (kept.kind !== 'keep') t.equal(kept.sourceKeys, false)
        t.match(allowed(policy('strip'), input).encryption, { sourceKeys: true })
      }
      const asked = inputOf('CopyObject', {
        requested: { ...NOTHING, algorithm: 'AES256', hasCopySourceCustomerKey: true },
      })
      const reads = { customerKeys: 'strip', unencrypted: 'report' } as const
      t.strictSame(
        allowed(policyOf({ rules: exempt, reads }), asked).encryption,
        { kind: 'strip', ownHeaders: false, customerKeys: false, sourceKeys: true },
        'what an exempt copy asks for is left',
      )
    },
  )
}

t.test('a customer key on any other operation is refused, passed on or taken off', async (t) => {
  for (const name of ['AbortMultipartUpload', 'DeleteObject'] as const) {
    const input = inputOf(name, asking({ hasCustomerKey: true }))
    const policy = (customerKeys: Policy['reads']['customerKeys']) =>
      policyOf({ reads: { customerKeys, unencrypted: 'report' } })
    t.equal(reasonOf(policy('reject'), input), 'InvalidRequest customer-keys-refused')
    t.match(allowed(policy('allow'), input).encryption, { kind: 'keep' })
    t.match(allowed(policy('strip'), input).encryption, { kind: 'strip', customerKeys: true })
  }
})

t.test('a read is judged by what S3 says of the object only where S3 says it', async (t) => {
  t.match(allowed(policyOf(), inputOf('GetObject')).readCheck, {
    expected: { keyId: KEY },
    deny: false,
  })
  t.equal(allowed(policyOf(), inputOf('ListObjectsV2')).readCheck, undefined)
  const denying = policyOf({
    reads: { customerKeys: 'reject', unencrypted: 'deny' },
  })
  t.match(allowed(denying, inputOf('HeadObject')).readCheck, { deny: true })
})

const CLOSED = [
  'PutBucketEncryption',
  'DeleteBucketEncryption',
  'UpdateObjectEncryption',
  'RenameObject',
  'CreateSession',
  'PutObjectAnnotation',
  'PutBucketReplication',
  'PutBucketInventoryConfiguration',
  'PutBucketAnalyticsConfiguration',
  'PutBucketLogging',
  'CreateBucketMetadataConfiguration',
  'CreateBucketMetadataTableConfiguration',
  'UpdateBucketMetadataInventoryTableConfiguration',
  'UpdateBucketMetadataJournalTableConfiguration',
  'UpdateBucketMetadataAnnotationTableConfiguration',
  'SelectObjectContent',
  'WriteGetObjectResponse',
] as const

for (const name of CLOSED) {
  t.test(`${name} is closed, and opened only by its name`, async (t) => {
    const decision = decideEncryption(policyOf(), inputOf(name))
    t.match(decision, { kind: 'deny', error: { code: 'AccessDenied', reason: 'operation-closed' } })
    if (decision.kind === 'deny') t.match(decision.error.message, name)
    t.equal(
      decideEncryption(policyOf({ allowOperations: new Set([name]) }), inputOf(name)).kind,
      'allow',
    )
  })
}

t.test('mode observe changes nothing and says what would have been decided', async (t) => {
  const policy = policyOf({ mode: 'observe' })
  const upload = decideEncryption(policy, inputOf('PutObject', asking({ algorithm: 'AES256' })))
  t.match(upload, {
    kind: 'allow',
    obligation: { encryption: { kind: 'keep' }, action: undefined, confirm: undefined },
    observed: { kind: 'allow', obligation: { action: 'overridden' } },
  })
  const closed = decideEncryption(policy, inputOf('PutBucketEncryption'))
  t.match(closed, { kind: 'allow', observed: { kind: 'deny' } })
})

t.test('attack 15: a context is as long as it is sent, escapes of JSON included', async (t) => {
  const policy = policyOf({ rules: [ruleOf('all', { ...KMS, context: { key: '{key}' } })] })
  const decided = (key: string) => {
    const decision = decideEncryption(policy, inputOf('PutObject', { key }))
    if (decision.kind === 'deny') {
      const { code, reason, message } = decision.error
      return `${code} ${reason} ${/ has (\d+) bytes/.exec(message)?.[1]}`
    }
    const { encryption } = decision.obligation
    const headers = encryption.kind === 'set' ? encryption.headers : []
    return headerValue(headers, 'x-amz-server-side-encryption-context')?.length
  }
  const tooLong = 'InvalidArgument encryption-context-too-long'
  t.equal(decided('k'.repeat(1024)), 1380)
  t.equal(decided('\u0001'.repeat(1024)), `${tooLong} 8208`)
  t.equal(decided('"'.repeat(1024)), 2744, 'a quote is two')
  t.equal(decided('ü'.repeat(512)), 1380)
  // {"key":"…"} is 10 bytes; 3,062 bytes more are the limit.
  t.equal(decided(`${'\u0001'.repeat(510)}kk`), 4096)
  t.equal(decided(`${'\u0001'.repeat(510)}kkk`), `${tooLong} 4100`)
  for (const operation of ['CopyObject', 'CreateMultipartUpload', 'PostObject'] as const) {
    const decision = decideEncryption(policy, inputOf(operation, { key: '\u0001'.repeat(1024) }))
    t.match(decision, { kind: 'deny', rule: 'all' }, operation)
  }
})

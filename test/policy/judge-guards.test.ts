import t from 'tap'
import { type DecisionInput, decide, decideEncryption } from '../../src/policy/decide.ts'
import type { Decision } from '../../src/policy/decision.ts'
import type { Guards } from '../../src/policy/guards.ts'
import { judgeGuards, refusedByBody } from '../../src/policy/judge-guards.ts'
import { compilePattern } from '../../src/policy/pattern.ts'
import type { Policy, Rule } from '../../src/policy/policy.ts'
import type { WriteFacts } from '../../src/policy/write-facts.ts'
import { NO_ENCRYPTION } from '../../src/s3/encryption-headers.ts'
import { OPERATIONS, type OperationName, operationByName } from '../../src/s3/operation.ts'

t.equal(typeof judgeGuards, 'function')

function ruleOf(
  name: string,
  guards: Guards | undefined,
  match: Partial<Record<keyof Rule['match'], string>> = {},
): Rule {
  const { buckets = '*', keys = '*', clients = '*' } = match
  return {
    name,
    match: {
      buckets: [compilePattern(buckets)],
      keys: [compilePattern(keys)],
      clients: [compilePattern(clients)],
    },
    effect: { kind: 'exempt', reason: 'a test' },
    ...(guards === undefined ? {} : { guards }),
  }
}

function policyOf(rules: readonly Rule[], change: Partial<Policy> = {}): Policy {
  return {
    mode: 'enforce',
    rules,
    misplacedEncryptionHeaders: 'reject',
    reads: { customerKeys: 'reject', unencrypted: 'report' },
    confirmation: 'fail',
    allowOperations: new Set(),
    ...change,
  }
}

function inputOf(name: OperationName, change: Partial<DecisionInput> = {}): DecisionInput {
  const operation = operationByName(name)
  const hasKey = operation.level === 'object' || name === 'PostObject'
  return {
    operation,
    method: operation.method,
    client: 'app',
    bucket: 'bucket',
    key: hasKey ? 'key' : undefined,
    requested: NO_ENCRYPTION,
    isAppend: false,
    nowMs: NOW,
    ...change,
  }
}

const NOW = Date.UTC(2026, 0, 15, 12, 0, 0, 500)

const NOTHING_SAID: WriteFacts = {
  acls: [],
  grants: [],
  storageClasses: [],
  tags: new Map(),
  bytes: undefined,
  checksums: [],
  checksumAlgorithms: [],
  lockModes: [],
  retainUntilDates: [],
  bypasses: [],
}

function decided(guards: Guards, name: OperationName, facts: Partial<WriteFacts> = {}): Decision {
  const policy = policyOf([ruleOf('r', guards)])
  return decide(policy, inputOf(name), () => ({ ...NOTHING_SAID, ...facts }))
}

function reasonOf(decision: Decision): string {
  return decision.kind === 'deny' ? decision.error.reason : 'allow'
}

const NEW_OBJECT = ['PutObject', 'PostObject', 'CopyObject', 'CreateMultipartUpload'] as const

t.test('a public ACL is refused wherever an ACL is written', async (t) => {
  const guards = { publicAcl: 'refuse' } as const
  for (const name of [...NEW_OBJECT, 'PutObjectAcl', 'PutBucketAcl', 'CreateBucket'] as const) {
    t.equal(reasonOf(decided(guards, name, { acls: ['public-read'] })), 'public-acl', name)
    t.equal(reasonOf(decided(guards, name, { grants: ['uri="x"'] })), 'public-acl', name)
    t.equal(reasonOf(decided(guards, name, { acls: ['private', 'public-read'] })), 'public-acl')
    t.equal(reasonOf(decided(guards, name, { acls: ['private'], grants: ['id="a"'] })), 'allow')
    t.equal(reasonOf(decided(guards, name)), 'allow', name)
  }
})

t.test('the storage class is one of the list, STANDARD if none is named', async (t) => {
  const guards = { storageClasses: new Set(['STANDARD_IA', 'GLACIER_IR']) }
  for (const name of NEW_OBJECT) {
    const reason = (...storageClasses: readonly string[]) =>
      reasonOf(decided(guards, name, { storageClasses }))
    t.equal(reason('STANDARD_IA'), 'allow', name)
    for (const refused of ['STANDARD', 'standard_ia', 'GLACIER', '']) {
      t.equal(reason(refused), 'storage-class-not-allowed', `${name} ${refused}`)
    }
    t.equal(reason(), 'storage-class-not-allowed', name)
    t.equal(reason('STANDARD_IA', 'GLACIER'), 'storage-class-not-allowed', name)
  }
  const standard = { storageClasses: new Set(['STANDARD']) }
  t.equal(reasonOf(decided(standard, 'PutObject')), 'allow')
})

t.test('the tags of a rule must be there, each with a value of its list', async (t) => {
  const tags = [
    { key: 'team', values: undefined },
    { key: 'env', values: new Set(['prod', 'test']) },
  ]
  const good = new Map([
    ['team', 'a'],
    ['env', 'prod'],
    ['more', ''],
  ])
  for (const name of NEW_OBJECT) {
    const reason = (tagging: WriteFacts['tags']) =>
      reasonOf(decided({ tags }, name, { tags: tagging }))
    t.equal(reason(good), 'allow', name)
    t.equal(
      reason(
        new Map([
          ['team', ''],
          ['env', 'prod'],
        ]),
      ),
      'tags-missing',
    )
    t.equal(
      reason(
        new Map([
          ['Team', 'a'],
          ['env', 'prod'],
        ]),
      ),
      'tags-missing',
    )
    t.equal(
      reason(
        new Map([
          ['team', 'a'],
          ['env', 'Prod'],
        ]),
      ),
      'tags-missing',
    )
    t.equal(reason(new Map([['team', 'a']])), 'tags-missing')
    t.equal(reason(new Map()), 'tags-missing')
    t.equal(reason('unreadable'), 'tags-missing')
    t.equal(reason('source'), 'tags-missing')
  }
  t.equal(reasonOf(decided({ tags }, 'UploadPart')), 'allow')
  t.equal(reasonOf(decided({ tags }, 'DeleteObjectTagging')), 'tags-missing')
  t.match(decided({ tags }, 'PutObjectTagging'), {
    obligation: { guards: { body: { kind: 'tagging', rule: 'r', tags } } },
  })
})

t.test('no object and no part is larger than the rule allows', async (t) => {
  const guards = { maxBytes: 100 }
  for (const name of ['PutObject', 'CopyObject', 'UploadPart', 'UploadPartCopy'] as const) {
    t.equal(reasonOf(decided(guards, name, { bytes: 100 })), 'allow', name)
    t.equal(reasonOf(decided(guards, name, { bytes: 101 })), 'object-too-large', name)
  }
  t.match(decided(guards, 'PutObject', { bytes: 101 }), {
    error: {
      code: 'EntityTooLarge',
      extras: [
        ['ProposedSize', '101'],
        ['MaxSizeAllowed', '100'],
      ],
    },
  })
  t.match(decided(guards, 'CopyObject'), {
    obligation: { guards: { size: { of: 'source', rule: 'r', bytesMax: 100 } } },
  })
  t.match(decided(guards, 'CompleteMultipartUpload'), {
    obligation: { guards: { size: { of: 'parts' } } },
  })
  t.match(decided(guards, 'PutObject'), { obligation: { guards: { size: undefined } } })
  t.match(decided(guards, 'PostObject'), { obligation: { guards: { fileBytesMax: 100 } } })
  t.equal(reasonOf(decided(guards, 'CreateMultipartUpload', { bytes: 101 })), 'allow')
})

t.test('a body has a checksum, or one of the algorithms of the list', async (t) => {
  const any = { checksum: 'required' } as const
  const some = { checksum: new Set(['SHA256', 'CRC64NVME']) }
  for (const name of ['PutObject', 'PostObject', 'UploadPart'] as const) {
    const reason = (guards: Guards, ...checksums: readonly string[]) =>
      reasonOf(decided(guards, name, { checksums }))
    t.equal(reason(any), 'checksum-missing', name)
    t.equal(reason(any, 'CRC32'), 'allow')
    t.equal(reason(any, 'Content-MD5'), 'allow')
    t.equal(reason(some), 'checksum-missing')
    t.equal(reason(some, 'Content-MD5'), 'checksum-missing')
    t.equal(reason(some, 'CRC32'), 'checksum-missing')
    t.equal(reason(some, 'Content-MD5', 'SHA256'), 'allow')
  }
  for (const name of ['CopyObject', 'CreateMultipartUpload'] as const) {
    const reason = (guards: Guards, ...checksumAlgorithms: readonly string[]) =>
      reasonOf(decided(guards, name, { checksumAlgorithms }))
    t.equal(reason(any), 'allow', name)
    t.equal(reason(some), 'checksum-missing')
    t.equal(reason(some, 'CRC32'), 'checksum-missing')
    t.equal(reason(some, 'SHA256'), 'allow')
  }
})

const LOCK = 'x-amz-object-lock-mode'
const UNTIL = 'x-amz-object-lock-retain-until-date'

t.test('a new object is kept as long as the rule says, or longer', async (t) => {
  const guards: Guards = { objectLock: { mode: 'GOVERNANCE', days: 30 } }
  const checksums = ['CRC32']
  const set = (name: OperationName, mode?: string, date?: string, own = guards) => {
    const facts = {
      checksums,
      lockModes: mode === undefined ? [] : [mode],
      retainUntilDates: date === undefined ? [] : [date],
    }
    const decision = decided(own, name, facts)
    if (decision.kind === 'deny') return decision.error.reason
    return decision.obligation.guards?.set ?? []
  }
  const own = [LOCK, 'GOVERNANCE', UNTIL, '2026-02-14T12:00:01Z']
  for (const name of NEW_OBJECT) {
    t.strictSame(set(name), own, name)
    t.strictSame(set(name, 'GOVERNANCE', '2026-01-16T00:00:00Z'), own, 'a shorter one is raised')
    t.strictSame(set(name, 'COMPLIANCE', '2026-01-16T00:00:00Z'), [
      LOCK,
      'COMPLIANCE',
      ...own.slice(2),
    ])
    const longer = '2027-01-01T00:00:00Z'
    t.strictSame(set(name, 'GOVERNANCE', longer), [LOCK, 'GOVERNANCE', UNTIL, longer])
    const strong: Guards = { objectLock: { mode: 'COMPLIANCE', days: 30 } }
    t.strictSame(set(name, 'GOVERNANCE', longer, strong), [LOCK, 'COMPLIANCE', UNTIL, longer])
    for (const [mode, date] of [
      ['GOVERNANCE', undefined],
      [undefined, longer],
      ['governance', longer],
      ['GOVERNANCE', 'tomorrow'],
      ['GOVERNANCE', '2027-13-01T00:00:00Z'],
      ['', ''],
    ] as const) {
      t.equal(set(name, mode, date), 'retention-invalid', `${mode} ${date}`)
    }
  }
  t.strictSame(set('UploadPart'), [])
})

t.test(
  'S3 demands a digest of what is written under a lock, and nothing may bypass it',
  async (t) => {
    const guards: Guards = { objectLock: { mode: 'GOVERNANCE', days: 30 } }
    for (const name of ['PutObject', 'PostObject', 'UploadPart'] as const) {
      t.equal(reasonOf(decided(guards, name)), 'checksum-missing', name)
      t.equal(reasonOf(decided(guards, name, { checksums: ['Content-MD5'] })), 'allow', name)
    }
    for (const name of ['CopyObject', 'CreateMultipartUpload'] as const) {
      t.equal(reasonOf(decided(guards, name)), 'allow', name)
    }
    for (const name of ['PutObjectRetention', 'DeleteObject', 'DeleteObjects'] as const) {
      t.equal(reasonOf(decided(guards, name)), 'allow', name)
      for (const bypass of ['true', 'TRUE', '1', '']) {
        t.equal(reasonOf(decided(guards, name, { bypasses: [bypass] })), 'retention-bypass', name)
      }
      t.equal(reasonOf(decided(guards, name, { bypasses: ['false'] })), 'allow', name)
    }
  },
)

t.test('a refusal names rule and guard, a decision the guards that judged it', async (t) => {
  const guards: Guards = { publicAcl: 'refuse', storageClasses: new Set(['STANDARD']) }
  t.match(decided(guards, 'PutObject', { storageClasses: ['GLACIER'] }), {
    rule: 'r',
    guards: ['storageClasses'],
    error: { message: /rule r does not allow the storage class GLACIER; allowed: STANDARD/ },
  })
  t.match(decided(guards, 'PutObject'), {
    obligation: { guards: { names: ['publicAcl', 'storageClasses'], body: undefined } },
  })
  t.match(decided(guards, 'PutObjectAcl'), {
    rule: 'r',
    obligation: { guards: { names: ['publicAcl'], body: { kind: 'acl' } } },
  })
  t.match(decided(guards, 'GetObject'), { obligation: { guards: undefined } })
})

t.test('a moved object cannot be judged', async (t) => {
  const allowOperations = new Set<OperationName>(['RenameObject'])
  const policy = policyOf([ruleOf('r', { publicAcl: 'refuse' })], { allowOperations })
  const decision = decide(policy, inputOf('RenameObject'), () => NOTHING_SAID)
  t.equal(reasonOf(decision), 'operation-closed')
})

t.test('mode observe changes nothing and says what enforce would do', async (t) => {
  const policy = policyOf([ruleOf('r', { publicAcl: 'refuse' })], { mode: 'observe' })
  const decision = decide(policy, inputOf('PutObject'), () => ({ ...NOTHING_SAID, acls: ['x'] }))
  t.match(decision, {
    kind: 'allow',
    obligation: { guards: undefined },
    observed: { kind: 'deny', error: { reason: 'public-acl' } },
  })
})

t.test('an object has the guards of its rule, a bucket those of every rule for it', async (t) => {
  const publicAcl = 'refuse'
  const rules = [
    ruleOf('open', undefined, { keys: 'open/*' }),
    ruleOf('guarded', { publicAcl }, { buckets: 'bucket', keys: 'in/*', clients: 'app' }),
    ruleOf('rest', undefined),
  ]
  const judged = (name: OperationName, change: Partial<DecisionInput>) =>
    reasonOf(
      decide(policyOf(rules), inputOf(name, change), () => ({
        ...NOTHING_SAID,
        acls: ['public-read'],
      })),
    )
  t.equal(judged('PutObject', { key: 'in/k' }), 'public-acl')
  t.equal(judged('PutObject', { key: 'open/k' }), 'allow')
  t.equal(judged('PutObjectAcl', { key: 'other' }), 'allow')
  t.equal(judged('PutBucketAcl', {}), 'public-acl', 'for a key of the bucket')
  t.equal(judged('CreateBucket', { bucket: 'other' }), 'allow')
  t.equal(judged('PutBucketAcl', { client: 'another' }), 'allow')
})

t.test('without guards no fact is read', async (t) => {
  const read = () => t.fail('read') as never
  for (const operation of OPERATIONS) {
    decide(policyOf([ruleOf('r', undefined)]), inputOf(operation.name), read)
    decide(policyOf([ruleOf('r', { publicAcl: 'refuse' })]), inputOf('GetObject'), read)
    decideEncryption(policyOf([ruleOf('r', { publicAcl: 'refuse' })]), inputOf('PutObject'))
  }
})

t.test('a document is judged, one that is too large is refused', async (t) => {
  const guard = { kind: 'acl', rule: 'r' } as const
  const document = (uri: string) =>
    `<AccessControlPolicy><AccessControlList><Grant><Grantee><URI>${uri}</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`
  t.equal(refusedByBody(guard, document('x'))?.reason, 'public-acl')
  const logs = 'http://acs.amazonaws.com/groups/s3/LogDelivery'
  t.equal(refusedByBody(guard, document(logs)), undefined)
  t.equal(refusedByBody(guard, 'x')?.reason, 'xml-malformed')
  t.equal(refusedByBody(guard, undefined)?.reason, 'body-too-large')
  const tags = { kind: 'tagging', rule: 'r', tags: [{ key: 'team', values: undefined }] } as const
  const tagging = (key: string) =>
    `<Tagging><TagSet><Tag><Key>${key}</Key><Value>a</Value></Tag></TagSet></Tagging>`
  t.equal(refusedByBody(tags, tagging('team')), undefined)
  t.equal(refusedByBody(tags, tagging('Team'))?.reason, 'tags-missing')
  t.equal(refusedByBody(tags, '<Tagging><TagSet/></Tagging>')?.reason, 'tags-missing')
  t.equal(refusedByBody(tags, '')?.reason, 'xml-malformed')
})

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
    ...change,
  }
}

const NOTHING_SAID: WriteFacts = { acls: [], grants: [], storageClasses: [] }

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
})

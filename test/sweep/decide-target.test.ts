import t from 'tap'
import { compilePattern } from '../../src/policy/pattern.ts'
import type { EncryptEffect, Policy, Rule } from '../../src/policy/policy.ts'
import { decideTarget } from '../../src/sweep/decide-target.ts'

const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const ENCRYPT: EncryptEffect = {
  kind: 'encrypt',
  algorithm: 'aws:kms',
  keyId: KEY,
  replicas: 'reject',
  bucketKey: true,
  context: undefined,
  conflict: 'override',
  customerKeys: 'reject',
}

interface Wanted {
  readonly keys?: string
  readonly clients?: string
  readonly effect?: Rule['effect']
}

function rule(name: string, { keys = '*', clients = '*', effect = ENCRYPT }: Wanted): Rule {
  const match = {
    buckets: [compilePattern('data-*')],
    keys: [compilePattern(keys)],
    clients: [compilePattern(clients)],
  }
  return { name, match, effect }
}

function policy(mode: Policy['mode'], ...rules: readonly Rule[]): Policy {
  return {
    mode,
    rules,
    misplacedEncryptionHeaders: 'reject',
    reads: { customerKeys: 'reject', unencrypted: 'report' },
    confirmation: 'fail',
    allowOperations: new Set(),
  }
}

const LOGS = rule('logs', { keys: 'logs/*', effect: { kind: 'exempt', reason: 'written by S3' } })
const BILLING = rule('billing', {
  keys: 'b/*',
  clients: 'billing',
  effect: { ...ENCRYPT, keyId: 'k2' },
})
const CONTEXT = rule('context', {
  keys: 'c/*',
  effect: { ...ENCRYPT, context: { who: '{client}', what: '{key}' } },
})
const KEYED = rule('keyed', { keys: 'd/*', effect: { ...ENCRYPT, context: { what: '{key}' } } })
const REST = rule('rest', {})
const RULES = [LOGS, BILLING, CONTEXT, KEYED, REST]

for (const mode of ['enforce', 'observe'] as const) {
  const target = (key: string, client?: string) =>
    decideTarget(policy(mode, ...RULES), client, 'data-1', key)

  t.test(`${mode}: the headers are those of an upload`, async (t) => {
    t.strictSame(target('x'), {
      kind: 'encrypt',
      rule: 'rest',
      algorithm: 'aws:kms',
      keyId: KEY,
      replicas: 'reject',
      bucketKey: true,
      headers: [
        'x-amz-server-side-encryption',
        'aws:kms',
        'x-amz-server-side-encryption-aws-kms-key-id',
        KEY,
        'x-amz-server-side-encryption-bucket-key-enabled',
        'true',
      ],
    })
  })

  t.test(`${mode}: an exempt rule leaves the object alone, with its reason`, async (t) => {
    t.strictSame(target('logs/1'), { kind: 'exempt', rule: 'logs', reason: 'written by S3' })
  })

  t.test(`${mode}: a rule of one client does not decide without the client`, async (t) => {
    t.strictSame(target('b/1'), { kind: 'undecided', reason: 'client' })
    const known = target('b/1', 'billing')
    t.equal(known.kind === 'encrypt' && known.keyId, 'k2')
    const other = target('b/1', 'web')
    t.equal(other.kind === 'encrypt' && other.rule, 'rest')
  })

  t.test(`${mode}: a context that names the client does not decide without it`, async (t) => {
    t.strictSame(target('c/1'), { kind: 'undecided', reason: 'client' })
    const known = target('c/1', 'web')
    t.equal(known.kind === 'encrypt' && known.headers.length, 8)
    t.equal(target('d/1').kind, 'encrypt')
  })
}

t.test('an object that no rule matches is undecided', async (t) => {
  const none = decideTarget(policy('enforce', ...RULES), undefined, 'other', 'x')
  t.strictSame(none, { kind: 'undecided', reason: 'no-rule' })
})

t.test(
  'a context that is too long for the key is undecided, as its upload is refused',
  async (t) => {
    const long = decideTarget(
      policy('enforce', KEYED),
      undefined,
      'data-1',
      `d/${'"'.repeat(1000)}${'x'.repeat(2000)}`,
    )
    t.strictSame(long, { kind: 'undecided', reason: 'no-rule' })
  },
)

import t from 'tap'
import {
  describeCondition,
  formFieldValue,
  type MatchCondition,
  meetsCondition,
  needsCondition,
  POST_CONDITIONS_MAX,
  parsePostConditions,
} from '../../src/sigv4/post-policy-conditions.ts'

const match = (kind: 'eq' | 'starts-with', field: string, value: string): MatchCondition => ({
  kind,
  field,
  hasDollar: true,
  value,
})

t.test('each form of condition is parsed', (t) => {
  t.same(
    parsePostConditions([
      { bucket: 'b' },
      ['eq', '$acl', 'private'],
      ['starts-with', '$key', ''],
      ['eq', 'acl', 'private'],
      ['content-length-range', 1, 10],
      ['content-length-range', '0', '5368709120'],
    ]),
    {
      ok: true,
      value: [
        match('eq', 'bucket', 'b'),
        match('eq', 'acl', 'private'),
        match('starts-with', 'key', ''),
        { kind: 'eq', field: 'acl', hasDollar: false, value: 'private' },
        { kind: 'content-length-range', min: 1, max: 10 },
        { kind: 'content-length-range', min: 0, max: 5_368_709_120 },
      ],
    },
  )
  t.end()
})

t.test('what is no condition makes the policy invalid', (t) => {
  const cases: readonly unknown[] = [
    {},
    { a: 'b', c: 'd' },
    { a: 1 },
    { a: null },
    { a: ['b'] },
    null,
    'text',
    7,
    [],
    ['eq', '$a'],
    ['eq', '$a', 'b', 'c'],
    ['eq', 1, 'b'],
    ['eq', '$a', 1],
    ['Eq', '$a', 'b'],
    ['ends-with', '$a', 'b'],
    [null, '$a', 'b'],
    ['content-length-range', 1],
    ['content-length-range', -1, 10],
    ['content-length-range', 10, 1],
    ['content-length-range', 1.5, 10],
    ['content-length-range', 0, Number.MAX_SAFE_INTEGER + 1],
    ['content-length-range', '0x1', 10],
    ['content-length-range', '', 10],
    ['content-length-range', null, 10],
  ]
  for (const condition of cases) {
    const parsed = parsePostConditions([{ bucket: 'b' }, condition])
    t.match(
      parsed,
      { ok: false, error: { code: 'InvalidPolicyDocument' } },
      JSON.stringify(condition),
    )
  }
  t.match(parsePostConditions([{ a: 'b', c: 'd' }]), {
    error: {
      message:
        'Invalid Policy: Invalid Simple-Condition: Simple-Conditions must have exactly one property specified.',
    },
  })
  t.end()
})

t.test('there is a limit on conditions', (t) => {
  const conditions = Array.from({ length: POST_CONDITIONS_MAX + 1 }, () => ({ a: 'b' }))
  t.equal(parsePostConditions(conditions.slice(1)).ok, true)
  t.equal(parsePostConditions(conditions).ok, false)
  t.end()
})

t.test('a condition is met or not', (t) => {
  const cases: readonly (readonly [MatchCondition, string | undefined, boolean])[] = [
    [match('eq', 'acl', 'private'), 'private', true],
    [match('eq', 'acl', 'private'), 'Private', false],
    [match('eq', 'acl', 'private'), 'private ', false],
    [match('eq', 'acl', ''), '', true],
    [match('eq', 'acl', ''), undefined, false],
    [match('starts-with', 'key', 'user/'), 'user/a', true],
    [match('starts-with', 'key', 'user/'), 'user/', true],
    [match('starts-with', 'key', 'user/'), 'User/a', false],
    [match('starts-with', 'key', 'user/'), 'xuser/', false],
    [match('starts-with', 'key', ''), 'anything', true],
    [match('starts-with', 'key', ''), undefined, false],
    [match('starts-with', 'key', 'a,'), 'a,b', true],
    [match('starts-with', 'Content-Type', 'image/'), 'image/png', true],
    [match('starts-with', 'Content-Type', 'image/'), 'image/png,image/gif', true],
    [match('starts-with', 'content-type', 'image/'), 'image/png, image/gif', true],
    [match('starts-with', 'content-type', 'image/'), 'image/png,text/html', false],
    [match('starts-with', 'content-type', 'image/p'), 'image/png,image/gif', false],
    [match('starts-with', 'content-type', 'image/'), 'image/png,', false],
    [match('starts-with', 'content-type', 'image/'), ',image/png', false],
    [match('starts-with', 'content-type', ''), ',', true],
    [match('starts-with', 'content-type', 'image/png'), 'image/png,image/pn', false],
    [match('starts-with', 'content-type', 'image/pn'), 'image/png, \timage/pn', true],
    [match('eq', 'content-type', 'image/png'), 'image/png,image/png', false],
    [{ ...match('eq', 'acl', 'private'), hasDollar: false }, 'private', false],
  ]
  for (const [condition, value, expected] of cases) {
    const field = condition.field.toLowerCase()
    const given = value === undefined ? undefined : formFieldValue(field, value)
    t.equal(meetsCondition(condition, given), expected, `${describeCondition(condition)} ${value}`)
  }
  t.end()
})

t.test('a condition is shown as S3 shows it, without secrets', (t) => {
  t.equal(describeCondition(match('eq', 'a', 'b"c')), '["eq", "$a", "b\\"c"]')
  t.equal(
    describeCondition({ ...match('starts-with', 'a', ''), hasDollar: false }),
    '["starts-with", "a", ""]',
  )
  for (const field of [
    'X-Amz-Security-Token',
    'x-amz-server-side-encryption-customer-key',
    'x-amz-copy-source-server-side-encryption-customer-key',
  ]) {
    t.equal(describeCondition(match('eq', field, 'secret')), `["eq", "$${field}", "..."]`)
  }
  t.end()
})

t.test('every field needs a condition but four', (t) => {
  for (const name of ['policy', 'x-amz-signature', 'file', 'x-ignore-', 'x-ignore-me']) {
    t.notOk(needsCondition(name), name)
  }
  for (const name of ['key', 'x-amz-date', 'x-ignore', 'x-amz-signature2', 'acl']) {
    t.ok(needsCondition(name), name)
  }
  t.end()
})

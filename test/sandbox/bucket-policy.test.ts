import t from 'tap'
import { isDenied, parseBucketPolicy } from '../../src/sandbox/bucket-policy.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html */
const REQUIRE_KMS = {
  Version: '2012-10-17',
  Id: 'PutObjectPolicy',
  Statement: [
    {
      Sid: 'DenyObjectsThatAreNotSSEKMS',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:PutObject',
      Resource: 'arn:aws:s3:::bucket-one/*',
      Condition: { Null: { 's3:x-amz-server-side-encryption-aws-kms-key-id': 'true' } },
    },
    {
      Effect: 'Deny',
      Principal: { AWS: '*' },
      Action: ['s3:Put*'],
      Resource: ['arn:aws:s3:::bucket-one/secret/?.txt'],
      Condition: { StringNotEquals: { 's3:x-amz-server-side-encryption': 'aws:kms' } },
    },
    { Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' },
  ],
}

function asks(key: string, headers: Readonly<Record<string, string>>, action = 's3:PutObject') {
  return {
    action,
    resource: `arn:aws:s3:::bucket-one/${key}`,
    valueOf: (name: string) => headers[name.replace('s3:', '')],
  }
}

t.test('uploads without the header are denied', async (t) => {
  const statements = parseBucketPolicy(JSON.stringify(REQUIRE_KMS))
  const keyed = { 'x-amz-server-side-encryption-aws-kms-key-id': 'k' }
  const right = { ...keyed, 'x-amz-server-side-encryption': 'aws:kms' }
  t.ok(isDenied(statements, asks('a', {})))
  t.notOk(isDenied(statements, asks('a', keyed)))
  t.ok(isDenied(statements, asks('secret/1.txt', keyed)))
  t.notOk(isDenied(statements, asks('secret/1.txt', right)))
  t.notOk(isDenied(statements, asks('secret/11.txt', keyed)), '? stands for one character')
  t.notOk(isDenied(statements, asks('a', {}, 's3:GetObject')))
})

t.test('each condition operator compares as IAM does', async (t) => {
  const key = 's3:x-amz-acl'
  const holds = (operator: string, value: unknown, given: string | undefined) =>
    isDenied(
      parseBucketPolicy(
        JSON.stringify({
          Statement: {
            Effect: 'Deny',
            Principal: '*',
            Action: '*',
            Resource: '*',
            Condition: { [operator]: { [key]: value } },
          },
        }),
      ),
      { action: 's3:PutObject', resource: 'r', valueOf: () => given },
    )
  const cases: readonly (readonly [string, unknown, string | undefined, boolean])[] = [
    ['StringEquals', 'a', 'a', true],
    ['StringEquals', ['a', 'b'], 'b', true],
    ['StringEquals', 'a', undefined, false],
    ['StringEqualsIfExists', 'a', undefined, true],
    ['StringNotEquals', 'a', 'b', true],
    ['StringNotEquals', 'a', 'a', false],
    ['StringNotEquals', 'a', undefined, true],
    ['StringNotEqualsIfExists', 'a', 'b', true],
    ['StringLike', 'a*c', 'abbc', true],
    ['StringLike', 'a*c', 'abb', false],
    ['StringLike', 'a*', undefined, false],
    ['StringNotLike', 'a*', 'b', true],
    ['StringNotLike', 'a*', 'ab', false],
    ['Null', true, undefined, true],
    ['Null', 'true', 'a', false],
    ['Null', 'false', 'a', true],
    ['Bool', 'false', 'false', true],
  ]
  for (const [operator, value, given, expected] of cases) {
    t.equal(holds(operator, value, given), expected, `${operator} ${value} ${given}`)
  }
})

t.test('a policy that cannot be obeyed is refused', async (t) => {
  const deny = { Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource: '*' }
  const cases: readonly unknown[] = [
    [],
    { Statement: ['x'] },
    { Statement: { ...deny, Effect: 'Maybe' } },
    { Statement: { ...deny, Principal: { AWS: 'arn:aws:iam::1:root' } } },
    { Statement: { ...deny, NotAction: 's3:GetObject' } },
    { Statement: { ...deny, Action: undefined } },
    { Statement: { ...deny, Condition: { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } } },
    { Statement: { ...deny, Condition: { StringEquals: { 'aws:userid': 'x' } } } },
    { Statement: { ...deny, Condition: 'x' } },
  ]
  t.throws(() => parseBucketPolicy('{'), { code: 'MalformedPolicy' })
  for (const policy of cases) {
    t.throws(
      () => parseBucketPolicy(JSON.stringify(policy)),
      { code: 'MalformedPolicy' },
      JSON.stringify(policy),
    )
  }
})

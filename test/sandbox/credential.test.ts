import t from 'tap'
import {
  findAccount,
  formatAmzDate,
  parseAmzDate,
  parseCredential,
} from '../../src/sandbox/credential.ts'

const parse = (text: string) =>
  parseCredential(text, 'eu-central-1', 'AuthorizationHeaderMalformed', 'Malformed')

t.test('a credential is taken apart, slashes in the key id included', async (t) => {
  t.strictSame(parse('AK/ID/20261123/eu-central-1/s3/aws4_request'), {
    accessKeyId: 'AK/ID',
    date: '20261123',
    region: 'eu-central-1',
  })
})

t.test('each wrong part has its text', async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /mal-formed/],
    ['AKID/20261123/eu-central-1/s3', /mal-formed/],
    ['/20261123/eu-central-1/s3/aws4_request', /mal-formed/],
    ['AKID/2026-11-23/eu-central-1/s3/aws4_request', /incorrect date format "2026-11-23"/],
    [
      'AKID/20261123/us-east-1/s3/aws4_request',
      /the region 'us-east-1' is wrong; expecting 'eu-central-1'/,
    ],
    ['AKID/20261123/eu-central-1/sqs/aws4_request', /incorrect service "sqs"/],
    ['AKID/20261123/eu-central-1/s3/aws5', /incorrect terminal "aws5"/],
  ]
  for (const [text, message] of cases) {
    t.throws(() => parse(text), { code: 'AuthorizationHeaderMalformed', message }, text)
  }
})

t.test('an account is found by key id and token', async (t) => {
  const plain = { accessKeyId: 'PLAIN', secretAccessKey: 's' }
  const session = { accessKeyId: 'SESSION', secretAccessKey: 's', sessionToken: 'token' }
  const accounts = [plain, session]
  t.equal(findAccount(accounts, 'PLAIN', undefined), plain)
  t.equal(findAccount(accounts, 'SESSION', 'token'), session)
  t.throws(() => findAccount(accounts, 'OTHER', undefined), { code: 'InvalidAccessKeyId' })
  t.throws(() => findAccount(accounts, 'SESSION', undefined), { code: 'InvalidAccessKeyId' })
  t.throws(() => findAccount(accounts, 'SESSION', 'wrong'), { code: 'InvalidToken' })
  t.throws(() => findAccount(accounts, 'PLAIN', 'token'), { code: 'InvalidToken' })
})

t.test('dates are read and written', async (t) => {
  const time = Date.UTC(2026, 10, 23, 12, 34, 56)
  t.equal(parseAmzDate('20261123T123456Z'), time)
  t.equal(formatAmzDate(time), '20261123T123456Z')
  for (const text of ['', '20261123', '20261123T123456', '2026-11-23T12:34:56Z']) {
    t.equal(parseAmzDate(text), undefined, text)
  }
})

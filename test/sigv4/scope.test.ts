import t from 'tap'
import {
  ACCESS_KEY_ID_LENGTH_MAX,
  checkScope,
  malformedCredential,
  parseCredential,
  scopeText,
} from '../../src/sigv4/scope.ts'
import { outcomeOf } from './example.ts'

const EXPECTED = { date: '20130524', region: 'us-east-1', service: 's3' }

t.test('a credential has five parts', (t) => {
  t.same(parseCredential('AKID/20130524/us-east-1/s3/aws4_request'), {
    accessKeyId: 'AKID',
    date: '20130524',
    region: 'us-east-1',
    service: 's3',
    terminal: 'aws4_request',
  })
  const scope = '/20130524/us-east-1/s3/aws4_request'
  t.ok(parseCredential('A'.repeat(ACCESS_KEY_ID_LENGTH_MAX) + scope))
  for (const text of [
    '',
    'AKID',
    'AKID/20130524/us-east-1/s3',
    'AKID/20130524/us-east-1/s3/aws4_request/',
    `AK/ID${scope}`,
    scope,
    `A${'A'.repeat(ACCESS_KEY_ID_LENGTH_MAX)}${scope}`,
    `AK ID${scope}`,
    `AK\nID${scope}`,
    `AKÏD${scope}`,
  ]) {
    t.equal(parseCredential(text), undefined, text)
  }
  t.equal(scopeText('20130524', 'us-east-1', 's3'), '20130524/us-east-1/s3/aws4_request')
  t.end()
})

t.test('a scope is checked part by part', (t) => {
  const check = (scope: string, source: 'header' | 'presigned' | 'form' = 'header') => {
    const credential = parseCredential(`AKID/${scope}`)
    if (credential === undefined) throw new Error(scope)
    return checkScope(credential, source, EXPECTED)
  }
  const cases: readonly (readonly [string, string])[] = [
    ['20130524/us-east-1/s3/aws4_request', 'ok'],
    ['2013052/us-east-1/s3/aws4_request', 'scope-date-malformed'],
    ['2013-5-4/us-east-1/s3/aws4_request', 'scope-date-malformed'],
    ['20130524/us-east-1/s3/aws4', 'scope-terminal-wrong'],
    ['20130524/us-east-1/s3/', 'scope-terminal-wrong'],
    ['20130524/us-east-1/s3express/aws4_request', 'scope-service-wrong'],
    ['20130524/us-east-2/s3/aws4_request', 'scope-region-wrong'],
    ['20130524/US-EAST-1/s3/aws4_request', 'scope-region-wrong'],
    ['20130524//s3/aws4_request', 'scope-region-wrong'],
    ['20130525/us-east-1/s3/aws4_request', 'scope-date-wrong'],
  ]
  for (const [scope, reason] of cases) {
    const expected = (code: string) => (reason === 'ok' ? 'ok' : `${code}: ${reason}`)
    t.equal(outcomeOf(check(scope)), expected('AuthorizationHeaderMalformed'), scope)
    t.equal(
      outcomeOf(check(scope, 'presigned')),
      expected('AuthorizationQueryParametersError'),
      scope,
    )
    t.equal(outcomeOf(check(scope, 'form')), expected('InvalidArgument'), scope)
  }
  t.match(check('20130524/eu-west-1/s3/aws4_request'), {
    error: {
      message:
        "The authorization header is malformed; the region 'eu-west-1' is wrong; expecting 'us-east-1'",
      extras: [['Region', 'us-east-1']],
    },
  })
  t.match(check('20130524/eu-west-1/s3/aws4_request', 'form'), {
    error: {
      extras: [
        ['ArgumentName', 'x-amz-credential'],
        ['Region', 'us-east-1'],
      ],
    },
  })
  t.end()
})

t.test('a malformed credential is told in the words of S3', (t) => {
  t.equal(
    malformedCredential('presigned').message,
    'Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
  )
  t.equal(malformedCredential('header').code, 'AuthorizationHeaderMalformed')
  t.end()
})

import t from 'tap'
import { describeFailure } from '../../src/credentials/describe-failure.ts'

t.test('a failure is told with its causes and the remedy of its source', async (t) => {
  const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:80'), {
    code: 'ECONNREFUSED',
  })
  const error = Object.assign(new Error('Unable to connect', { cause }), {
    name: 'ProviderError',
    statusCode: 503,
  })
  t.equal(
    describeFailure('env', error),
    'Unable to connect status 503: connect ECONNREFUSED 127.0.0.1:80 (set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY)',
  )
})

t.test("names and codes of AWS's errors are shown", async (t) => {
  const denied = Object.assign(new Error('not authorized'), {
    name: 'AccessDenied',
    Code: 'AccessDenied',
  })
  t.match(
    describeFailure('assume-role', denied),
    /^AccessDenied not authorized AccessDenied \(check roleArn/,
  )
})

t.test('nothing that looks like a secret is shown, and only one line', async (t) => {
  const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
  const text = describeFailure('file', new Error(`bad ${secret} in\nsecond line ${secret}`))
  t.notMatch(text, /wJalr/)
  t.notMatch(text, /\n|second/)
  t.match(text, /^bad \[…\] in \(check the profile/)
})

t.test('long messages are cut, loops of causes end, odd values have words', async (t) => {
  t.ok(describeFailure('env', new Error('word '.repeat(999))).length < 500)
  const loop = new Error('loop')
  loop.cause = loop
  t.match(describeFailure('env', loop), /^loop: loop/)
  t.match(describeFailure('env', 'odd'), /^failed \(/)
  t.match(describeFailure('env', new Error('')), /^failed \(/)
})

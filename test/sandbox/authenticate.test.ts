import t from 'tap'
import { presign, send, sendRaw } from './send.ts'
import { BUCKET, startTestSandbox } from './start-test-sandbox.ts'

t.test('a request has to be signed in one way', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const target = `/${BUCKET}`
  t.equal((await send(sandbox, { target })).status, 200)
  const host = ['host', 'sandbox.test']
  const anonymous = await sendRaw(sandbox, 'GET', target, host)
  t.match(anonymous, { status: 403, code: 'AccessDenied' })
  const both = await send(sandbox, { target: presign({ target }) })
  t.match(both, { status: 400, code: 'InvalidArgument', body: /Only one auth mechanism allowed/ })
  t.equal((await sendRaw(sandbox, 'GET', presign({ target }), host)).status, 200)
})

t.test('SigV2 is refused in header and query', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const cases: readonly (readonly [string, readonly string[]])[] = [
    [`/${BUCKET}`, ['host', 'sandbox.test', 'authorization', 'AWS AKID:c2ln']],
    [`/${BUCKET}?AWSAccessKeyId=A&Signature=s&Expires=1`, ['host', 'sandbox.test']],
  ]
  for (const [target, headers] of cases) {
    const answer = await sendRaw(sandbox, 'GET', target, headers)
    t.match(answer, { status: 400, code: 'InvalidRequest', body: /Please use AWS4-HMAC-SHA256/ })
  }
})

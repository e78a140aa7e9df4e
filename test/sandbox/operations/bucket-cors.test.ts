import { createHash } from 'node:crypto'
import t from 'tap'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'
import { element, elements, presign, send, sendRaw, type TestRequest } from '../send.ts'
import { BUCKET, startTestSandbox } from '../start-test-sandbox.ts'

const SITE = 'https://app.example'
const HOST = ['host', 'sandbox.test']
const at = `/${BUCKET}?cors`
const CONFIGURATION = `<CORSConfiguration><CORSRule>
<AllowedOrigin>${SITE}</AllowedOrigin><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod>
<AllowedHeader>*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds>
</CORSRule></CORSConfiguration>`

function put(sandbox: Sandbox, body: string, more: Partial<TestRequest> = {}) {
  const md5 = createHash('md5').update(body).digest('base64')
  return send(sandbox, {
    method: 'PUT',
    target: at,
    body,
    headers: { 'content-md5': md5 },
    ...more,
  })
}

t.test('a configuration is put, read, kept over a restart and deleted', async (t) => {
  const { sandbox, dataDir } = await startTestSandbox(t)
  t.match(await send(sandbox, { target: at }), {
    status: 404,
    code: 'NoSuchCORSConfiguration',
    body: `<Message>The CORS configuration does not exist</Message><BucketName>${BUCKET}<`,
  })
  t.equal((await send(sandbox, { method: 'DELETE', target: at })).status, 204)
  t.equal((await put(sandbox, CONFIGURATION)).status, 200)
  await sandbox.close()
  const again = await startTestSandbox(t, { dataDir })
  const { status, body } = await send(again.sandbox, { target: at })
  t.equal(status, 200)
  t.strictSame(elements(body, 'AllowedMethod'), ['GET', 'PUT'])
  t.equal(element(body, 'AllowedOrigin'), SITE)
  t.equal((await send(again.sandbox, { method: 'DELETE', target: at })).status, 204)
  t.equal((await send(again.sandbox, { target: at })).status, 404)
})

t.test('a document without a digest, with a wrong one or for no bucket is refused', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  t.match(await put(sandbox, CONFIGURATION, { headers: {} }), {
    status: 400,
    code: 'InvalidRequest',
  })
  t.match(await put(sandbox, '<CORSConfiguration/>'), { status: 400, code: 'MalformedXML' })
  t.match(await put(sandbox, CONFIGURATION, { target: '/bucket-none?cors' }), {
    status: 404,
    code: 'NoSuchBucket',
  })
  t.equal((await send(sandbox, { target: at })).status, 404, 'nothing was kept')
})

t.test('a preflight needs no signature, and a presigned one is not looked at', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  await put(sandbox, CONFIGURATION)
  const ask = [...HOST, 'origin', SITE, 'access-control-request-method', 'PUT']
  const url = presign({ method: 'PUT', target: `/${BUCKET}/key`, signature: 'wrong' })
  const answer = await sendRaw(sandbox, 'OPTIONS', url, ask)
  t.match(answer, {
    status: 200,
    body: '',
    headers: {
      'access-control-allow-origin': SITE,
      'access-control-allow-methods': 'GET, PUT',
      'access-control-max-age': '60',
      'content-length': '0',
    },
  })
  const elsewhere = await sendRaw(sandbox, 'OPTIONS', '/bucket-two/key', ask)
  t.match(elsewhere, {
    status: 403,
    code: 'AccessForbidden',
    body: 'CORS is not enabled for this bucket.</Message><Method>PUT</Method><ResourceType>BUCKET<',
  })
  t.match(await sendRaw(sandbox, 'OPTIONS', '/', ask), { status: 403, code: 'AccessDenied' })
})

t.test('answers of all kinds bear the headers of the rule, for its origin alone', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  await put(sandbox, CONFIGURATION)
  const target = `/${BUCKET}/key`
  const origin = { origin: SITE }
  const stored = await send(sandbox, { method: 'PUT', target, body: 'x', unsigned: origin })
  const etag = stored.headers.etag ?? ''
  const answers = {
    'a PUT': stored,
    'a GET': await send(sandbox, { target, unsigned: origin }),
    'a 304': await send(sandbox, { target, unsigned: { ...origin, 'if-none-match': etag } }),
    'a 404': await send(sandbox, { target: `${target}s`, unsigned: origin }),
    'a 403': await send(sandbox, { target, unsigned: origin, signature: 'f'.repeat(64) }),
    'a listing': await send(sandbox, { target: `/${BUCKET}`, unsigned: origin }),
  }
  for (const [name, answer] of Object.entries(answers)) {
    t.match(
      answer.headers,
      {
        'access-control-allow-origin': SITE,
        'access-control-allow-credentials': 'true',
        'access-control-expose-headers': 'ETag',
        vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
      },
      `${name}: ${answer.status}`,
    )
  }
  const others = {
    'no origin': await send(sandbox, { target }),
    'another origin': await send(sandbox, { target, unsigned: { origin: 'https://evil.example' } }),
    'a method that is not allowed': await send(sandbox, {
      method: 'DELETE',
      target,
      unsigned: origin,
    }),
    'another bucket': await send(sandbox, { target: '/bucket-two', unsigned: origin }),
  }
  for (const [name, answer] of Object.entries(others)) {
    t.equal(answer.headers['access-control-allow-origin'], undefined, name)
    t.equal(answer.headers.vary, undefined, name)
  }
})

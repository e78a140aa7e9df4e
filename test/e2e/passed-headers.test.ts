import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import aws4 from 'aws4'
import t, { type Test } from 'tap'
import { postForm } from '../support/form-request.ts'
import { CLIENT, KEY, REGION, type Rig, startRig } from '../support/rig.ts'
import { send, sendRaw } from '../support/signed-request.ts'

/*
 * Headers that S3 has added since the operations' table was made select no operation and change no
 * encryption: they go on under our signature, as the client signed them. Source: @aws-sdk/client-s3
 * 3.1173.0 (event hold of Object Lock, 2026-09; account-regional buckets, 2026-03).
 */

const EVENT_HOLD = {
  'x-amz-object-lock-event-hold': 'ON',
  'x-amz-object-lock-event-hold-duration-days': '30',
}
const SSE = 'x-amz-server-side-encryption'

interface Received {
  readonly method: string
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

async function startBoth(t: Test): Promise<{ readonly rig: Rig; readonly received: Received[] }> {
  const received: Received[] = []
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('latin1')) body += String(chunk)
    const { method = '', url: target = '', headers } = request
    received.push({ method, target, headers, body })
    response.setHeader(SSE, 'aws:kms')
    response.setHeader(`${SSE}-aws-kms-key-id`, KEY)
    response.setHeader('etag', '"e"')
    if (method === 'GET' || method === 'HEAD') {
      for (const [name, value] of Object.entries(EVENT_HOLD)) response.setHeader(name, value)
    }
    response.statusCode = method === 'POST' && target === '/bucket' ? 201 : 200
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const rig = await startRig({
    upstreamPort: (server.address() as AddressInfo).port,
    buckets: "['bucket', 'app-*']",
  })
  t.teardown(() => rig.close())
  return { rig, received }
}

function signedHeadersOf(headers: IncomingHttpHeaders): readonly string[] {
  return /SignedHeaders=([^,]*)/.exec(headers.authorization ?? '')?.[1]?.split(';') ?? []
}

t.test('an upload under an event hold is encrypted, and held', async (t) => {
  const { rig, received } = await startBoth(t)
  const copy = { 'x-amz-copy-source': 'bucket/source' }
  for (const [method, path, headers, body] of [
    ['PUT', '/bucket/k', EVENT_HOLD, 'x'],
    ['PUT', '/bucket/k', { 'x-amz-object-lock-event-hold-duration-years': '7' }, 'x'],
    ['PUT', '/bucket/k', { ...EVENT_HOLD, ...copy }, undefined],
    ['POST', '/bucket/k?uploads', EVENT_HOLD, undefined],
  ] as const) {
    const answer = await send(rig.port, {
      ...{ method, path, headers },
      ...(body === undefined ? {} : { body }),
    })
    t.equal(answer.status, 200, answer.text)
    const sent = received.at(-1)?.headers ?? {}
    t.match(sent, { ...headers, [SSE]: 'aws:kms', [`${SSE}-aws-kms-key-id`]: KEY })
    for (const name of Object.keys(headers)) t.ok(signedHeadersOf(sent).includes(name), name)
  }
})

t.test('a presigned upload may have it in its query, a form in its fields', async (t) => {
  const { rig, received } = await startBoth(t)
  const host = `127.0.0.1:${rig.port}`
  const path = `/bucket/k?X-Amz-Expires=600&X-Amz-Object-Lock-Event-Hold=ON`
  const { path: target = '' } = aws4.sign(
    { service: 's3', region: REGION, method: 'PUT', host, path, signQuery: true, headers: {} },
    CLIENT,
  )
  const put = await sendRaw(rig.port, 'PUT', target, { host }, Buffer.from('x'))
  t.equal(put.status, 200, put.text)
  t.match(received.at(-1), {
    target: '/bucket/k',
    headers: { 'x-amz-object-lock-event-hold': 'ON' },
  })

  const posted = await postForm(rig.port, {
    fields: [['key', 'k'], ...Object.entries(EVENT_HOLD)],
  })
  t.equal(posted.status, 204, posted.body.toString())
  for (const [name, value] of Object.entries(EVENT_HOLD)) {
    t.match(received.at(-1)?.body, `name="${name}"\r\n\r\n${value}\r\n`)
  }
})

t.test('it must be signed, and it selects no operation', async (t) => {
  const { rig, received } = await startBoth(t)
  const upload = { method: 'PUT', path: '/bucket/k', body: 'x' } as const
  const unsigned = await send(rig.port, { ...upload, unsigned: EVENT_HOLD })
  t.equal(unsigned.headers['x-sealgate-reason'], 'headers-not-signed')
  for (const path of ['/bucket/k?event-hold', '/bucket/k?eventHold', '/bucket?event-hold']) {
    const answer = await send(rig.port, { ...upload, path })
    t.equal(answer.headers['x-sealgate-reason'], 'unknown-parameter', path)
  }
  t.equal(received.length, 0)
})

t.test('documents with an event hold go on as they are, and S3 tells of one', async (t) => {
  const { rig, received } = await startBoth(t)
  const retention = '<Retention><EventHold>OFF</EventHold></Retention>'
  const configuration =
    '<ObjectLockConfiguration><Rule><DefaultRetention><DefaultEventHold><Days>30</Days>' +
    '</DefaultEventHold></DefaultRetention></Rule></ObjectLockConfiguration>'
  for (const [path, body] of [
    ['/bucket/k?retention', retention],
    ['/bucket?object-lock', configuration],
  ] as const) {
    const put = await send(rig.port, { method: 'PUT', path, body })
    t.equal(put.status, 200, put.text)
    t.equal(received.at(-1)?.body, body)
  }
  t.match((await send(rig.port, { method: 'HEAD', path: '/bucket/k' })).headers, EVENT_HOLD)
})

t.test("a bucket of the account's own namespace is made among the client's buckets", async (t) => {
  const { rig, received } = await startBoth(t)
  const headers = { 'x-amz-bucket-namespace': 'account-regional' }
  const path = `/app-111122223333-${REGION}-an`
  const created = await send(rig.port, { method: 'PUT', path, headers })
  t.equal(created.status, 200, created.text)
  t.match(received, [{ method: 'PUT', target: path, headers }])
  t.ok(signedHeadersOf(received[0]?.headers ?? {}).includes('x-amz-bucket-namespace'))
  const foreign = await send(rig.port, { method: 'PUT', path: path.replace('app', 'web'), headers })
  t.equal(foreign.headers['x-sealgate-reason'], 'bucket-not-allowed')
  const unsigned = await send(rig.port, { method: 'PUT', path, unsigned: headers })
  t.equal(unsigned.headers['x-sealgate-reason'], 'headers-not-signed')
  t.equal(received.length, 1)
})

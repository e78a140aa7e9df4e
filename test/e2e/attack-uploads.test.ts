import { connect } from 'node:net'
import t from 'tap'
import { becomes, exchangeOctets } from '../support/raw-socket.ts'
import { startRig } from '../support/rig.ts'
import { send, sendRaw } from '../support/signed-request.ts'

/*
 * Uploads that break off or lie about their body: nothing of them is stored, nobody is told that
 * they succeeded, and the connection to S3 that they used serves no other request with their rest.
 */

const ANONYMOUS = `
  - name: sidecar
    anonymous: true
    buckets: ['bucket']`
/** One connection to S3, so that whatever an upload leaves on it meets the next request. */
const ONE = '  connections: 1'

const SMUGGLED = 'DELETE /bucket/kept HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'

t.test('what an upload leaves unsent or sends too much is no other request', async (t) => {
  const rig = await startRig({
    clients: ANONYMOUS,
    upstream: ONE,
    more: 'limits: { bodyIdle: 1s }',
  })
  t.teardown(() => rig.close())
  await send(rig.port, { method: 'PUT', path: '/bucket/kept', body: 'kept' })
  const filling = SMUGGLED.repeat(Math.ceil(100_000 / SMUGGLED.length))
  const head = 'PUT /bucket/broken HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n'
  const streaming = 'x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n'
  const length = filling.length
  const chunk = `${length.toString(16)}\r\n${filling}\r\n`
  const uploads: readonly (readonly [string, string])[] = [
    ['breaks off', `${head}Content-Length: ${length * 2}\r\n\r\n${filling}`],
    [
      'a chunk too few',
      `${head}${streaming}x-amz-decoded-content-length: ${length * 2}\r\nTransfer-Encoding: chunked\r\n\r\n` +
        `${chunk.length.toString(16)}\r\n${chunk}\r\n3\r\n0\r\n\r\n0\r\n\r\n`,
    ],
    [
      'more than it says',
      `${head}${streaming}x-amz-decoded-content-length: ${length - 1}\r\nContent-Length: ${chunk.length + 5}\r\n\r\n${chunk}0\r\n\r\n`,
    ],
    [
      'a trailer that is none',
      `${head}${streaming}x-amz-decoded-content-length: ${length}\r\nx-amz-trailer: x-amz-checksum-crc32\r\n` +
        `Content-Length: ${chunk.length + 11}\r\n\r\n${chunk}0\r\nx: y\r\n\r\n`,
    ],
    [
      'a checksum of another body',
      `${head}${streaming}x-amz-decoded-content-length: ${length}\r\nx-amz-trailer: x-amz-checksum-crc32\r\n` +
        `Content-Length: ${chunk.length + 38}\r\n\r\n${chunk}0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n`,
    ],
  ]
  for (const [name, octets] of uploads) {
    const answer = await exchangeOctets(rig.port, octets, (text) => text.includes('</Error>'))
    t.match(answer, /^HTTP\/1.1 4\d\d /, name)
    t.ok(await becomes(() => rig.metrics.inflight === 0), `${name}: has ended`)
    const next = await sendRaw(rig.port, 'GET', '/bucket/kept', { host: '127.0.0.1' })
    t.equal(next.text, 'kept', `${name}: the next request`)
  }
  t.strictSame(rig.sandbox.list('bucket'), ['kept'])
  t.notOk(rig.received.some(({ method }) => method === 'DELETE'))
})

t.test('a client that resets in the middle of its upload stores nothing', async (t) => {
  const rig = await startRig({ clients: ANONYMOUS, upstream: ONE })
  t.teardown(() => rig.close())
  for (let i = 0; i < 10; i++) {
    const socket = connect(rig.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write('PUT /bucket/broken HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 200000\r\n\r\n')
    socket.write('x'.repeat(i * 15_000))
    t.ok(await becomes(() => rig.metrics.inflight === 1))
    socket.resetAndDestroy()
    t.ok(await becomes(() => rig.metrics.inflight === 0))
    const put = await sendRaw(
      rig.port,
      'PUT',
      `/bucket/${i}`,
      { host: '127.0.0.1', 'content-length': '1' },
      Buffer.from(String(i)),
    )
    t.equal(put.status, 200, put.text)
  }
  t.strictSame(rig.sandbox.list('bucket'), [...'0123456789'])
})

t.test('the body of a request that is refused is no request', async (t) => {
  const rig = await startRig({ clients: ANONYMOUS })
  t.teardown(() => rig.close())
  const keep = `Host: 127.0.0.1\r\nContent-Length: ${SMUGGLED.length}\r\n`
  const last = 'GET /bucket/none HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'
  for (const refused of [
    `GET /bucket/k HTTP/1.1\r\n${keep}`,
    `PUT /other/k HTTP/1.1\r\n${keep}`,
    `POST /bucket/k?restore HTTP/1.1\r\n${keep}`,
    `PUT /bucket/k HTTP/1.1\r\n${keep}x-amz-write-offset-bytes: 0\r\n`,
    `PUT /bucket/k HTTP/1.1\r\n${keep}Expect: 100-continue\r\nx-amz-write-offset-bytes: 0\r\n`,
  ]) {
    const answer = await exchangeOctets(rig.port, `${refused}\r\n${SMUGGLED}${last}`)
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)
    const expected = refused.includes('Expect') ? ['403'] : [/^40[03]$/, '404']
    t.match(statuses, expected, refused.slice(0, 30))
    t.equal(statuses.length, expected.length)
  }
  t.notOk(rig.received.some(({ method }) => method === 'DELETE'))
})

t.test('no spelling of a host, path or source leads past the list of buckets', async (t) => {
  const rig = await startRig({ clients: ANONYMOUS, buckets: "['bucket']" })
  t.teardown(() => rig.close())
  const attempts: readonly (readonly [string, string, string, string?])[] = [
    ['PUT', '/other/k', '127.0.0.1'],
    ['PUT', '/k', 'other.localhost'],
    ['PUT', '/bucket/k', 'other.127.0.0.1'],
    ['PUT', '/k', 'OTHER.LOCALHOST:80'],
    ['PUT', '/k', 'bucket.other.localhost'],
    ['PUT', '//other/k', '127.0.0.1'],
    ['PUT', '/%6fther/k', '127.0.0.1'],
    ['PUT', '/./other/k', '127.0.0.1'],
    ['PUT', '/bucket/k', '127.0.0.1', 'other/k'],
    ['PUT', '/bucket/k', '127.0.0.1', '/other%2Fk'],
    ['PUT', '/bucket/k', '127.0.0.1', '%2Fother/k'],
    ['PUT', '/bucket/k', '127.0.0.1', 'oth%65r/k?versionId=1'],
    ['PUT', '/bucket/k?partNumber=1&uploadId=u', '127.0.0.1', 'other/k'],
    ['PUT', '/bucket/k', '127.0.0.1', 'arn:aws:s3:::other/k'],
    ['PUT', '/bucket/k', '127.0.0.1', '//other/k'],
  ]
  for (const [method, path, host, source] of attempts) {
    const headers = { host, ...(source === undefined ? {} : { 'x-amz-copy-source': source }) }
    const answer = await sendRaw(rig.port, method, path, { ...headers, 'content-length': '0' })
    t.match(answer.status, /^40[03]$/, `${path} ${host} ${source ?? ''}`)
  }
  t.equal(rig.received.length, 0)
  for (const path of ['/', '/?prefix=other']) {
    const { text } = await sendRaw(rig.port, 'GET', path, { host: '127.0.0.1' })
    t.notMatch(text, '<Name>other</Name>', 'ListBuckets names what the client may use')
  }
})

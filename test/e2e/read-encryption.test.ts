import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { REGION, startRig } from '../support/rig.ts'
import { send } from '../support/signed-request.ts'

const KEY = `arn:aws:kms:${REGION}:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab`
const REPLICA = KEY.replace(REGION, 'eu-west-1')
const SSE = 'x-amz-server-side-encryption'

/** An S3 that says of every object what the key's name asks for: `algorithm` or `algorithm key`. */
async function startS3(t: Test): Promise<number> {
  const server = createServer((request, response) => {
    const [, , name = ''] = decodeURIComponent(request.url ?? '').split('/')
    const [algorithm = '', keyId] = name.split(' ')
    response.setHeader('etag', '"e"')
    if (algorithm !== 'none') response.setHeader(SSE, algorithm)
    if (keyId !== undefined) {
      response.setHeader(`${SSE}-aws-kms-key-id`, keyId === 'replica' ? REPLICA : KEY)
    }
    request.resume().on('end', () => response.end('x'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  return (server.address() as AddressInfo).port
}

const ROWS: readonly (readonly [object: string, read: string, isReplica?: boolean])[] = [
  ['aws:kms key', 'policy'],
  ['aws:kms replica', 'policy', true],
  ['aws:kms', 'other'],
  ['AES256', 'other'],
  ['aws:fsx', 'other'],
  ['aws:backup', 'other'],
  ['none', 'none'],
]

for (const replicas of ['accept', 'reject'] as const) {
  t.test(`reads are judged by what S3 says; replicas: ${replicas}`, async (t) => {
    const rule = `{ name: all, encrypt: { keyId: '${KEY}', replicas: ${replicas} } }`
    const rig = await startRig({
      policy: `
  rules: [${rule}]
  reads: { unencrypted: deny }`,
      upstreamPort: await startS3(t),
    })
    t.teardown(() => rig.close())
    for (const [object, expected, isReplica = false] of ROWS) {
      const read = isReplica && replicas === 'reject' ? 'other' : expected
      for (const method of ['GET', 'HEAD']) {
        const path = `/bucket/${encodeURIComponent(object)}`
        const answer = await send(rig.port, { method, path })
        t.equal(answer.status, read === 'policy' ? 200 : 403, `${method} ${object}`)
        if (read !== 'policy') {
          t.equal(answer.headers['x-sealgate-reason'], 'read-not-under-policy')
        }
      }
    }
    const counts = await rig.metrics.registry.getSingleMetricAsString('sealgate_reads_total')
    t.match(counts, `encryption="policy"} ${replicas === 'accept' ? 4 : 2}`)
    t.match(counts, `encryption="other-key"} ${replicas === 'accept' ? 6 : 8}`)
    t.match(counts, 'encryption="sse-s3"} 2')
    t.match(counts, 'encryption="none"} 2')
  })
}

t.test(
  'an upload that S3 confirms under a replica is confirmed where replicas count',
  async (t) => {
    for (const [replicas, reason] of [
      ['accept', undefined],
      ['reject', 'encryption-not-confirmed'],
    ] as const) {
      const rule = `{ name: all, encrypt: { keyId: '${KEY}', replicas: ${replicas} } }`
      const rig = await startRig({
        policy: `
  rules: [${rule}]`,
        upstreamPort: await startS3(t),
      })
      t.teardown(() => rig.close())
      const put = await send(rig.port, {
        ...{ method: 'PUT', path: '/bucket/aws%3Akms%20replica', body: 'x' },
      })
      t.equal(put.headers['x-sealgate-reason'], reason, put.text)
      if (reason === undefined) t.equal(put.status, 200)
      t.match((await rig.audit())[0], {
        confirmedEncryption: { algorithm: 'aws:kms', keyId: REPLICA },
      })
    }
  },
)

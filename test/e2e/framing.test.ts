import t, { type Test } from 'tap'
import { CLIENT, REGION, type Rig, startRig } from '../support/rig.ts'
import { S3Client } from '../support/s3-client.ts'
import { send } from '../support/signed-request.ts'
import type { Field } from '../support/signer.ts'
import type { Answer } from '../support/wire.ts'

/* What a head says of its body's framing, and what comes. */

async function rigOf(t: Test): Promise<{ readonly rig: Rig; readonly client: S3Client }> {
  const rig = await startRig()
  const client = new S3Client({ host: '127.0.0.1', port: rig.port }, CLIENT, REGION)
  t.teardown(async () => {
    client.close()
    await rig.close()
  })
  return { rig, client }
}

const outcome = ({ status, headers }: Answer): string =>
  `${status} ${headers.get('x-sealgate-reason') ?? ''}`.trim()

const FRAMED = '7\r\ncontent\r\n0\r\n\r\n'
const CODING: Field = ['content-encoding', 'aws-chunked']
const DECODED: Field = ['x-amz-decoded-content-length', '7']
const TRAILER: Field = ['x-amz-trailer', 'x-amz-checksum-crc32']

t.test('aws-chunked framing that no payload mode names is refused, never stored', async (t) => {
  const { rig, client } = await rigOf(t)
  const target = '/bucket/k'
  const rows: readonly (readonly [readonly Field[], string])[] = [
    [[CODING], '400 streaming-headers-contradict'],
    [[CODING, DECODED], '400 streaming-headers-contradict'],
    [[DECODED], '400 streaming-headers-contradict'],
    [[TRAILER], '400 streaming-headers-contradict'],
    [[['content-encoding', 'gzip, AWS-chunked']], '400 streaming-headers-contradict'],
  ]
  for (const [fields, expected] of rows) {
    const put = { method: 'PUT', target, fields, body: FRAMED } as const
    t.equal(outcome(await client.send({ ...put, payload: 'unsigned' })), expected, String(fields))
    const url = client.presign({ method: 'PUT', target, fields })
    t.equal(outcome(await client.sendBare('PUT', url, fields, FRAMED)), expected, String(fields))
    if (fields.length === 1 && fields[0]?.[0] === 'content-encoding') continue
    t.equal(outcome(await client.send(put)), expected, 'under a hash')
  }
  t.strictSame(rig.sandbox.list('bucket'), [])
  const answer = await client.send({
    method: 'PUT',
    target,
    fields: [CODING],
    body: FRAMED,
    payload: 'unsigned',
  })
  t.match(
    String(answer.body),
    'aws-chunked encoding is not supported when x-amz-content-sha256 UNSIGNED-PAYLOAD is supplied',
  )
  t.equal(rig.received.length, 0)

  const direct = await send(rig.sandbox.port, {
    method: 'PUT',
    path: '/bucket/k',
    body: FRAMED,
    headers: { 'content-encoding': 'aws-chunked', 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' },
    credentials: { accessKeyId: 'SGUPSTREAM00000001', secretAccessKey: 'upstream-secret-upstream' },
  })
  t.equal(direct.status, 400, 'the embedded S3 says the same')
})

t.test('a decoded length of the whole body contradicts nothing', async (t) => {
  const { rig, client } = await rigOf(t)
  const fields: readonly Field[] = [['x-amz-decoded-content-length', '7']]
  const put = { method: 'PUT', target: '/bucket/k', fields, body: 'content' } as const
  t.equal(outcome(await client.send(put)), '200')
  t.equal(outcome(await client.send({ ...put, payload: 'unsigned' })), '200')
  t.match(rig.sandbox.inspect('bucket', 'k'), { size: 7 })
})

t.test('an empty body in the chunked coding passes (GET, DELETE, POST ?uploads)', async (t) => {
  const { rig, client } = await rigOf(t)
  await client.send({ method: 'PUT', target: '/bucket/k', body: 'content' })
  const coded: Field = ['transfer-encoding', 'chunked']
  const rows = [
    ['GET', '/bucket/k', [200]],
    ['HEAD', '/bucket/k', [200]],
    ['GET', '/bucket?list-type=2', [200]],
    ['POST', '/bucket/m?uploads', [200]],
    ['DELETE', '/bucket/k', [204]],
  ] as const
  for (const [method, target, statuses] of rows) {
    for (const expect of [[], [['expect', '100-continue'] as const]]) {
      const wire = client.prepare({ method, target })
      const fields = wire.fields.filter(([name]) => name !== 'content-length')
      const answer = await client.sendWire({ ...wire, fields: [...fields, coded, ...expect] })
      t.ok(
        statuses.some((status) => status === answer.status),
        `${method} ${answer.body}`,
      )
      t.notMatch(String(rig.received.at(-1)?.rawHeaders), /transfer-encoding/i)
    }
  }
  rig.received.length = 0
  for (const [method, target] of rows) {
    const wire = client.prepare({ method, target })
    const fields = wire.fields.filter(([name]) => name !== 'content-length')
    const answer = await client.sendWire({
      ...wire,
      fields: [...fields, coded],
      body: Buffer.from('x'),
    })
    t.equal(outcome(answer), '400 unexpected-body', `${method} with a body after all`)
  }
  t.equal(rig.received.length, 0)
})

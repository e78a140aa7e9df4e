import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type ChecksumAlgorithm,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  type S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import t, { type Test } from 'tap'
import { buildChunked, bytesOf, headOf } from '../support/chunked-request.ts'
import { RawConnection } from '../support/raw-http.ts'
import { CLIENT, REGION, type Rig, type RigOptions, startRig } from '../support/rig.ts'
import { send } from '../support/signed-request.ts'
import { amzDate } from '../support/signer.ts'

const MIB = 1024 * 1024
const TO = { Bucket: 'bucket', Key: 'k' }

/** A proxy that ends trailers, in front of an S3 server that does not know them. */
async function rigOf(t: Test, more: RigOptions = {}): Promise<{ rig: Rig; s3: S3Client }> {
  const rig = await startRig({
    upstream: '  trailers: terminate',
    sandbox: { quirks: { noTrailers: true } },
    ...more,
  })
  const { url: endpoint } = rig
  const s3 = new S3Client({ endpoint, region: REGION, credentials: CLIENT, forcePathStyle: true })
  t.teardown(async () => {
    s3.destroy()
    await rig.close()
  })
  return { rig, s3 }
}

/** A stream, so that the SDK sends its checksum in a trailer. */
function streamOf(body: Buffer) {
  return { Body: Readable.from([body]), ContentLength: body.length }
}

async function uploadParts(
  s3: S3Client,
  algorithm: ChecksumAlgorithm | undefined,
  bodies: readonly Buffer[],
) {
  const declared = algorithm === undefined ? {} : { ChecksumAlgorithm: algorithm }
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...TO, ...declared }))
  const Parts: CompletedPart[] = await Promise.all(
    bodies.map(async (body, i) => {
      const PartNumber = i + 1
      const part = { ...TO, UploadId, PartNumber, ...declared, ...streamOf(body) }
      const { ETag, $metadata: _, ...rest } = await s3.send(new UploadPartCommand(part))
      const sums = Object.entries(rest).filter(([name]) => name.startsWith('Checksum'))
      return { PartNumber, ETag, ...Object.fromEntries(sums) }
    }),
  )
  const completion = { ...TO, UploadId, MultipartUpload: { Parts } }
  return s3.send(new CompleteMultipartUploadCommand(completion))
}

for (const algorithm of [undefined, 'CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const) {
  t.test(`an upload in parts that are streams keeps its checksum: ${algorithm}`, async (t) => {
    const { rig, s3 } = await rigOf(t)
    const bodies = [5 * MIB, 5 * MIB, 70_000].map((bytes) => randomBytes(bytes))
    await uploadParts(s3, algorithm, bodies)
    const head = await s3.send(new HeadObjectCommand({ ...TO, ChecksumMode: 'ENABLED' }))
    t.equal(head.ContentLength, 10 * MIB + 70_000)
    t.match(rig.sandbox.inspect('bucket', 'k'), { encryption: 'aws:kms' })
    // Without a declaration the SDK sends CRC32 with each part, and S3 keeps none of the object.
    const sum = algorithm && Reflect.get(head, `Checksum${algorithm}`)
    if (algorithm) t.match(sum, algorithm === 'CRC64NVME' ? /^[^-]+$/ : /-3$/, 'S3 has it')
    const names = rig.received.flatMap(({ rawHeaders }) =>
      rawHeaders.map((one) => one.toLowerCase()),
    )
    t.notOk(names.includes('x-amz-trailer'))
  })
}

t.test(
  'above the limit an object goes on without its checksum, and a declared part is refused',
  async (t) => {
    const { rig, s3 } = await rigOf(t)
    const large = randomBytes(16 * MIB + 1)
    await s3.send(new PutObjectCommand({ ...TO, ...streamOf(large) }))
    t.equal(rig.sandbox.inspect('bucket', 'k')?.size, large.length)
    const refused: S3ServiceException = await uploadParts(s3, 'CRC32', [large]).then(
      () => t.fail('a part without its checksum was taken'),
      (error) => error,
    )
    t.equal(refused.$metadata.httpStatusCode, 400)
    t.match(refused.message, /expected checksum Type: crc32, actual checksum Type: null/i)
    const plain = new S3Client({
      endpoint: rig.url,
      region: REGION,
      credentials: CLIENT,
      forcePathStyle: true,
      requestChecksumCalculation: 'WHEN_REQUIRED',
    })
    t.teardown(() => plain.destroy())
    await uploadParts(plain, undefined, [large])
    t.match(rig.sandbox.inspect('bucket', 'k')?.etag, /-1"?$/, 'the remedy')
  },
)

t.test('a wrong trailing checksum ends here: S3 is not asked', async (t) => {
  const { rig } = await rigOf(t)
  const data = Buffer.alloc(100_000, 'x')
  const body = Buffer.concat([
    Buffer.from(`${data.length.toString(16)}\r\n`),
    data,
    Buffer.from('\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n'),
  ])
  const headers = {
    'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length': String(data.length),
    'x-amz-trailer': 'x-amz-checksum-crc32',
  }
  const answer = await send(rig.port, { method: 'PUT', path: '/bucket/k', headers, body })
  t.match(answer, { status: 400, text: /<Code>BadDigest</ })
  t.equal(rig.received.length, 0)
})

t.test('many parts at once wait for room, and all arrive', async (t) => {
  const { rig, s3 } = await rigOf(t)
  // 10 of 8 MiB are more than one client may have in memory.
  const bodies = Array.from({ length: 10 }, () => randomBytes(8 * MIB))
  await uploadParts(s3, 'CRC32', bodies)
  t.equal(rig.sandbox.inspect('bucket', 'k')?.size, 80 * MIB)
})

t.test('a guard that wants S3 to have the checksum refuses what S3 would not get', async (t) => {
  const policy = (mode: string) => `
  mode: ${mode}
  rules:
    - name: guarded
      match: { buckets: [bucket] }
      exempt: only the guard counts here
      guards: { checksum: [CRC32] }`
  const { rig, s3 } = await rigOf(t, { policy: policy('enforce') })
  await s3.send(new PutObjectCommand({ ...TO, ...streamOf(randomBytes(100_000)) }))
  const head = await s3.send(new HeadObjectCommand({ ...TO, ChecksumMode: 'ENABLED' }))
  t.ok(head.ChecksumCRC32)
  const large = randomBytes(16 * MIB + 1)
  const put = (client: S3Client) => client.send(new PutObjectCommand({ ...TO, ...streamOf(large) }))
  await t.rejects(put(s3), /requires a checksum that S3 gets/)
  t.match((await rig.audit()).at(-1), { reason: 'checksum-missing', guards: ['checksum'] })
  await s3.send(new PutObjectCommand({ ...TO, Body: large }))
  t.equal(rig.sandbox.inspect('bucket', 'k')?.size, large.length, 'in a header')
  const observing = await rigOf(t, { policy: policy('observe') })
  await put(observing.s3)
  const line = (await observing.rig.audit()).at(-1)
  t.match(line, { status: 200, decision: 'observe', reason: 'checksum-missing' })
})

t.test('a held body is signed when it is sent, however long it took to come', async (t) => {
  const { rig } = await rigOf(t)
  const request = buildChunked({
    mode: 'unsigned-trailer',
    target: '/bucket/k',
    chunks: [randomBytes(70_000)],
    port: rig.port,
  })
  const body = bytesOf(request.parts)
  const length = ['content-length', String(body.length)] as const
  const connection = new RawConnection(rig.port)
    .write(headOf('PUT', request.target, [...request.fields, length]))
    .write(body.subarray(0, 1_000))
  await sleep(2_000)
  const lastPieceAt = amzDate(Date.now())
  connection.write(body.subarray(1_000))
  t.match((await connection.answer()).status, 200)
  connection.destroy()
  const { rawHeaders = [] } = rig.received.at(-1) ?? {}
  const signedAt = rawHeaders[rawHeaders.findIndex((one) => one.toLowerCase() === 'x-amz-date') + 1]
  t.ok((signedAt ?? '') >= lastPieceAt, `${signedAt}, last piece ${lastPieceAt}`)
})

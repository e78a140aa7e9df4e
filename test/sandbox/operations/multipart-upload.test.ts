import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type ChecksumAlgorithm, startChecksum } from '../../../src/sandbox/checksum.ts'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'
import { element, send } from '../send.ts'
import { BUCKET, KEY, startTestSandbox } from '../start-test-sandbox.ts'

const target = `/${BUCKET}/large`
const SSE = 'x-amz-server-side-encryption'
const KMS = {
  [SSE]: 'aws:kms',
  [`${SSE}-aws-kms-key-id`]: KEY,
  [`${SSE}-bucket-key-enabled`]: 'true',
}
const MIB5 = Buffer.alloc(5 * 1024 ** 2, 'p')

async function create(sandbox: Sandbox, headers: Record<string, string> = {}): Promise<string> {
  const answer = await send(sandbox, { method: 'POST', target: `${target}?uploads`, headers })
  return element(answer.body, 'UploadId') ?? ''
}

async function upload(
  sandbox: Sandbox,
  id: string,
  number: number,
  body: Buffer | string,
  headers = {},
) {
  const at = `${target}?partNumber=${number}&uploadId=${id}`
  return send(sandbox, { method: 'PUT', target: at, body, payload: 'UNSIGNED-PAYLOAD', headers })
}

function complete(sandbox: Sandbox, id: string, parts: string, headers = {}) {
  const body = `<CompleteMultipartUpload>${parts}</CompleteMultipartUpload>`
  return send(sandbox, { method: 'POST', target: `${target}?uploadId=${id}`, body, headers })
}

const part = (number: number, etag: unknown) =>
  `<Part><PartNumber>${number}</PartNumber><ETag>${String(etag).replaceAll('"', '&quot;')}</ETag></Part>`

t.test('the encryption is sealed at the start and told at every step', async (t) => {
  const { sandbox, dataDir } = await startTestSandbox(t)
  const context = Buffer.from('{}').toString('base64')
  const created = await send(sandbox, {
    method: 'POST',
    target: `${target}?uploads`,
    headers: { ...KMS, [`${SSE}-context`]: context, 'content-type': 'a/b' },
  })
  t.match(created.headers, { ...KMS, [`${SSE}-context`]: context })
  const id = element(created.body, 'UploadId') ?? ''
  const one = await upload(sandbox, id, 1, MIB5)
  const two = await upload(sandbox, id, 2, 'end')
  t.match(one.headers, KMS)
  t.equal(one.headers[`${SSE}-context`], undefined)
  t.strictSame(sandbox.list(BUCKET), [])
  const done = await complete(sandbox, id, part(1, one.headers.etag) + part(2, two.headers.etag))
  t.match(done, { status: 200, headers: KMS })
  t.match(element(done.body, 'ETag'), /^&quot;[0-9a-f]{32}-2&quot;$/)
  t.match(sandbox.inspect(BUCKET, 'large'), {
    size: MIB5.length + 3,
    encryption: 'aws:kms',
    keyId: KEY,
    headers: { 'content-type': 'a/b' },
  })
  const get = await send(sandbox, { target })
  t.ok(get.octets.equals(Buffer.concat([MIB5, Buffer.from('end')])))
  const range = await send(sandbox, { target, headers: { range: `bytes=${MIB5.length - 1}-` } })
  t.equal(range.body, 'pend', 'a range over two parts')
  const second = await send(sandbox, { target: `${target}?partNumber=2` })
  t.match(second, { status: 206, body: 'end', headers: { 'x-amz-mp-parts-count': '2' } })
  t.equal((await send(sandbox, { target: `${target}?partNumber=3` })).status, 416)
  const again = await complete(sandbox, id, part(1, one.headers.etag))
  t.match(again, { status: 404, code: 'NoSuchUpload' })
  await send(sandbox, { method: 'DELETE', target })
  t.strictSame(readdirSync(join(dataDir, 'buckets', BUCKET, 'data')), [])
})

t.test('an upload with missing, small or wrong parts cannot be completed', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const id = await create(sandbox)
  const one = (await upload(sandbox, id, 1, 'small')).headers.etag
  const two = (await upload(sandbox, id, 2, 'small')).headers.etag
  const cases: readonly (readonly [string, string])[] = [
    ['', 'MalformedXML'],
    ['<Part/>', 'MalformedXML'],
    [part(2, two) + part(1, one), 'InvalidPartOrder'],
    [part(1, one) + part(1, one), 'InvalidPartOrder'],
    [part(3, one), 'InvalidPart'],
    [part(1, '"00"'), 'InvalidPart'],
    [part(1, one) + part(2, two), 'EntityTooSmall'],
  ]
  for (const [parts, code] of cases) {
    t.match(
      await complete(sandbox, id, parts),
      { status: 400, code },
      `${code} ${parts.slice(0, 40)}`,
    )
  }
  t.equal((await complete(sandbox, 'none', part(1, one))).code, 'NoSuchUpload')
  const condition = { 'if-match': '"x"' }
  t.equal((await complete(sandbox, id, part(1, one), condition)).code, 'NoSuchKey')
  t.equal((await complete(sandbox, id, part(1, one))).status, 200, 'a part may be left out')
  t.equal(sandbox.inspect(BUCKET, 'large')?.size, 5)
})

t.test('an aborted upload leaves nothing', async (t) => {
  const { sandbox, dataDir } = await startTestSandbox(t)
  const id = await create(sandbox)
  await upload(sandbox, id, 1, 'x')
  const at = `${target}?uploadId=${id}`
  t.equal((await send(sandbox, { method: 'DELETE', target: at })).status, 204)
  t.equal((await send(sandbox, { method: 'DELETE', target: at })).code, 'NoSuchUpload')
  t.equal((await upload(sandbox, id, 1, 'x')).code, 'NoSuchUpload')
  t.strictSame(readdirSync(join(dataDir, 'buckets', BUCKET, 'data')), [])
})

t.test('checksums of parts make that of the object', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const sum = (algorithm: ChecksumAlgorithm, ...data: readonly Buffer[]) => {
    const running = startChecksum(algorithm)
    for (const piece of data) running.update(piece)
    return running.digest()
  }
  const end = Buffer.from('end')
  for (const [algorithm, type] of [
    ['CRC32', 'COMPOSITE'],
    ['SHA256', 'COMPOSITE'],
    ['CRC32', 'FULL_OBJECT'],
    ['CRC32C', 'FULL_OBJECT'],
    ['CRC64NVME', 'FULL_OBJECT'],
  ] as const) {
    const name = `x-amz-checksum-${algorithm.toLowerCase()}`
    const id = await create(sandbox, {
      'x-amz-checksum-algorithm': algorithm,
      'x-amz-checksum-type': type,
    })
    const sums = [sum(algorithm, MIB5), sum(algorithm, end)] as const
    const [first, second] = sums.map((value) => value.toString('base64'))
    const one = await upload(sandbox, id, 1, MIB5, { [name]: first ?? '' })
    const two = await upload(sandbox, id, 2, end, { [name]: second ?? '' })
    const isComposite = type === 'COMPOSITE'
    const whole = isComposite ? sum(algorithm, ...sums) : sum(algorithm, MIB5, end)
    const value = whole.toString('base64')
    const bare = part(1, one.headers.etag) + part(2, two.headers.etag)
    const listed = (a = first, b = second) =>
      [a, b]
        .map((text, i) => {
          const etag = (i === 0 ? one : two).headers.etag
          return part(i + 1, etag).replace(
            '</Part>',
            `<Checksum${algorithm}>${text}</Checksum${algorithm}></Part>`,
          )
        })
        .join('')
    t.match(await complete(sandbox, id, bare, { 'x-amz-mp-object-size': '1' }), {
      code: 'InvalidRequest',
      body: isComposite
        ? /checksum for each part. It was missing for part 1/
        : /was computed: 5242883/,
    })
    t.equal((await complete(sandbox, id, listed(second))).code, 'InvalidPart')
    t.equal((await complete(sandbox, id, listed(), { [name]: first ?? '' })).code, 'BadDigest')
    const done = await complete(sandbox, id, listed(), {
      [name]: isComposite ? `${value}-2` : value,
      'x-amz-checksum-type': type,
      'x-amz-mp-object-size': String(MIB5.length + 3),
    })
    const expected = isComposite ? `${value}-2` : value
    t.equal(element(done.body, `Checksum${algorithm}`), expected, `${algorithm} ${type}`)
    t.equal(element(done.body, 'ChecksumType'), type)
    const head = await send(sandbox, {
      method: 'HEAD',
      target,
      headers: { 'x-amz-checksum-mode': 'ENABLED' },
    })
    t.match(head.headers, { [name]: expected, 'x-amz-checksum-type': type })
  }
})

t.test(
  'an upload with an algorithm takes no part without; a copied part gets its own',
  async (t) => {
    const { sandbox } = await startTestSandbox(t)
    await send(sandbox, { method: 'PUT', target: `/${BUCKET}/source`, body: 'hello' })
    const id = await create(sandbox, { 'x-amz-checksum-algorithm': 'SHA256' })
    t.match(await upload(sandbox, id, 1, 'x'), { status: 400, body: /sha256, actual .*: null</ })
    const copied = await send(sandbox, {
      method: 'PUT',
      target: `${target}?partNumber=1&uploadId=${id}`,
      headers: { 'x-amz-copy-source': `/${BUCKET}/source`, 'x-amz-copy-source-range': 'bytes=1-2' },
    })
    const sha256 = createHash('sha256').update('el').digest('base64')
    t.equal(element(copied.body, 'ChecksumSHA256'), sha256)
    const listed = await send(sandbox, { target: `${target}?uploadId=${id}` })
    t.match(listed.body, /<ChecksumAlgorithm>SHA256<\/ChecksumAlgorithm><ChecksumType>COMPOSITE</)
  },
)

t.test('SSE-C goes with every part, and completion says nothing', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const raw = Buffer.alloc(32, 1)
  const customer = {
    [`${SSE}-customer-algorithm`]: 'AES256',
    [`${SSE}-customer-key`]: raw.toString('base64'),
    [`${SSE}-customer-key-md5`]: createHash('md5').update(raw).digest('base64'),
  }
  const id = await create(sandbox, customer)
  t.match(await upload(sandbox, id, 1, 'x'), {
    code: 'InvalidRequest',
    body: /initiate requested encryption/,
  })
  const one = await upload(sandbox, id, 1, 'x', customer)
  t.equal(one.headers[`${SSE}-customer-algorithm`], 'AES256')
  const done = await complete(sandbox, id, part(1, one.headers.etag), customer)
  t.equal(done.status, 200)
  t.notOk(Object.keys(done.headers).some((name) => name.startsWith(SSE)))
})

t.test('the quirks silentComplete and copyErrorIn200 change the answers', async (t) => {
  const { sandbox } = await startTestSandbox(t, { quirks: { silentComplete: true } })
  const id = await create(sandbox, KMS)
  const one = await upload(sandbox, id, 1, 'x')
  const done = await complete(sandbox, id, part(1, one.headers.etag))
  t.equal(done.headers[SSE], undefined)
  t.equal((await send(sandbox, { method: 'HEAD', target })).headers[SSE], 'aws:kms')
  const { sandbox: failing } = await startTestSandbox(t, { quirks: { copyErrorIn200: true } })
  const other = await create(failing, KMS)
  const etag = (await upload(failing, other, 1, 'x')).headers.etag
  t.match(await complete(failing, other, part(1, etag)), { status: 200, code: 'InternalError' })
  t.strictSame(failing.list(BUCKET), [])
})

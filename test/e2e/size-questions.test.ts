import { createHash } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { CLIENT, KEY, startRig } from '../support/rig.ts'
import { type RequestOptions, send } from '../support/signed-request.ts'

/*
 * `guards.maxBytes` asks S3 with Sealgate's own signature, before a copy or a completion is sent. It never asks for a
 * request that is refused: the answer would be an oracle, and S3 would have been asked for a stranger.
 */

const NARROW = { accessKeyId: 'SGNARROW0000000001', secretAccessKey: 'narrow-secret-narrow-secret' }
const POLICY = `
  rules:
    - name: guarded
      match: { buckets: [bucket, other] }
      encrypt: { keyId: '${KEY}' }
      conflict: reject
      guards: { maxBytes: 1000 }`
const CLIENTS = `
  - name: narrow
    accessKeyId: ${NARROW.accessKeyId}
    secretAccessKey: ${NARROW.secretAccessKey}
    buckets: [bucket]
    prefixes: ['in/*']
    allow: [write]`

const XML = '<CompleteMultipartUpload/>'

/** A request that S3 would be asked about, and ways to make it one that is refused. */
interface Asked {
  readonly path: string
  readonly options: Omit<RequestOptions, 'path'>
}

const COPY: Asked = {
  path: '/bucket/in/k',
  options: { method: 'PUT', headers: { 'x-amz-copy-source': '/bucket/in/source' } },
}
const COMPLETION: Asked = {
  path: '/bucket/in/k?uploadId=1',
  options: { method: 'POST', body: XML },
}

type Spoil = (asked: Asked) => Asked

function withHeader(name: string, value: string): Spoil {
  return ({ path, options }) => ({
    path,
    options: { ...options, headers: { ...options.headers, [name]: value } },
  })
}

function withOptions(more: Partial<RequestOptions>): Spoil {
  return ({ path, options }) => ({ path, options: { ...options, ...more } })
}

function at(place: (path: string) => string): Spoil {
  return ({ path, options }) => ({ path: place(path), options })
}

const wrong = { ...CLIENT, secretAccessKey: 'another-secret-another-secret' }
const unknown = { ...CLIENT, accessKeyId: 'SGUNKNOWN000000001' }
const HOUR_AGO = new Date(Date.now() - 3_600_000).toISOString().replace(/[-:]|\.\d{3}/g, '')

/** Each makes any of the two requests one that verification, a grant, the policy or the plan refuses. */
const SPOILS: Readonly<Record<string, Spoil>> = {
  'no signature': withOptions({ credentials: null }),
  'a wrong secret': withOptions({ credentials: wrong }),
  'an unknown key': withOptions({ credentials: unknown }),
  'an old date': withHeader('x-amz-date', HOUR_AGO),
  'another region': withOptions({ region: 'eu-west-9' }),
  'a field beside the signature': withOptions({ unsigned: { 'x-amz-meta-a': 'b' } }),
  'a bucket that is not granted': (asked) =>
    withOptions({ credentials: NARROW })(at((path) => path.replace('/bucket/', '/other/'))(asked)),
  'a key that is not granted': (asked) =>
    withOptions({ credentials: NARROW })(at((path) => path.replace('/in/', '/out/'))(asked)),
  'no rule': at((path) => path.replace('/bucket/', '/unruled/')),
  'an encryption that is refused': withHeader('x-amz-server-side-encryption', 'AES256'),
  'a key of the client': withHeader('x-amz-server-side-encryption-customer-algorithm', 'AES256'),
}

t.test('S3 is not asked for a request that is refused, whatever refuses it', async (t) => {
  const rig = await startRig({ policy: POLICY, clients: CLIENTS })
  t.teardown(() => rig.close())
  for (const { path, options } of [COPY, COMPLETION]) {
    const before = rig.received.length
    await send(rig.port, { path, ...options })
    t.ok(rig.received.length > before, 'else it is asked')
  }
  const own = withOptions({ credentials: NARROW })
  const source = (name: string): Asked =>
    own({ ...COPY, options: { ...COPY.options, headers: { 'x-amz-copy-source': name } } })
  const alone: readonly Asked[] = [
    // A class that is not granted: the copy reads its source.
    source('/bucket/in/source'),
    source('/other/in/source'),
    source('/bucket/out/source'),
    source('/bucket/in/../out/source'),
    withHeader('x-amz-mp-object-size', '1001')(COMPLETION),
  ]
  const before = rig.received.length
  for (const { path, options } of alone) {
    const answer = await send(rig.port, { path, ...options })
    t.ok(answer.headers['x-sealgate-reason'], `${path} ${JSON.stringify(options.headers)}`)
  }
  const names = fc.subarray(Object.keys(SPOILS), { minLength: 1, maxLength: 3 })
  const reasons = new Set<string>()
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(COPY, COMPLETION), names, async (asked, spoils) => {
      const spoilt = spoils.reduce((one, name) => SPOILS[name]?.(one) ?? one, asked)
      const answer = await send(rig.port, { path: spoilt.path, ...spoilt.options })
      const reason = answer.headers['x-sealgate-reason']
      reasons.add(String(reason))
      return answer.status >= 400 && reason !== undefined
    }),
    {
      numRuns: 150,
      examples: Object.keys(SPOILS).flatMap((name) => [
        [COPY, [name]],
        [COMPLETION, [name]],
      ]),
    },
  )
  t.ok(reasons.size >= 9, [...reasons].join(' '))
  t.equal(rig.received.length, before, 'S3 got nothing')
})

t.test(
  'a body that contradicts its signed hash is sent with that hash, and S3 refuses it',
  async (t) => {
    const rig = await startRig({ policy: POLICY })
    t.teardown(() => rig.close())
    const created = await send(rig.port, { method: 'POST', path: '/bucket/k?uploads' })
    const [, id = ''] = /<UploadId>([^<]+)</.exec(created.text) ?? []
    const path = `/bucket/k?uploadId=${encodeURIComponent(id)}`
    const hash = createHash('sha256').update('another body').digest('hex')
    const headers = { 'x-amz-content-sha256': hash }
    const answer = await send(rig.port, { method: 'POST', path, headers, body: XML })
    t.match(answer, { status: 400, text: /XAmzContentSHA256Mismatch/ })
  },
)

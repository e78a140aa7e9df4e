import { createHash } from 'node:crypto'
import t from 'tap'
import { postForm } from '../support/form-request.ts'
import { startRig } from '../support/rig.ts'
import { send } from '../support/signed-request.ts'

const KEYS = {
  accessKeyId: 'SGNARROW0000000001',
  secretAccessKey: 'narrow-secret-narrow-secret',
}
const CLIENTS = `
  - name: narrow
    accessKeyId: ${KEYS.accessKeyId}
    secretAccessKey: ${KEYS.secretAccessKey}
    buckets: ['bucket']
    prefixes: ['in/*']`

t.test('a client reaches only keys that begin with its prefixes', async (t) => {
  const rig = await startRig({ clients: CLIENTS })
  t.teardown(() => rig.close())
  const as = (method: string, path: string, body?: string, headers = {}) =>
    send(rig.port, {
      method,
      path,
      credentials: KEYS,
      headers,
      ...(body === undefined ? {} : { body }),
    })
  t.equal((await as('PUT', '/bucket/in/x', 'x')).status, 200)
  await send(rig.port, { method: 'PUT', path: '/bucket/out/x', body: 'x' })
  const sent = rig.received.length
  for (const [method, path, headers] of [
    ['PUT', '/bucket/out/y', {}],
    ['GET', '/bucket/out/x', {}],
    ['GET', '/bucket/in/../out/x', {}],
    ['DELETE', '/bucket/out/x', {}],
    ['GET', '/bucket?list-type=2&delimiter=%2F', {}],
    ['PUT', '/bucket/in/y', { 'x-amz-copy-source': '/bucket/out/x' }],
    ['PUT', '/bucket?policy', {}],
  ] as const) {
    const answer = await as(method, path, method === 'PUT' ? '' : undefined, headers)
    t.equal(answer.status, 403, `${method} ${path} ${answer.text}`)
  }
  t.equal(rig.received.length, sent, 'S3 is not asked')
  t.match((await rig.audit()).at(-1), { client: 'narrow', reason: 'access-not-allowed' })
  const listed = await as('GET', '/bucket?list-type=2&prefix=in%2F')
  t.match(listed.text, '<Key>in/x</Key>')
})

t.test('a list to delete is judged before any of its keys is deleted', async (t) => {
  const rig = await startRig({ clients: CLIENTS })
  t.teardown(() => rig.close())
  for (const key of ['in/x', 'in/y', 'out/x']) {
    await send(rig.port, { method: 'PUT', path: `/bucket/${key}`, body: 'x' })
  }
  const remove = (keys: readonly string[], fill = '') => {
    const objects = keys.map((key) => `<Object><Key>${key}</Key></Object>`).join('')
    const body = `<Delete>${fill}${objects}</Delete>`
    const md5 = createHash('md5').update(body).digest('base64')
    return send(rig.port, {
      method: 'POST',
      path: '/bucket?delete=',
      body,
      credentials: KEYS,
      headers: { 'content-md5': md5 },
    })
  }
  const mixed = await remove(['in/x', 'out/x'])
  t.equal(mixed.headers['x-sealgate-reason'], 'key-not-allowed')
  // Larger than what is collected for every client.
  const large = await remove(['in/x', 'out/x'], ' '.repeat(100_000))
  t.equal(large.headers['x-sealgate-reason'], 'key-not-allowed')
  t.ok(rig.sandbox.inspect('bucket', 'in/x'))
  t.equal((await remove(['in/x', 'in/y'], ' '.repeat(100_000))).status, 200)
  t.equal(rig.sandbox.inspect('bucket', 'in/x'), undefined)
  t.ok(rig.sandbox.inspect('bucket', 'out/x'))
})

t.test('the list of buckets has those of the client', async (t) => {
  const rig = await startRig({ clients: CLIENTS })
  t.teardown(() => rig.close())
  const names = (text: string) => [...text.matchAll(/<Name>([^<]*)</g)].map(([, name]) => name)
  const all = await send(rig.port, { path: '/' })
  t.strictSame(names(all.text), ['bucket', 'other'])
  const own = await send(rig.port, { path: '/', credentials: KEYS })
  t.equal(own.status, 200, own.text)
  t.strictSame(names(own.text), ['bucket'])
  t.match(own.text, /<\/ListAllMyBucketsResult>\s*$/)
})

t.test('a form’s key is judged with the name of its file in it', async (t) => {
  const rig = await startRig({ clients: CLIENTS })
  t.teardown(() => rig.close())
  const post = (key: string, filename: string) => {
    const fields = [['key', key]] as const
    const disposition = `form-data; name="file"; filename="${filename}"`
    const conditions = [['starts-with', '$key', '']]
    return postForm(rig.port, { fields, conditions, keys: KEYS, disposition })
  }
  // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's variable has this very form.
  const variable = '${filename}'
  t.equal((await post(`in/${variable}`, 'a')).status, 204)
  t.equal((await post(variable, 'out')).headers.get('x-sealgate-reason'), 'key-not-allowed')
  t.ok(rig.sandbox.inspect('bucket', 'in/a'))
})

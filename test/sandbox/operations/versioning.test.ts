import { createHash } from 'node:crypto'
import t from 'tap'
import type { Sandbox } from '../../../src/sandbox/sandbox.ts'
import { element, elements, send, type TestRequest } from '../send.ts'
import { BUCKET, startTestSandbox, type Teardown } from '../start-test-sandbox.ts'

const target = `/${BUCKET}/key`

async function setVersioning(sandbox: Sandbox, status: string): Promise<void> {
  const body = `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`
  const answer = await send(sandbox, { method: 'PUT', target: `/${BUCKET}?versioning`, body })
  if (answer.status !== 200) throw new Error(answer.body)
}

/** A sandbox whose bucket has versions, and a way to put into it. */
async function versioned(t: Teardown) {
  const { sandbox } = await startTestSandbox(t)
  await setVersioning(sandbox, 'Enabled')
  const ask = (method: string, at = target, more: Partial<TestRequest> = {}) =>
    send(sandbox, { method, target: at, ...more })
  const put = async (body: string, at = target) => {
    const answer = await ask('PUT', at, { body })
    return String(answer.headers['x-amz-version-id'])
  }
  return { sandbox, ask, put }
}

t.test('the versioning state of a bucket is set and read', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const at = `/${BUCKET}?versioning`
  const get = async () => element((await send(sandbox, { target: at })).body, 'Status')
  t.equal(await get(), undefined)
  for (const status of ['Enabled', 'Suspended']) {
    await setVersioning(sandbox, status)
    t.equal(await get(), status)
  }
  for (const [body, code] of [
    ['<VersioningConfiguration/>', 'MalformedXML'],
    ['<VersioningConfiguration><Status>On</Status></VersioningConfiguration>', 'MalformedXML'],
    [
      '<VersioningConfiguration><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></VersioningConfiguration>',
      'NotImplemented',
    ],
  ] as const) {
    t.equal((await send(sandbox, { method: 'PUT', target: at, body })).code, code)
  }
})

t.test('each version can be read, tagged and removed by its id', async (t) => {
  const { sandbox, ask, put } = await versioned(t)
  const first = await put('first')
  const second = await put('second')
  t.match(await ask('GET'), { body: 'second', headers: { 'x-amz-version-id': second } })
  const old = `${target}?versionId=${first}`
  t.match(await ask('GET', old), { body: 'first', headers: { 'x-amz-version-id': first } })
  t.equal((await ask('HEAD', old)).headers['content-length'], '5')
  const tags = '<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>'
  const oldTags = `${target}?tagging&versionId=${first}`
  t.match(await ask('PUT', oldTags, { body: tags }), { status: 200 })
  t.match((await ask('GET', oldTags)).body, /<Key>a</)
  t.notMatch((await ask('GET', `${target}?tagging`)).body, /<Key>a</)
  t.equal(sandbox.inspect(BUCKET, 'key')?.versionId, second, 'the tagged one is not the newest')
  t.match(await ask('DELETE', old), { status: 204, headers: { 'x-amz-version-id': first } })
  const gone = await ask('GET', old)
  t.match(gone, { status: 404, code: 'NoSuchVersion', body: /<VersionId>/ })
  t.equal((await ask('GET')).body, 'second')
})

t.test(
  'a DELETE puts a marker on top, and removing the marker brings the object back',
  async (t) => {
    const { sandbox, ask, put } = await versioned(t)
    const version = await put('x')
    const deleted = await ask('DELETE')
    const marker = String(deleted.headers['x-amz-version-id'])
    t.match(deleted, { status: 204, headers: { 'x-amz-delete-marker': 'true' } })
    t.match(await ask('GET'), {
      status: 404,
      code: 'NoSuchKey',
      headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker },
    })
    t.match(await ask('HEAD'), { status: 404, headers: { 'x-amz-delete-marker': 'true' } })
    for (const method of ['GET', 'HEAD']) {
      t.match(await ask(method, `${target}?versionId=${marker}`), {
        status: 405,
        headers: { allow: 'DELETE', 'x-amz-delete-marker': 'true' },
      })
    }
    t.equal((await ask('GET', `${target}?versionId=${version}`)).body, 'x')
    t.strictSame(sandbox.list(BUCKET), [])
    t.notMatch((await ask('GET', `/${BUCKET}?list-type=2`)).body, /<Contents>/)
    t.match(await ask('DELETE', `/${BUCKET}`), { code: 'BucketNotEmpty' })
    t.match(await ask('DELETE', `${target}?versionId=${marker}`), {
      status: 204,
      headers: { 'x-amz-delete-marker': 'true', 'x-amz-version-id': marker },
    })
    t.equal((await ask('GET')).body, 'x')
    t.match(await ask('PUT', target, { body: 'y', headers: { 'if-none-match': '*' } }), {
      status: 412,
    })
    await ask('DELETE')
    t.match(await ask('PUT', target, { body: 'y', headers: { 'if-none-match': '*' } }), {
      status: 200,
    })
  },
)

t.test('DeleteObjects names markers and versions, and each fault by itself', async (t) => {
  const { ask, put } = await versioned(t)
  const one = await put('1', `/${BUCKET}/a`)
  await put('2', `/${BUCKET}/b`)
  const object = (key: string, version?: string) =>
    `<Object><Key>${key}</Key>${version === undefined ? '' : `<VersionId>${version}</VersionId>`}</Object>`
  const body = `<Delete>${object('a', one)}${object('b')}${object('c', 'bad')}</Delete>`
  const answer = await ask('POST', `/${BUCKET}?delete`, {
    body,
    headers: { 'content-md5': createHash('md5').update(body).digest('base64') },
  })
  t.match(answer.body, new RegExp(`<Deleted><Key>a</Key><VersionId>${one}</VersionId></Deleted>`))
  t.match(answer.body, /<Deleted><Key>b<\/Key><DeleteMarker>true<.*<DeleteMarkerVersionId>/)
  t.match(answer.body, /<Error><Key>c<\/Key><VersionId>bad<.*<Code>InvalidArgument</)
})

t.test('copies name source and destination versions', async (t) => {
  const { ask, put } = await versioned(t)
  const first = await put('first')
  await put('second')
  const copy = (source: string, at = `/${BUCKET}/copy`) =>
    ask('PUT', at, { headers: { 'x-amz-copy-source': source } })
  const copied = await copy(`${target}?versionId=${first}`)
  t.match(copied, {
    status: 200,
    headers: { 'x-amz-copy-source-version-id': first, 'x-amz-version-id': /^.{32}$/ },
  })
  t.equal((await ask('GET', `/${BUCKET}/copy`)).body, 'first')
  t.equal((await copy(target, target)).code, 'InvalidRequest', 'onto itself, nothing changed')
  t.equal((await copy(`${target}?versionId=${first}`, target)).status, 200, 'an older one may')
  t.equal((await ask('GET')).body, 'first')
  const marker = (await ask('DELETE')).headers['x-amz-version-id']
  t.equal((await copy(target)).code, 'NoSuchKey')
  t.match(await copy(`${target}?versionId=${marker}`), {
    code: 'InvalidRequest',
    body: /delete marker by version id/,
  })
  t.equal((await copy(`${target}?versionId=${'0'.repeat(32)}`)).code, 'NoSuchVersion')
})

t.test('versions are listed by key, the newest first, whatever the size of a page', async (t) => {
  const { sandbox, ask, put } = await versioned(t)
  for (const key of ['a', 'b/1', 'b/2', 'c']) {
    await put('1', `/${BUCKET}/${key}`)
    await put('22', `/${BUCKET}/${key}`)
  }
  await ask('DELETE', `/${BUCKET}/c`)
  const whole = await ask('GET', `/${BUCKET}?versions`)
  t.strictSame(
    elements(whole.body, 'Key'),
    sandbox.versions(BUCKET).map(({ key }) => key),
  )
  t.strictSame(elements(whole.body, 'Size'), ['2', '1', '2', '1', '2', '1', '2', '1'])
  t.equal(elements(whole.body, 'IsLatest').filter((text) => text === 'true').length, 4)
  t.match(whole.body, /<DeleteMarker><Key>c<\/Key><VersionId>[^<]*<\/VersionId><IsLatest>true</)
  const ids = elements(whole.body, 'VersionId')
  for (const countMax of [1, 2, 3, 4]) {
    const seen: string[] = []
    let marker = ''
    for (let pages = 0; pages < 12; pages++) {
      const page = await ask('GET', `/${BUCKET}?max-keys=${countMax}${marker}&versions`)
      seen.push(...elements(page.body, 'VersionId'))
      if (element(page.body, 'IsTruncated') === 'false') break
      const key = encodeURIComponent(element(page.body, 'NextKeyMarker') ?? '')
      const id = element(page.body, 'NextVersionIdMarker')
      marker = `&key-marker=${key}&version-id-marker=${id}`
    }
    t.strictSame(seen, ids, `${countMax} a page`)
  }
  const rolled = await ask('GET', `/${BUCKET}?delimiter=%2F&versions`)
  t.strictSame(elements(rolled.body, 'Key'), ['a', 'a', 'c', 'c', 'c'])
  t.match(rolled.body, /<CommonPrefixes><Prefix>b\/</)
  t.strictSame(elements((await ask('GET', `/${BUCKET}?prefix=b&versions`)).body, 'Key').length, 4)
  for (const query of [
    'version-id-marker=a&versions',
    'key-marker=a&version-id-marker=&versions',
  ]) {
    t.equal((await ask('GET', `/${BUCKET}?${query}`)).code, 'InvalidArgument', query)
  }
})

t.test('a version that was the marker may go between two pages', async (t) => {
  const { ask, put } = await versioned(t)
  const [first, second, third] = [await put('1'), await put('2'), await put('3')]
  const page = await ask('GET', `/${BUCKET}?max-keys=2&versions`)
  t.strictSame(elements(page.body, 'VersionId'), [third, second])
  await ask('DELETE', `${target}?versionId=${second}`)
  const next = await ask('GET', `/${BUCKET}?key-marker=key&version-id-marker=${second}&versions`)
  t.strictSame(elements(next.body, 'VersionId'), [first])
})

t.test('while versions are suspended, the version null is written and deleted', async (t) => {
  const { sandbox, ask, put } = await versioned(t)
  const kept = await put('kept')
  await setVersioning(sandbox, 'Suspended')
  t.equal(await put('one'), 'null')
  t.equal(await put('two'), 'null')
  t.match(await ask('GET'), { body: 'two', headers: { 'x-amz-version-id': 'null' } })
  t.match((await ask('DELETE')).headers, {
    'x-amz-delete-marker': 'true',
    'x-amz-version-id': 'null',
  })
  t.strictSame(
    sandbox.versions(BUCKET).map(({ versionId }) => versionId),
    ['null', kept],
  )
  await ask('DELETE', `${target}?versionId=null`)
  t.equal((await ask('GET')).body, 'kept')
})

t.test('without versions no answer bears an id', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const put = await send(sandbox, { method: 'PUT', target, body: 'x' })
  const get = await send(sandbox, { target })
  const deleted = await send(sandbox, { method: 'DELETE', target })
  for (const { headers } of [put, get, deleted]) t.notOk('x-amz-version-id' in headers)
  const listed = await send(sandbox, { target: `/${BUCKET}?versions` })
  t.strictSame(elements(listed.body, 'VersionId'), [])
})

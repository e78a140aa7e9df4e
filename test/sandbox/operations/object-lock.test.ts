import { createHash } from 'node:crypto'
import t from 'tap'
import { element, send, type TestRequest } from '../send.ts'
import { BUCKET, NOW, startTestSandbox, type Teardown } from '../start-test-sandbox.ts'

const DAY = 86_400_000
const target = `/${BUCKET}/key`
const isoDate = (days: number, from = NOW) => new Date(from + days * DAY).toISOString()

/** A sandbox whose bucket has Object Lock, and whose clock can be set. */
async function locked(t: Teardown) {
  let now = NOW
  const { sandbox } = await startTestSandbox(t, { now: () => now })
  const ask = (method: string, at = target, more: Partial<TestRequest> = {}) => {
    const body = String(more.body ?? '')
    const digest: Record<string, string> =
      body === '' ? {} : { 'content-md5': createHash('md5').update(body).digest('base64') }
    const amzDate = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '')
    return send(sandbox, {
      method,
      target: at,
      amzDate,
      ...more,
      headers: { ...digest, ...more.headers },
    })
  }
  const status = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>'
  await ask('PUT', `/${BUCKET}?versioning`, { body: status })
  const setDefault = (rule = '') =>
    ask('PUT', `/${BUCKET}?object-lock`, {
      body: `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>${rule}</ObjectLockConfiguration>`,
    })
  await setDefault()
  const put = async (headers: Record<string, string> = {}) => {
    const answer = await ask('PUT', target, { body: 'x', headers })
    if (answer.status !== 200) throw new Error(answer.body)
    return `${target}?versionId=${answer.headers['x-amz-version-id']}`
  }
  return { sandbox, ask, setDefault, put, passDays: (days: number) => (now += days * DAY) }
}

const lock = (mode: string, days: number) => {
  return {
    'x-amz-object-lock-mode': mode,
    'x-amz-object-lock-retain-until-date': isoDate(days),
  }
}
const BYPASS = { 'x-amz-bypass-governance-retention': 'true' }

t.test('the lock configuration of a bucket is set, read and checked', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const at = `/${BUCKET}?object-lock`
  const put = (rule: string, enabled = 'Enabled') => {
    const body = `<ObjectLockConfiguration><ObjectLockEnabled>${enabled}</ObjectLockEnabled>${rule}</ObjectLockConfiguration>`
    const md5 = createHash('md5').update(body).digest('base64')
    return send(sandbox, { method: 'PUT', target: at, body, headers: { 'content-md5': md5 } })
  }
  const rule = (retention: string) =>
    `<Rule><DefaultRetention>${retention}</DefaultRetention></Rule>`
  t.equal((await send(sandbox, { target: at })).code, 'ObjectLockConfigurationNotFoundError')
  t.match(await put(''), { status: 409, code: 'InvalidBucketState' })
  const versioning = (status: string) =>
    send(sandbox, {
      method: 'PUT',
      target: `/${BUCKET}?versioning`,
      body: `<VersioningConfiguration><Status>${status}</Status></VersioningConfiguration>`,
    })
  await versioning('Enabled')
  t.equal((await put('')).status, 200)
  t.match(await versioning('Suspended'), { status: 409, code: 'InvalidBucketState' })
  const document =
    '<Mode>GOVERNANCE</Mode><Days>2</Days><DefaultEventHold><Years>1</Years></DefaultEventHold>'
  t.equal((await put(rule(document))).status, 200)
  t.match((await send(sandbox, { target: at })).body, document)
  for (const [text, code] of [
    ['<Rule/>', 'MalformedXML'],
    [rule(''), 'MalformedXML'],
    [rule('<Mode>GOVERNANCE</Mode>'), 'MalformedXML'],
    [rule('<Mode>governance</Mode><Days>1</Days>'), 'MalformedXML'],
    [rule('<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>'), 'MalformedXML'],
    [rule('<Mode>GOVERNANCE</Mode><DefaultEventHold/>'), 'MalformedXML'],
    [rule('<Mode>GOVERNANCE</Mode><Days>0</Days>'), 'InvalidArgument'],
    [rule('<Mode>GOVERNANCE</Mode><Years>-1</Years>'), 'InvalidArgument'],
    [rule('<Mode>GOVERNANCE</Mode><Days>999999999</Days>'), 'InvalidArgument'],
  ] as const) {
    t.equal((await put(text)).code, code, text)
  }
  t.equal((await put('', 'Disabled')).code, 'MalformedXML')
  const undigested = await send(sandbox, { method: 'PUT', target: at, body: '<a/>' })
  t.equal(undigested.code, 'InvalidRequest')
  const created = await send(sandbox, {
    method: 'PUT',
    target: '/bucket-locked',
    headers: { 'x-amz-bucket-object-lock-enabled': 'true' },
  })
  t.equal(created.status, 200)
  t.match((await send(sandbox, { target: '/bucket-locked?object-lock' })).body, /Enabled/)
  t.match((await send(sandbox, { target: '/bucket-locked?versioning' })).body, /Enabled/)
})

t.test('a locked version outlives its DELETE; a marker goes on top all the same', async (t) => {
  const { ask, put, passDays } = await locked(t)
  const protectedByLock = { status: 403, code: 'AccessDenied', body: /protected by object lock\./ }
  const governed = await put(lock('GOVERNANCE', 1))
  const complied = await put(lock('COMPLIANCE', 1))
  const held = await put({ 'x-amz-object-lock-legal-hold': 'ON' })
  t.match((await ask('HEAD', complied)).headers, {
    'x-amz-object-lock-mode': 'COMPLIANCE',
    'x-amz-object-lock-retain-until-date': isoDate(1),
  })
  t.match((await ask('GET', held)).headers, { 'x-amz-object-lock-legal-hold': 'ON' })
  for (const at of [governed, complied, held]) t.match(await ask('DELETE', at), protectedByLock)
  t.equal((await ask('DELETE')).status, 204, 'a marker')
  t.match(await ask('DELETE', complied, { headers: BYPASS }), protectedByLock)
  t.match(await ask('DELETE', held, { headers: BYPASS }), protectedByLock)
  t.equal((await ask('DELETE', governed, { headers: BYPASS })).status, 204)
  const body = `<Delete><Object><Key>key</Key><VersionId>${complied.split('=')[1]}</VersionId></Object></Delete>`
  t.match((await ask('POST', `/${BUCKET}?delete`, { body })).body, /<Code>AccessDenied</)
  passDays(2)
  t.equal((await ask('DELETE', complied)).status, 204)
  t.match(await ask('DELETE', held), protectedByLock)
  const off = '<LegalHold><Status>OFF</Status></LegalHold>'
  t.equal((await ask('PUT', held.replace('?', '?legal-hold&'), { body: off })).status, 200)
  t.equal((await ask('DELETE', held)).status, 204)
})

t.test('retention is set, extended and, in governance mode, bypassed', async (t) => {
  const { ask, put } = await locked(t)
  const at = (await put()).replace('?', '?retention&')
  const set = (mode: string, days: number, headers: Record<string, string> = {}) =>
    ask('PUT', at, {
      body: `<Retention><Mode>${mode}</Mode><RetainUntilDate>${isoDate(days)}</RetainUntilDate></Retention>`,
      headers,
    })
  t.match(await ask('GET', at), { status: 404, code: 'NoSuchObjectLockConfiguration' })
  t.equal((await set('GOVERNANCE', 2)).status, 200)
  t.match((await ask('GET', at)).body, `<RetainUntilDate>${isoDate(2)}</RetainUntilDate>`)
  t.equal((await set('GOVERNANCE', 3)).status, 200)
  t.equal((await set('GOVERNANCE', 1)).code, 'AccessDenied')
  t.equal((await set('GOVERNANCE', 1, BYPASS)).status, 200)
  t.equal((await ask('PUT', at, { body: '<Retention/>' })).code, 'AccessDenied')
  t.equal((await ask('PUT', at, { body: '<Retention/>', headers: BYPASS })).status, 200)
  t.equal((await ask('GET', at)).code, 'NoSuchObjectLockConfiguration')
  t.equal((await set('COMPLIANCE', 2)).status, 200)
  for (const headers of [{}, BYPASS]) {
    t.equal((await set('COMPLIANCE', 1, headers)).code, 'AccessDenied')
    t.equal((await set('GOVERNANCE', 3, headers)).code, 'AccessDenied')
  }
  t.match(await set('COMPLIANCE', -1), {
    code: 'InvalidArgument',
    body: /must be in the future!<.*RetainUntilDate/,
  })
  for (const body of [
    '<Retention><Mode>COMPLIANCE</Mode></Retention>',
    '<Retention><Mode>abc</Mode></Retention>',
    '<Retention><EventHold>abc</EventHold></Retention>',
  ]) {
    t.equal((await ask('PUT', at, { body })).code, 'MalformedXML', body)
  }
})

t.test('an event hold protects until its release, and for its period after that', async (t) => {
  const { ask, put, passDays } = await locked(t)
  const version = await put({
    'x-amz-object-lock-mode': 'COMPLIANCE',
    'x-amz-object-lock-event-hold': 'ON',
    'x-amz-object-lock-event-hold-duration-days': '10',
  })
  passDays(100)
  t.match((await ask('HEAD', version)).headers, {
    'x-amz-object-lock-event-hold': 'ON',
    'x-amz-object-lock-event-hold-duration-days': '10',
    'x-amz-object-lock-retain-until-date': isoDate(110),
  })
  t.equal((await ask('DELETE', version)).code, 'AccessDenied')
  const at = version.replace('?', '?retention&')
  const body = '<Retention><EventHold>OFF</EventHold></Retention>'
  t.equal((await ask('PUT', at, { body })).status, 200)
  passDays(5)
  const told = (await ask('GET', at)).body
  t.equal(element(told, 'RetainUntilDate'), isoDate(110))
  t.equal(element(told, 'EventHold'), 'OFF')
  t.equal((await ask('DELETE', version)).code, 'AccessDenied')
  passDays(6)
  t.equal((await ask('DELETE', version)).status, 204)
})

t.test("the bucket's default holds for all new versions, not for copies' sources", async (t) => {
  const { ask, put, setDefault } = await locked(t)
  const free = await put()
  await setDefault(
    '<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule>',
  )
  const plain = await ask('PUT', target, { payload: 'UNSIGNED-PAYLOAD' })
  t.match(plain, { status: 400, body: /Content-MD5 OR x-amz-checksum- HTTP header is required/ })
  const version = await put()
  t.match((await ask('HEAD', version)).headers, {
    'x-amz-object-lock-mode': 'GOVERNANCE',
    'x-amz-object-lock-retain-until-date': isoDate(1),
  })
  t.notOk((await ask('HEAD', free)).headers['x-amz-object-lock-mode'])
  const copyHeaders = { 'x-amz-copy-source': version, ...lock('COMPLIANCE', 5) }
  t.equal((await ask('PUT', `/${BUCKET}/copy`, { headers: copyHeaders })).status, 200)
  t.match((await ask('HEAD', `/${BUCKET}/copy`)).headers, {
    'x-amz-object-lock-mode': 'COMPLIANCE',
  })
  const headers = { 'x-amz-copy-source': version }
  t.equal((await ask('PUT', '/bucket-two/copy', { headers })).status, 200)
  t.notOk((await ask('HEAD', '/bucket-two/copy')).headers['x-amz-object-lock-mode'])
})

t.test('an upload in parts keeps its lock, and each part comes with a digest', async (t) => {
  const { ask } = await locked(t)
  const headers = lock('GOVERNANCE', 1)
  const created = await ask('POST', `${target}?uploads`, { headers })
  const id = element(created.body, 'UploadId')
  const at = `${target}?partNumber=1&uploadId=${id}`
  t.match(await ask('PUT', at, { payload: 'UNSIGNED-PAYLOAD' }), { body: /Put Part requests/ })
  const part = await ask('PUT', at, { body: 'x' })
  const etag = String(part.headers.etag).replaceAll('"', '')
  await ask('POST', `${target}?uploadId=${id}`, {
    body: `<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part></CompleteMultipartUpload>`,
  })
  t.match((await ask('HEAD')).headers, headers)
})

t.test('without Object Lock there is nothing to lock', async (t) => {
  const { sandbox } = await startTestSandbox(t)
  const ask = (method: string, at: string, headers: Record<string, string> = {}, body = '') =>
    send(sandbox, { method, target: at, headers, body })
  await ask('PUT', target)
  t.equal((await ask('PUT', target, lock('GOVERNANCE', 1))).code, 'InvalidRequest')
  for (const at of [`${target}?retention`, `${target}?legal-hold`]) {
    t.match(await ask('GET', at), { code: 'InvalidRequest', body: /Bucket is missing Object Lock/ })
  }
  t.match(await ask('DELETE', target, BYPASS), {
    code: 'InvalidArgument',
    body: /only applicable to Object Lock enabled buckets/,
  })
  t.equal((await ask('DELETE', target)).status, 204)
})

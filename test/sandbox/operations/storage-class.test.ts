import t from 'tap'
import { element, send, type TestRequest } from '../send.ts'
import { BUCKET, NOW, startTestSandbox, type Teardown } from '../start-test-sandbox.ts'

const DAY = 86_400_000
const target = `/${BUCKET}/key`
const CLASS = 'x-amz-storage-class'

async function withClock(t: Teardown) {
  let now = NOW
  const { sandbox } = await startTestSandbox(t, { now: () => now })
  const ask = (method: string, at = target, more: Partial<TestRequest> = {}) => {
    const amzDate = new Date(now).toISOString().replace(/[-:]|\.\d{3}/g, '')
    return send(sandbox, { method, target: at, amzDate, ...more })
  }
  const put = (storageClass: string) =>
    ask('PUT', target, { body: 'data', headers: { [CLASS]: storageClass } })
  const restore = (document: string) => ask('POST', `${target}?restore`, { body: document })
  return { sandbox, ask, put, restore, passDays: (days: number) => (now += days * DAY) }
}

const copyOf = (source: string) => {
  return { headers: { 'x-amz-copy-source': source, [CLASS]: 'STANDARD' } }
}

t.test('the class is checked, kept, and told if it is not STANDARD', async (t) => {
  const { ask, put } = await withClock(t)
  for (const storageClass of ['STANDARD', 'STANDARD_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR']) {
    t.equal((await put(storageClass)).status, 200)
    const told = storageClass === 'STANDARD' ? undefined : storageClass
    t.equal((await ask('HEAD')).headers[CLASS], told)
    t.equal((await ask('GET')).body, 'data')
    t.equal(element((await ask('GET', `/${BUCKET}`)).body, 'StorageClass'), storageClass)
  }
  t.match(await put('COLD'), { status: 400, code: 'InvalidStorageClass' })
})

t.test('what is archived is read and copied only after a restore', async (t) => {
  const { ask, put, restore, passDays } = await withClock(t)
  const days = (count: number) => `<RestoreRequest><Days>${count}</Days></RestoreRequest>`
  for (const storageClass of ['GLACIER', 'DEEP_ARCHIVE']) {
    await put(storageClass)
    t.match((await ask('HEAD')).headers, { [CLASS]: storageClass, 'content-length': '4' })
    const refused = await ask('GET')
    t.match(refused, { status: 403, code: 'InvalidObjectState' })
    t.equal(element(refused.body, 'StorageClass'), storageClass)
    const copy = await ask('PUT', `/${BUCKET}/copy`, copyOf(target))
    t.match(copy, { status: 403, code: 'InvalidObjectState', body: /source object's/ })
    t.equal((await restore(days(0))).code, 'InvalidArgument')
    t.equal((await restore('<RestoreRequest/>')).code, 'InvalidArgument')
    t.equal((await restore(days(2))).status, 202)
    t.equal((await ask('GET')).body, 'data')
    t.match((await ask('HEAD')).headers, {
      'x-amz-restore': 'ongoing-request="false", expiry-date="Thu, 26 Nov 2026 00:00:00 GMT"',
    })
    t.equal((await ask('PUT', `/${BUCKET}/copy`, copyOf(target))).status, 200)
    t.equal((await restore(days(2))).status, 200)
    passDays(3)
    t.equal((await ask('GET')).code, 'InvalidObjectState')
    t.notOk((await ask('HEAD')).headers['x-amz-restore'])
    passDays(-3)
  }
})

t.test('only what is archived is restored, in its place', async (t) => {
  const { put, restore } = await withClock(t)
  await put('STANDARD')
  const one = '<RestoreRequest><Days>1</Days></RestoreRequest>'
  t.match(await restore(one), { status: 403, code: 'InvalidObjectState' })
  await put('GLACIER')
  t.equal((await restore('<RestoreRequest><Days>x</Days></RestoreRequest>')).code, 'MalformedXML')
  const select = '<RestoreRequest><Type>SELECT</Type></RestoreRequest>'
  t.equal((await restore(select)).code, 'NotImplemented')
})

t.test('an object in an archive tier is told as such, and restored for good', async (t) => {
  const { sandbox, ask, put, restore, passDays } = await withClock(t)
  await put('INTELLIGENT_TIERING')
  sandbox.archive(BUCKET, 'key', 'DEEP_ARCHIVE_ACCESS')
  t.match((await ask('HEAD')).headers, { 'x-amz-archive-status': 'DEEP_ARCHIVE_ACCESS' })
  t.match(await ask('GET'), { code: 'InvalidObjectState', body: /<AccessTier>DEEP_ARCHIVE/ })
  t.equal((await restore('<RestoreRequest/>')).status, 202)
  passDays(100)
  t.equal((await ask('GET')).body, 'data')
})

import { request } from 'node:http'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { AuditServer } from '../../src/report/audit-server.ts'
import { verifierKeyOf, verifierOf } from '../support/make-trail.ts'
import { reportTrail } from '../support/report-trail.ts'

async function serve(t: Test, host = '127.0.0.1') {
  const directory = join(t.testdir(), 'trail')
  reportTrail(directory)
  const options = { paths: [directory], verifiers: [verifierOf()], anchor: undefined }
  const nowMs = () => Date.parse('2026-11-29T12:00:00Z')
  const server = new AuditServer({ ...options, command: 'sealgate audit serve', nowMs })
  const port = await server.listen(host, 0)
  t.teardown(() => server.close())
  return { port, get: (path: string, init = {}) => fetch(`http://127.0.0.1:${port}${path}`, init) }
}

t.test('the page, its downloads, and what a browser may do with it', async (t) => {
  const { get } = await serve(t)
  const answer = await get('/')
  t.equal(answer.status, 200)
  const policy = answer.headers.get('content-security-policy') ?? ''
  t.match(
    policy,
    /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
  )
  t.match(Object.fromEntries(answer.headers), {
    'content-type': 'text/html; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  })
  t.notOk(answer.headers.has('set-cookie'))
  const html = await answer.text()
  t.match(html, '37.5 %')
  t.match(html, '<form action="/object" method="get"')
  const csv = await get('/report.csv')
  t.equal(csv.headers.get('content-disposition'), 'attachment; filename="sealgate-report.csv"')
  t.match(await csv.text(), /^section,name,value,uploads/)
  t.match(JSON.parse(await (await get('/report.json')).text()), { total: { uploads: 10 } })
  t.equal(await (await get('/vkey')).text(), `${verifierKeyOf()}\n`)
  const head = await get('/', { method: 'HEAD' })
  t.equal(head.status, 200)
  t.equal(await head.text(), '')
  t.equal(head.headers.get('content-length'), String(Buffer.byteLength(html)))
})

t.test('the period is chosen by links, and page and downloads keep to it', async (t) => {
  const { get } = await serve(t)
  const html = await (await get('/')).text()
  t.match(html, /id="period">the whole trail: 2026-/)
  t.match(html, '<a href="/" aria-current="page">whole trail</a><a href="/?period=1d">')
  const month = await (await get('/?period=2026-11')).text()
  t.match(month, /id="period">2026-11: 2026-11-01T00:00:00.000Z to /)
  t.match(month, '37.5 %', 'all of its lines are of that month')
  t.match(month, '<a href="/report.csv?period=2026-11">')
  t.notMatch(month, '<a href="/" aria-current')
  const before = await get('/report.json?period=2026-10')
  t.equal(
    before.headers.get('content-disposition'),
    'attachment; filename="sealgate-report-2026-10.json"',
  )
  t.match(await before.json(), {
    period: { from: '2026-10-01T00:00:00.000Z', to: '2026-11-01T00:00:00.000Z' },
    total: { uploads: 0 },
  })
  // More than are kept, and the first again.
  for (const name of ['2026-09', '2026-08', '2026-07', '2026-06']) {
    t.match(await (await get(`/report.json?period=${name}`)).json(), { total: { uploads: 0 } })
  }
  t.match(await (await get('/report.json')).json(), { total: { uploads: 10 } })
  for (const path of ['/?period=soon', '/report.csv?period=9999-01', '/report.json?period=1']) {
    t.equal((await get(path)).status, 400, path)
  }
})

t.test('an object is looked up, and each of its lines can be proved', async (t) => {
  const { get } = await serve(t)
  const key = encodeURIComponent('=1+1\u202e"x"')
  const html = await (await get(`/object?bucket=billing-eu&key=${key}`)).text()
  t.match(html, /id="holding"><strong>under \(S3 named none\) \(unconfirmed\): PutObject at /)
  t.match(html, '=1+1\\u{202e}&quot;x&quot;')
  const [, proof = ''] = /href="(\/proof\?requestId=[^"]+)"/.exec(html) ?? []
  const answer = await get(proof)
  t.match(await answer.text(), /^c2sp\.org\/tlog-proof@v1\n/)
  t.match(answer.headers.get('content-disposition'), /^attachment; filename="ONE\d+\.tlog-proof"$/)
  for (const [path, status] of [
    ['/object?bucket=billing-eu&key=none', 404],
    ['/object?bucket=billing-eu', 400],
    [`/object?bucket=b&key=${'k'.repeat(5000)}`, 400],
    ['/proof?requestId=NONE', 404],
    ['/proof?requestId=../x', 400],
    ['/lines', 404],
  ] as const) {
    t.equal((await get(path)).status, status, path.slice(0, 60))
  }
})

t.test('nothing but GET and HEAD, and no name of another host', async (t) => {
  const { port, get } = await serve(t)
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const answer = await get('/', { method })
    t.equal(answer.status, 405)
    t.equal(answer.headers.get('allow'), 'GET, HEAD')
  }
  const status = (host: string) =>
    new Promise((resolve) => {
      request({ port, host: '127.0.0.1', headers: { host }, path: '/vkey' }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      }).end()
    })
  for (const [host, expected] of [
    ['127.0.0.1', 200],
    ['[::1]:9091', 200],
    ['localhost:1', 200],
    ['rebound.example', 403],
    ['127.0.0.1.example:80', 403],
  ] as const) {
    t.equal(await status(host), expected, host)
  }
})

t.test('who comes while too many wait is told to come again', async (t) => {
  const { get } = await serve(t)
  const answers = await Promise.all(Array.from({ length: 30 }, () => get('/report.json')))
  const statuses = new Set(answers.map(({ status }) => status))
  t.ok(statuses.has(200))
  t.ok(answers.every(({ status }) => status === 200 || status === 503))
  await Promise.all(answers.map((answer) => answer.text()))
  t.equal((await get('/report.json')).status, 200)
})

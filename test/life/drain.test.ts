import t from 'tap'
import { startLife } from '../support/program-scene.ts'
import { requestsAtStop, secondSignal, stopWhileReloading } from './drain-cases.ts'
import { ask } from './load.ts'
import { SlowUpload } from './slow-upload.ts'

t.test('what is under way at SIGTERM ends well, and then the program', (t) => requestsAtStop(t, 1))
t.test('a second signal ends it at once', (t) => secondSignal(t, 1))
t.test('a reload under way does not hold a stop up', (t) => stopWhileReloading(t, 1))

t.test(
  'readiness fails at once, and new connections are served until the delay is over',
  async (t) => {
    const { sealgate } = await startLife(t, { more: 'drain: { delay: 2s }' })
    const ready = await fetch(`${sealgate.adminUrl}/readyz`)
    t.equal(ready.status, 200)
    sealgate.signal('SIGTERM')
    await sealgate.logged('stopping: running requests may end, new connections are refused')
    const stopping = await fetch(`${sealgate.adminUrl}/readyz`)
    t.equal(stopping.status, 503)
    t.match(await stopping.json(), { ready: false, parts: { drain: 'stopping' } })
    t.equal((await fetch(`${sealgate.adminUrl}/livez`)).status, 200, 'it lives')
    const put = await ask(sealgate.port, 'PUT', '/bucket/late', Buffer.from('late'))
    t.equal(put.status, 200)
    t.equal(put.headers.connection, 'close')
    t.equal((await sealgate.end).code, 0)
    await t.rejects(ask(sealgate.port, 'GET', '/bucket/late'), { code: 'ECONNREFUSED' })
  },
)

t.test('what has not ended at the deadline is cut, and its client knows', async (t) => {
  const { sealgate, sandbox } = await startLife(t, { more: 'drain: { deadline: 300ms }' })
  const upload = new SlowUpload(sealgate.port, '/bucket/stuck', { pieces: 4, pieceOctets: 65_536 })
  await upload.send()
  await sealgate.busy()
  sealgate.signal('SIGTERM')
  await t.rejects(upload.answer)
  t.equal((await sealgate.end).code, 0)
  t.equal(sealgate.lines('stopped: requests were cut at the deadline').length, 1)
  t.equal(sandbox.inspect('bucket', 'stuck'), undefined)
})

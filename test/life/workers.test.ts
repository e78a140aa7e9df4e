import { readFile } from 'node:fs/promises'
import t from 'tap'
import { startLife } from '../support/program-scene.ts'
import { requestLines } from '../support/request-lines.ts'
import { Load } from './load.ts'

const LOOPS = 6

/** The processes that a process has started. */
async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.trim().split(' ').filter(Boolean).map(Number)
}

t.test('a worker killed under load takes its own requests with it, and is replaced', async (t) => {
  const { sealgate } = await startLife(t, { more: 'workers: 2' })
  const before = await childrenOf(sealgate.pid)
  t.equal(before.length, 3, 'two that serve and a spare one')
  const load = new Load(sealgate.port, { loops: LOOPS })
  await load.more(200)
  const counted = await sealgate.metric('sealgate_requests_total')
  t.ok(counted >= 200, `counted over both workers: ${counted}`)

  process.kill(before[0] ?? 0, 'SIGKILL')
  const died = await sealgate.logged('a worker died and is being replaced')
  t.equal(died.worker, before[0])
  await load.more(100)
  const serves = await sealgate.logged('a worker serves')
  await load.more(100)
  const { lost, refusals } = await load.stop()

  t.ok(lost.length <= LOOPS, `at most one a connection: ${lost}`)
  t.strictSame(refusals, [])
  const after = await childrenOf(sealgate.pid)
  t.equal(after.length, 3)
  t.ok(after.includes(serves.worker ?? 0))
  t.ok(
    (await sealgate.metric('sealgate_requests_total')) >= counted + 200 - LOOPS * 4,
    'what the dead one had counted at the last scrape stays',
  )
  t.equal(await sealgate.metric('sealgate_worker_restarts_total'), 1)
  const ready = await (await fetch(`${sealgate.adminUrl}/readyz`)).json()
  t.match(ready, { ready: true, workers: { wanted: 2, serving: 2 } })
  const page = await (await fetch(sealgate.adminUrl)).text()
  t.match(page, '2 of 2 workers serve')
  const metrics = await (await fetch(`${sealgate.adminUrl}/metrics`)).text()
  const [, sealed = ''] =
    /^sealgate_object_writes_total\{outcome="sealed"\} (\d+)$/m.exec(metrics) ?? []
  const shown = /id="writes-sealed">([\d,]+)</.exec(page)?.[1]?.replaceAll(',', '')
  t.equal(shown, sealed, 'the sum over workers')

  sealgate.signal('SIGKILL')
  // The pipes are closed when the last process that has them ends.
  await sealgate.end
  t.strictSame(await Promise.all(after.map(isAlive)), [false, false, false], 'none is left behind')
})

t.test('all lines of the audit of all workers are whole', async (t) => {
  const { sealgate } = await startLife(t, { more: 'workers: 2' })
  const load = new Load(sealgate.port, { loops: LOOPS })
  await load.more(200)
  const { answers } = await load.stop()
  const workers = await childrenOf(sealgate.pid)
  sealgate.signal('SIGTERM')
  const { stdout, code } = await sealgate.end
  t.equal(code, 0)
  t.strictSame(await Promise.all(workers.map(isAlive)), [false, false, false])
  const lines = requestLines(stdout)
  t.equal(lines.length, answers)
  const ids = new Set(lines.map(({ requestId }) => requestId))
  t.equal(ids.size, answers, 'each request has its own id')
})

async function isAlive(pid: number): Promise<boolean> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    return !/^State:\s+[ZX]/m.test(status)
  } catch {
    return false
  }
}

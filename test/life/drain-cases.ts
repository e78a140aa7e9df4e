import { type AddressInfo, createServer } from 'node:net'
import type { Test } from 'tap'
import { startLife } from '../support/program-scene.ts'
import { Load } from './load.ts'
import { SlowUpload } from './slow-upload.ts'

const STOPPING = 'stopping: running requests may end, new connections are refused'

/** At SIGTERM an upload under way ends well, a load loses nothing, and then the program ends. */
export async function requestsAtStop(t: Test, workers: number): Promise<void> {
  const more = `workers: ${workers}\ndrain: { delay: 500ms }`
  const { sealgate, sandbox } = await startLife(t, { more })
  const upload = new SlowUpload(sealgate.port, '/bucket/slow', { pieces: 4, pieceOctets: 65_536 })
  await upload.send()
  await sealgate.busy()
  const load = new Load(sealgate.port, { loops: 6, stopsAtClose: true })
  await load.more(60)
  sealgate.signal('SIGTERM')
  await sealgate.logged(STOPPING)
  const { lost, refusals, answers } = await load.ended()
  t.strictSame(lost, [])
  t.strictSame(refusals, [])
  t.ok(answers >= 60)
  t.equal(sealgate.isRunning, true, 'the upload is waited for')
  await upload.finish()
  const { status, headers } = await upload.answer
  t.equal(status, 200)
  t.equal(headers.connection, 'close', 'though it began before the signal')
  t.equal(sandbox.inspect('bucket', 'slow')?.size, 4 * 65_536)
  const { code, stderr } = await sealgate.end
  t.equal(code, 0, stderr)
  t.equal(sealgate.lines('stopped').length, 1)
}

/** A second signal ends it at once. */
export async function secondSignal(t: Test, workers: number): Promise<void> {
  const more = `workers: ${workers}\ndrain: { delay: 10m }`
  const { sealgate } = await startLife(t, { more })
  sealgate.signal('SIGTERM')
  await sealgate.logged(STOPPING)
  await new Promise((resolve) => setTimeout(resolve, 150)) // closer ones count as one
  sealgate.signal('SIGTERM')
  const { code, signal } = await sealgate.end
  t.strictSame({ code, signal }, { code: 1, signal: null })
}

/** A reload that waits for credentials which do not come does not hold a stop up. */
export async function stopWhileReloading(t: Test, workers: number): Promise<void> {
  const more = `workers: ${workers}`
  const silent = createServer((socket) => t.teardown(() => socket.destroy()))
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  t.teardown(() => silent.close())
  const { port } = silent.address() as AddressInfo
  const { sealgate, yaml } = await startLife(
    t,
    { more },
    {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/`,
    },
  )
  const asked = new Promise((resolve) => silent.once('connection', resolve))
  await sealgate.configure(yaml({ credentials: '{ source: container }' }))
  sealgate.signal('SIGHUP')
  await asked
  const signalledAt = performance.now()
  sealgate.signal('SIGTERM')
  t.equal((await sealgate.end).code, 0)
  t.ok(performance.now() - signalledAt < 10_000)
  t.equal(sealgate.lines('stopped').length, 1)
}

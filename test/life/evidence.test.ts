import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { getPriority } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { checkTree } from '../support/check-tree.ts'
import { ORIGIN, sealingKey } from '../support/make-trail.ts'
import { startLife } from '../support/program-scene.ts'
import { readStreams, type TrailLine } from '../support/read-trail.ts'
import { verify } from '../support/sealed-trail.ts'
import type { SealgateProcess } from '../support/sealgate-process.ts'

function evidence(directory: string, more = '', anchor = ''): string {
  writeFileSync(`${directory}.pem`, sealingKey().export({ type: 'pkcs8', format: 'pem' }))
  return `audit: { evidence: { origin: ${ORIGIN}, directory: ${directory}, key: { file: ${directory}.pem }${anchor} } }\n${more}`
}

/** Requests that nobody signed, some at once; gives their ids. */
async function ask(sealgate: SealgateProcess, count: number): Promise<readonly string[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const answer = await fetch(`http://127.0.0.1:${sealgate.port}/bucket/key`)
      await answer.arrayBuffer()
      return answer.headers.get('x-amz-request-id') ?? ''
    }),
  )
}

/** The nice values of the threads of a process. */
function nicesOf(pid: number): readonly number[] {
  const nices = readdirSync(`/proc/${pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
  })
  return [...new Set(nices)].sort((one, other) => one - other)
}

function stop(sealgate: SealgateProcess) {
  sealgate.signal('SIGTERM')
  return sealgate.end
}

function idsOf(streams: Iterable<readonly TrailLine[]>): readonly string[] {
  return [...streams].flat().flatMap(({ requestId }) => requestId ?? [])
}

async function folder(t: Test): Promise<string> {
  return join(t.testdir(), 'audit')
}

t.test(
  'the trail of one process: opened, reloaded, closed, and a line for each answer',
  async (t) => {
    const directory = await folder(t)
    const anchor = ', anchor: { bucket: bucket, prefix: held/ }'
    const { sealgate, sandbox } = await startLife(t, { more: evidence(directory, '', anchor) })
    const ids = await ask(sealgate, 20)
    await sealgate.logged('sealed the audit trail')
    const own = getPriority()
    const nices = [...new Set([own, Math.min(own + 10, 19)])]
    t.strictSame(nicesOf(sealgate.pid), nices, 'the sealer alone gives way')
    sealgate.signal('SIGHUP')
    await sealgate.logged('reloaded')
    const end = await stop(sealgate)
    t.equal(end.code, 0)
    t.equal(end.stdout, '')
    const streams = readStreams(directory, ORIGIN)
    t.equal(streams.size, 1)
    const [lines = []] = streams.values()
    t.match(lines[0], { record: 'open', worker: 1, policy: /^sha256:[0-9a-f]{64}$/ })
    t.strictSame(lines.flatMap(({ record }) => record ?? []).sort(), [
      'close',
      'configuration',
      'configuration',
      'configuration',
      'open',
      'reload',
    ])
    t.match(
      lines.find(({ record }) => record === 'reload'),
      { policy: lines[0]?.policy },
    )
    t.match(lines.at(-1), { record: 'close', lines: 26, lost: 0, reason: 'stop' })
    t.equal(checkTree(t, directory).at(-1), 26, 'all are sealed')
    t.ok(sandbox.list('bucket').includes(`held/${ORIGIN}/00000000000000000026`), 'and anchored')
    t.equal((await verify(directory)).verdict, 'verified')
    t.strictSame([...idsOf(streams.values())].sort(), [...ids].sort())
  },
)

t.test('each worker has a stream and files of its own', async (t) => {
  const directory = await folder(t)
  const { sealgate } = await startLife(t, { more: evidence(directory, 'workers: 2') })
  const ids = await ask(sealgate, 40)
  t.equal((await stop(sealgate)).code, 0)
  const streams = readStreams(directory, ORIGIN)
  t.strictSame(
    [...streams.values()].map(([first]) => first?.worker).sort(),
    [0, 1, 2],
    'and the process that supervises one of its own',
  )
  for (const lines of streams.values()) {
    t.equal(new Set(lines.map(({ file }) => file)).size, 1)
    t.match(lines.at(-1), { record: 'close', lines: lines.length })
  }
  t.equal(checkTree(t, directory).at(-1), [...streams.values()].flat().length, 'all are sealed')
  t.strictSame([...idsOf(streams.values())].sort(), [...ids].sort())
})

t.test('with workers and no folder, one stream goes to the destination', async (t) => {
  const directory = t.testdir({ lines: {} })
  const file = join(directory, 'lines', 'audit.jsonl')
  const more = `audit: { destination: ${file}, evidence: { origin: ${ORIGIN} } }\nworkers: 2`
  const { sealgate } = await startLife(t, { more })
  const ids = await ask(sealgate, 10)
  t.equal((await stop(sealgate)).code, 0)
  const streams = readStreams(directory, ORIGIN)
  t.equal(streams.size, 1)
  t.strictSame([...idsOf(streams.values())].sort(), [...ids].sort())
})

t.test('a file that is removed while it is written is told of', async (t) => {
  const directory = await folder(t)
  const { sealgate } = await startLife(t, { more: evidence(directory) })
  rmSync(join(directory, 'lines'), { recursive: true })
  await sealgate.logged('an audit file was removed or truncated while in use')
  await ask(sealgate, 3)
  t.equal((await stop(sealgate)).code, 0)
})

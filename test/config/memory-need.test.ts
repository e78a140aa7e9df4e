import { readFileSync } from 'node:fs'
import t from 'tap'
import { parse } from 'yaml'
import { memoryNeed, memoryWarning } from '../../src/config/memory-need.ts'
import { loaded, SOUND } from '../support/load-config.ts'

const MIB = 1024 * 1024

t.test('the need grows with every limit, with TLS and with workers', async (t) => {
  const needOf = async (limits: object, more: object = {}) =>
    Math.round(memoryNeed(await loaded({ ...SOUND, ...more, limits })) / MIB)
  const small = { connections: 100, unauthenticatedConnections: 100, concurrentRequests: 100 }
  const base = await needOf(small)
  t.equal(base, 126)
  t.equal(await needOf({ ...small, connections: 1124 }), base + 8)
  t.equal(await needOf({ ...small, connections: 1124, unauthenticatedConnections: 612 }), 190)
  t.equal(await needOf({ ...small, headerBytes: 32_768 }), base + 11)
  t.equal(await needOf({ ...small, concurrentRequests: 612 }), base + 75)
  const upstream = { ...SOUND.upstream, trailers: 'terminate' }
  t.equal(await needOf(small, { upstream }), base + 128, 'bodies that wait for their checksums')
  t.ok(Math.abs((await needOf(small, { workers: 2 })) - 2 * base - 90) <= 1)
  t.equal(
    await needOf({ ...small, unauthenticatedConnections: 5_000 }),
    base,
    'no more than there are',
  )
})

t.test('requests for session keys need more while they wait', async (t) => {
  const config = await loaded(SOUND)
  const [listener] = config.listen
  if (listener === undefined) throw new Error('no listener')
  const sts = { ...config, listen: [{ ...listener, kind: 'sts' as const }] }
  const more = memoryNeed(sts) - memoryNeed({ ...config, listen: [] })
  const connections = config.limits.connections * 30 * 1024
  const heads = config.limits.unauthenticatedConnections * config.limits.headerBytes * 7
  t.equal(more - connections - heads, config.limits.concurrentRequests * 170 * 1024)
})

t.test('it warns where there is less, and is silent where no limit is known', async (t) => {
  const config = await loaded({ ...SOUND, workers: 2 })
  const need = memoryNeed(config)
  t.equal(memoryWarning(config, undefined), undefined)
  t.equal(memoryWarning(config, 0), undefined)
  t.equal(memoryWarning(config, Number.MAX_SAFE_INTEGER * 2048), undefined)
  t.equal(memoryWarning(config, need), undefined)
  t.match(
    memoryWarning(config, 512 * MIB),
    `need ${Math.ceil(need / MIB)} MiB of memory, but 512 MiB are available: lower connections`,
  )
})

t.test('the limits of the manifests fit into their memory', async (t) => {
  const overlays = 'deploy/kustomize/overlays'
  const read = (path: string) => parse(readFileSync(`${overlays}/${path}`, 'utf8'))
  const patch = read('sidecar/sidecar-patch.yaml').spec.template.spec
  const gateway = read('gateway/deployment.yaml').spec.template.spec
  for (const [path, container] of [
    ['sidecar/config.yaml', patch.initContainers[0]],
    ['gateway/config.yaml', gateway.containers[0]],
  ] as const) {
    const { listen, limits, workers } = read(path)
    const config = await loaded({ ...SOUND, limits, ...(workers ? { workers } : {}) })
    const isTls = listen[0].tls !== undefined
    const tls = { certFile: '', keyFile: '', clientCaFile: undefined }
    const listeners = config.listen.map((one) => (isTls ? { ...one, tls } : one))
    const [, mib] = /^(\d+)Mi$/.exec(container.resources.limits.memory) ?? []
    t.equal(memoryWarning({ ...config, listen: listeners }, Number(mib) * MIB), undefined, path)
  }
})

import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/load.ts'
import { formatConfigError } from '../../src/config/problems.ts'
import { openCredentials } from '../../src/credentials/open-credentials.ts'
import { Service } from '../../src/service/service.ts'
import { AuditLog } from '../../src/telemetry/audit-log.ts'
import { openLog } from '../../src/telemetry/log.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { Upstream } from '../../src/upstream/upstream.ts'
import { countRequests } from '../support/rig.ts'
import { Recorder } from './recorder.ts'
import { configurationOf, type Profile, REGION } from './world.ts'

/** A running Sealgate. */
export interface Target {
  readonly port: number
  /** Requests that have not ended. */
  inflight(): number
  /** Stops it; gives what it wrote of itself: its log and its audit. */
  close(): Promise<string>
}

/** A recorder, and a Sealgate of each profile in front of it: cases run in it one after the other. */
export interface Lane {
  readonly recorder: Recorder
  readonly targets: Readonly<Record<Profile, Target>>
  /** Gives what both wrote of themselves. */
  close(): Promise<string>
}

/** The only place where the fuzzer meets the product's code. */
export async function openLane(): Promise<Lane> {
  const recorder = new Recorder()
  const port = await recorder.listen()
  const strict = await openTarget('strict', port)
  const lenient = await openTarget('lenient', port)
  const sidecar = await openTarget('sidecar', port)
  return {
    recorder,
    targets: { strict, lenient, sidecar },
    close: async () => {
      const texts = [await strict.close(), await lenient.close(), await sidecar.close()]
      await recorder.close()
      return texts.join('')
    },
  }
}

async function openTarget(profile: Profile, upstreamPort: number): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'sealgate-fuzz-'))
  const auditFile = join(folder, 'audit.log')
  const loaded = await loadConfig({
    path: join(folder, 'sealgate.yaml'),
    readFile: async () => configurationOf(profile, upstreamPort, auditFile),
    env: {},
  })
  if (!loaded.ok) throw new Error(formatConfigError(loaded.error))
  const config = loaded.value
  if (config.upstream.endpoint.kind === 'sandbox') throw new Error('unexpected')
  const logged: string[] = []
  const log = openLog({ level: 'info', stream: { write: (line: string) => logged.push(line) } })
  const metrics = new Metrics({ ...config.metrics, withDefaults: false })
  const audit = await AuditLog.open({
    destination: config.audit.destination,
    onState: () => undefined,
  })
  const credentials = openCredentials(config.upstream.credentials, { region: REGION })
  const upstream = new Upstream(config.upstream, config.upstream.endpoint, credentials, undefined, {
    bodyIdleMs: config.limits.bodyIdleMs,
  })
  const service = new Service(config, upstream, { metrics, audit, log })
  const [address] = (await service.listen()).listen
  if (address === undefined) throw new Error('not listening')
  return {
    port: address.port,
    inflight: () => metrics.inflight,
    close: async () => {
      await service.drain()
      const lines = await readFile(auditFile, 'utf8')
      await rm(folder, { recursive: true, force: true })
      const counted = await countRequests(metrics)
      const written = lines.split('\n').length - 1
      const gap = counted === written ? '' : `${written} audit lines for ${counted} requests\n`
      return `${gap}${logged.join('')}${lines}`
    },
  }
}

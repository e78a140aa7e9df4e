import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { countRequests, startService } from '../support/start-service.ts'
import { Recorder } from './recorder.ts'
import { configurationOf, type Profile } from './world.ts'

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
  const yaml = configurationOf(profile, upstreamPort)
  const { port, metrics, auditText, log, drain } = await startService({ folder, yaml })
  return {
    port,
    inflight: () => metrics.inflight,
    close: async () => {
      await drain()
      const lines = await auditText()
      await rm(folder, { recursive: true, force: true })
      const counted = await countRequests(metrics)
      const written = lines.split('\n').filter((line) => line.includes(',"decision":')).length
      const gap = counted === written ? '' : `${written} audit lines for ${counted} requests\n`
      return `${gap}${log()}${lines}`
    },
  }
}

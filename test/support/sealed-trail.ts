import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { readAnchorFolder } from '../../src/trail/anchor-folder.ts'
import { DISK } from '../../src/trail/disk.ts'
import type { Period } from '../../src/trail/findings.ts'
import { Sealer } from '../../src/trail/sealer.ts'
import { type Verification, verifyTrails } from '../../src/trail/verify.ts'
import { ORIGIN, StreamFile, sealingKey, verifierOf } from './make-trail.ts'

/** Signs what the trail holds. */
export function seal(directory: string, keys = [sealingKey()]): void {
  const sealer = Sealer.open({ disk: DISK, directory, origin: ORIGIN, keys })
  sealer.gather()
  sealer.seal()
}

/** Copies the newest checkpoint to where its anchor would be. */
export function anchor(directory: string, folder: string, size: number): void {
  const name = String(size).padStart(20, '0')
  mkdirSync(join(folder, ORIGIN), { recursive: true })
  copyFileSync(join(directory, 'tree/checkpoint'), join(folder, ORIGIN, name))
}

/** Two streams, sealed twice and closed: 13 lines. */
export function smallTrail(directory: string): readonly StreamFile[] {
  const [one, two] = [new StreamFile(directory, 'one'), new StreamFile(directory, 'two')]
  one.request(3)
  two.request(2)
  seal(directory)
  one.control({ record: 'alive', requests: 3, lost: 0 })
  one.request(1)
  one.close()
  two.request(1)
  two.close()
  seal(directory)
  return [one, two]
}

interface VerifyInput {
  readonly anchor?: string
  readonly keys?: readonly ReturnType<typeof verifierOf>[]
  readonly nowMs?: number
  readonly period?: Period
}

/** Verifies with the key that the trail was sealed with, a day later. */
export function verify(
  path: string | readonly string[],
  {
    anchor: folder,
    keys = [verifierOf()],
    nowMs = Date.UTC(2026, 10, 29, 15),
    period,
  }: VerifyInput = {},
): Promise<Verification> {
  return verifyTrails({
    paths: typeof path === 'string' ? [path] : path,
    verifiers: keys,
    anchor: folder === undefined ? undefined : readAnchorFolder(folder),
    nowMs,
    period,
    onProgress: () => undefined,
  })
}

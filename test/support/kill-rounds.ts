import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Draw, drawing } from './draw.ts'
import { ORIGIN, sealingKey } from './make-trail.ts'
import { openScene, yamlFor } from './program-scene.ts'
import { seal, smallTrail, verify } from './sealed-trail.ts'
import { SealgateProcess } from './sealgate-process.ts'

/** What is done to the program, and how often. */
interface KillOptions {
  readonly rounds: number
  readonly workers: 1 | 3
  readonly seed: number
  /** Fills the disk of the trail, a small one of its own, before some of the kills; as root. */
  readonly fillsDisk: boolean
}

/** What was seen. */
export interface KillOutcome {
  readonly kills: number
  /** Requests that were answered. */
  readonly answers: number
  readonly refused: number
  /** Streams that verification says are cut. */
  readonly cut: number
  /** Whatever is not as the failure table says. */
  readonly wrong: readonly string[]
}

const DISK_MEGABYTES = 8
/** For what is being done at that moment; the last page of each file has some more. */
const ROOM_BYTES = 0
/** Until the program has answered, or refused since its disk is full. */
const WAIT_MS = 5_000
/** As if the trail were verified later: no stream may still be open. */
const LATER_MS = 3_600_000

/**
 * Runs the program with a sealed trail, again and again over the same folder, sends requests, and kills
 * it, or one of its workers first, at a random moment. After each kill the trail may have gaps, and nothing
 * else; at the end another sealer goes on from what was signed.
 */
export async function killRounds(options: KillOptions): Promise<KillOutcome> {
  const { rounds, workers, seed, fillsDisk } = options
  const draw = drawing(seed)
  const scene = await openScene()
  const directory = join(scene.folder, 'audit')
  mkdirSync(directory)
  if (fillsDisk) mount(directory)
  const key = join(scene.folder, 'key.pem')
  writeFileSync(key, sealingKey().export({ type: 'pkcs8', format: 'pem' }))
  const evidence = `{ origin: ${ORIGIN}, directory: ${directory}, key: { file: ${key} }, every: 1s }`
  const more = `audit: { evidence: ${evidence} }\nworkers: ${workers}`
  const yaml = yamlFor({ upstreamPort: scene.sandbox.port, more })
  const wrong: string[] = []
  const counts = { answers: 0, refused: 0 }
  let cut = 0
  try {
    smallTrail(directory)
    for (let round = 0; round < rounds; round++) {
      const sealgate = await SealgateProcess.start(scene.folder, yaml)
      await harm(sealgate, { directory, draw, fillsDisk, counts })
      const { verdict, findings } = await verify(directory, { nowMs: Date.now() + LATER_MS })
      for (const { what, place } of findings.failures) {
        wrong.push(`seed ${seed}, round ${round}: ${place?.file ?? ''}: ${what}`)
      }
      if (verdict === 'verified') wrong.push(`seed ${seed}, round ${round}: no stream is cut`)
    }
    seal(directory)
    const end = await verify(directory, { nowMs: Date.now() + LATER_MS })
    cut = end.findings.gaps.filter(({ what }) => / is cut after line /.test(what)).length
    if (cut < rounds) wrong.push(`seed ${seed}: ${cut} streams are cut after ${rounds} kills`)
    const unsealed = end.trails[0]?.unsealed
    if (unsealed !== 0) wrong.push(`seed ${seed}: ${unsealed} lines are not sealed at the end`)
  } finally {
    if (fillsDisk) execFileSync('umount', ['-l', directory])
    await scene.close()
  }
  return { kills: rounds, ...counts, cut, wrong }
}

interface Round {
  readonly directory: string
  readonly draw: Draw
  readonly fillsDisk: boolean
  readonly counts: { answers: number; refused: number }
}

/** Sends requests, and kills the program meanwhile. */
async function harm(sealgate: SealgateProcess, round: Round): Promise<void> {
  const { directory, draw, fillsDisk, counts } = round
  let isOver = false
  const senders = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      try {
        const answer = await fetch(`${sealgate.url}/bucket/key`)
        await answer.arrayBuffer()
        if (answer.status === 503) counts.refused++
        else counts.answers++
      } catch {
        await sleep(5)
      }
    }
  })
  const filler = join(directory, 'filler')
  const begun = counts.answers
  await until(() => counts.answers > begun)
  await sleep(draw(600))
  if (fillsDisk && draw(3) > 0) {
    fill(directory, filler)
    const refused = counts.refused
    await until(() => counts.refused > refused)
    await sleep(draw(300))
    if (draw(2) === 0) {
      rmSync(filler)
      await sleep(draw(800))
    }
  }
  const children = childrenOf(sealgate.pid)
  const [child] = children.slice(draw(children.length))
  if (child !== undefined && draw(2) === 0) {
    process.kill(child, 'SIGKILL')
    await sleep(draw(500))
  }
  sealgate.signal('SIGKILL')
  isOver = true
  await Promise.all([...senders, sealgate.end])
  rmSync(filler, { force: true })
}

async function until(isSo: () => boolean): Promise<void> {
  for (let waited = 0; waited < WAIT_MS && !isSo(); waited += 10) await sleep(10)
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map(Number)
}

/** Leaves room for a few lines. */
function fill(directory: string, filler: string): void {
  const { bavail, bsize } = statfsSync(directory)
  try {
    writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - ROOM_BYTES)))
  } catch {
    // The program was quicker: the disk is full.
  }
}

function mount(directory: string): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MEGABYTES}m`, 'tmpfs', directory])
}

/** Returns whether a disk can be mounted here. */
export function canMount(directory: string): boolean {
  try {
    mount(directory)
    execFileSync('umount', [directory])
    return true
  } catch {
    return false
  }
}

import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { DISK, type Disk } from '../../src/trail/disk.ts'
import { Sealer } from '../../src/trail/sealer.ts'
import { type Draw, drawing } from '../support/draw.ts'
import { ORIGIN, StreamFile, sealingKey } from '../support/make-trail.ts'
import { verify } from '../support/sealed-trail.ts'
import { faultyDisk } from './faulty-disk.ts'

/**
 * Makes an honest trail by lives that end as they may: closed, killed within a line, with a batch written
 * twice, or by a power loss that takes what was not synced or leaves zeros in its place; the sealer's
 * disk fails at any step. Gives what `verify` wrongly takes for a forgery; undefined: nothing.
 */
export async function crash(root: string, seed: number): Promise<string | undefined> {
  rmSync(root, { recursive: true, force: true })
  mkdirSync(root, { recursive: true })
  const draw = drawing(seed)
  const workers = draw(2) === 0 ? 1 : 3
  // A trail without any checkpoint cannot be told from one whose tree was removed.
  new StreamFile(root, 'first', 'first'.padEnd(22, '0')).close()
  sealWith(root, DISK)
  for (let life = 0; life < 1 + draw(3); life++) {
    const streams = Array.from({ length: workers }, (_, worker) => {
      const name = `l${life}w${worker}`
      return new StreamFile(root, name, `${name}s${seed}`.padEnd(22, 'x'))
    })
    for (let step = 0; step < 1 + draw(6); step++) {
      for (const stream of streams) stream.request(draw(8))
      if (draw(2) === 0) sealWith(root, faultyDisk(draw(14), draw(2) === 0).disk)
    }
    for (const stream of streams) end(root, stream, draw)
    const found = await problem(root)
    if (found !== undefined) return `seed ${seed}, life ${life}: ${found}`
  }
  sealWith(root, DISK)
  const found = await problem(root)
  return found === undefined ? undefined : `seed ${seed}, sealed: ${found}`
}

function sealWith(directory: string, disk: Disk): void {
  try {
    const sealer = Sealer.open({ disk, directory, origin: ORIGIN, keys: [sealingKey()] })
    sealer.gather()
    sealer.seal()
  } catch {
    // The disk failed: what stands there is what a crash leaves.
  }
}

function end(directory: string, stream: StreamFile, draw: Draw): void {
  const size = statSync(stream.path).size
  const synced = syncedBytes(directory, stream.name)
  switch (draw(6)) {
    case 0:
      stream.close()
      return
    case 1:
      appendFileSync(stream.path, stream.chain.link('{"time":"2026"}').slice(0, 1 + draw(100)))
      return
    case 2: {
      const lines = readFileSync(stream.path, 'utf8').split('\n').slice(-4, -1)
      appendFileSync(stream.path, `${lines.slice(draw(lines.length)).join('\n')}\n`)
      return
    }
    case 3:
      truncateSync(stream.path, synced + draw(size - synced + 1))
      return
    case 4:
      truncateSync(stream.path, synced)
      appendFileSync(stream.path, Buffer.alloc(size - synced))
      return
    default:
      stream.line('{"time":"2026"}')
  }
}

/** What a sealer has signed is on the disk. */
function syncedBytes(directory: string, file: string): number {
  const order = readFileSync(join(directory, 'tree/order'), 'latin1')
  let synced = 0
  for (const line of order.split('\n')) {
    const [, , name, offset, bytes] = line.split(' ')
    if (name === file) synced = Math.max(synced, Number(offset) + Number(bytes))
  }
  return synced
}

async function problem(root: string): Promise<string | undefined> {
  const { verdict, findings } = await verify(root)
  if (verdict !== 'failed') return undefined
  return findings.failures.map(({ what, place }) => `${place?.file}: ${what}`).join('; ')
}

import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { Chain } from '../../src/evidence/chain.ts'
import { ORIGIN, StreamFile, sealingKey, verifierOf } from '../support/make-trail.ts'
import { anchor, seal, smallTrail, verify } from '../support/sealed-trail.ts'

interface Mutation {
  readonly what: string
  /** Why it may stay unseen; undefined: it has to be caught and named. */
  readonly unseen?: string
  readonly apply: (directory: string) => void
}

/**
 * Harms a small sealed trail in every way there is, one at a time: each byte changed, removed, doubled;
 * each line removed, doubled, swapped with the next, cut; each file removed, emptied, cut, doubled; and
 * forges it as whoever can write the files could, with the sealing key and without.
 * `stride`: of bytes, every so many. Gives what was not as it has to be, and how many were tried.
 */
export async function mutate(
  root: string,
  {
    stride,
    hasKey,
    hasAnchor,
  }: { readonly stride: number; readonly hasKey: boolean; readonly hasAnchor: boolean },
): Promise<{ readonly tried: number; readonly wrong: readonly string[] }> {
  const [honest, work, held] = ['honest', 'work', 'held'].map((name) => join(root, name))
  if (honest === undefined || work === undefined || held === undefined)
    throw new Error('no folders')
  rmSync(root, { recursive: true, force: true })
  mkdirSync(root, { recursive: true })
  smallTrail(honest)
  anchor(honest, held, 12)
  if (!hasKey) rmSync(join(honest, 'tree'), { recursive: true })
  const wrong: string[] = []
  let tried = 0
  for (const { what, unseen, apply } of [
    ...mutationsOf(honest, stride, hasKey),
    ...forgeriesOf({ hasKey, hasAnchor }),
  ]) {
    rmSync(work, { recursive: true, force: true })
    cpSync(honest, work, { recursive: true })
    apply(work)
    const { verdict, findings } = await verify(work, {
      keys: hasKey ? [verifierOf()] : [],
      ...(hasAnchor ? { anchor: held } : {}),
    })
    tried++
    const isNamed = findings.failures.length + findings.gaps.length > 0
    const isCaught = verdict !== 'verified' && isNamed
    if (unseen === undefined && !isCaught) wrong.push(`${what}: ${verdict}`)
  }
  return { tried, wrong }
}

function filesOf(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(directory, name)).isFile())
    .sort()
}

function* mutationsOf(honest: string, stride: number, hasKey: boolean): Iterable<Mutation> {
  const of = (file: string, change: string, bytes: Buffer, at = 0): Omit<Mutation, 'apply'> => {
    const what = `${file}: ${change}`
    const unseen = hasKey
      ? unseenBecause(file, change, bytes, at)
      : unsealedBecause(change, bytes, at)
    return unseen === undefined ? { what } : { what, unseen }
  }
  for (const file of filesOf(honest)) {
    const bytes = readFileSync(join(honest, file))
    const write = (next: Buffer | string) => (directory: string) =>
      writeFileSync(join(directory, file), next)
    yield { ...of(file, 'removed', bytes), apply: (dir) => rmSync(join(dir, file)) }
    yield { ...of(file, 'emptied', bytes), apply: (dir) => truncateSync(join(dir, file), 0) }
    for (let at = 0; at < bytes.length; at += stride) {
      const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
      const flipped = Buffer.from(bytes)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      yield { ...of(file, `byte ${at} changed`, bytes, at), apply: write(flipped) }
      yield {
        ...of(file, `byte ${at} removed`, bytes, at),
        apply: write(Buffer.concat([head, tail.subarray(1)])),
      }
      yield {
        ...of(file, `byte ${at} doubled`, bytes, at),
        apply: write(Buffer.concat([head, tail.subarray(0, 1), tail])),
      }
      yield { ...of(file, `cut at ${at}`, bytes, at), apply: write(head) }
    }
    if (file.startsWith('lines/')) yield* lineMutations(file, bytes.toString('utf8'), hasKey)
  }
}

function* lineMutations(file: string, text: string, hasKey: boolean): Iterable<Mutation> {
  const lines = text.split('\n').slice(0, -1)
  const write = (next: readonly string[]) => (directory: string) =>
    writeFileSync(join(directory, file), `${next.join('\n')}\n`)
  for (const [i, line] of lines.entries()) {
    const [before, after] = [lines.slice(0, i), lines.slice(i + 1)]
    yield { what: `${file}: line ${i + 1} removed`, apply: write([...before, ...after]) }
    const isLast = i === lines.length - 1
    const unseen = isLast && !hasKey ? { unseen: NO_LATER_LINE } : {}
    yield {
      what: `${file}: line ${i + 1} forged`,
      ...unseen,
      apply: write([...before, line.replace('"time":"2026', '"time":"2025'), ...after]),
    }
    const [next, ...rest] = after
    if (next === undefined) continue
    yield { what: `${file}: line ${i + 1} swapped`, apply: write([...before, next, line, ...rest]) }
    yield {
      what: `${file}: line ${i + 1} of another`,
      apply: write([...before, next, next, ...rest]),
    }
  }
}

/** Harm by somebody who computes everything anew that he can. */
function forgeriesOf({
  hasKey,
  hasAnchor,
}: {
  readonly hasKey: boolean
  readonly hasAnchor: boolean
}): readonly Mutation[] {
  const otherKey = sealingKey(100)
  const holder = hasAnchor ? {} : { unseen: 'the holder of the key can write all of it anew' }
  const putBack = hasAnchor ? {} : { unseen: 'who writes the folder needs no key for it' }
  const writer = hasKey ? {} : { unseen: 'whoever writes the files can write them all anew' }
  return [
    { what: 'a line edited and the chain computed anew', ...writer, apply: editAndChain },
    {
      what: 'another trail in its place, without a tree',
      ...writer,
      apply: (directory) => anotherTrail(directory),
    },
    {
      what: 'another trail in its place, sealed by another key',
      ...writer,
      apply: (directory) => {
        anotherTrail(directory)
        seal(directory, [otherKey])
      },
    },
    {
      what: 'another trail in its place, sealed by the key',
      ...(hasKey ? holder : writer),
      apply: (directory) => {
        anotherTrail(directory)
        seal(directory)
      },
    },
    {
      what: 'a line edited, chain and tree computed anew, sealed by the key',
      ...(hasKey ? holder : writer),
      apply: (directory) => {
        editAndChain(directory)
        rmSync(join(directory, 'tree'), { recursive: true, force: true })
        seal(directory)
      },
    },
    {
      what: 'all put back to an earlier state that was in order',
      ...(hasKey ? putBack : writer),
      apply: (directory) => {
        anotherTrail(directory, 1)
        seal(directory)
      },
    },
    {
      what: 'all removed',
      ...writer,
      apply: (directory) => {
        rmSync(directory, { recursive: true })
        mkdirSync(directory)
      },
    },
  ]
}

/** A trail that is honest in itself, and closed. */
function anotherTrail(directory: string, requests = 10): void {
  rmSync(directory, { recursive: true })
  const stream = new StreamFile(directory, 'one')
  stream.request(requests)
  stream.close()
}

/** Changes the third line of a file, and links those behind it to it. */
function editAndChain(directory: string): void {
  const path = join(directory, 'lines/one.0000.jsonl')
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  const chain = new Chain(ORIGIN, 'one'.padEnd(22, '0'))
  const forged = lines.map((line, i) => {
    const bare = `${line.slice(0, line.indexOf(',"stream":"'))}}`
    const chained = chain.link(i === 2 ? bare.replace('demo', 'evil') : bare)
    chain.advance(chained)
    return chained
  })
  writeFileSync(path, `${forged.join('\n')}\n`)
}

/** The documented exceptions: none changes what is proved. */
function unseenBecause(
  file: string,
  change: string,
  bytes: Buffer,
  at: number,
): string | undefined {
  if (file === 'tree/vkey') return 'keys come from elsewhere'
  if (file === OLDER && change === 'removed') return 'the newer checkpoint proves the same'
  if (file === 'tree/tile/0/000.p/7' && change === 'removed') return 'the newer tile holds it'
  if (file !== 'tree/order') return undefined
  if (at === bytes.length - 1) return 'what stands behind the last entry is left of a crash'
  const line = bytes.toString('latin1').slice(0, at).split('\n').at(-1) ?? ''
  // A space that becomes another byte, or is doubled, is no entry.
  const isInName = line.split(' ').length === 3 && bytes[at] !== 0x20
  return isInName ? 'names do not matter' : undefined
}

const OLDER = 'tree/checkpoints/00000000000000000007'
const NO_LATER_LINE = 'no later line speaks of it'

/** The same where nothing is sealed. */
function unsealedBecause(change: string, bytes: Buffer, at: number): string | undefined {
  if (change === 'removed') return 'no other stream speaks of it'
  const lastLine = bytes.lastIndexOf(0x0a, bytes.length - 2) + 1
  return at >= lastLine && !change.startsWith('cut') ? NO_LATER_LINE : undefined
}

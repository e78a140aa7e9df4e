import { existsSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { DISK } from '../../src/trail/disk.ts'
import { Sealer } from '../../src/trail/sealer.ts'
import { checkTree } from '../support/check-tree.ts'
import { ORIGIN, StreamFile, sealingKey, verifierKeyOf, verifierOf } from '../support/make-trail.ts'
import { faultyDisk } from './faulty-disk.ts'

function open(directory: string, disk = DISK, keys = [sealingKey()]): Sealer {
  return Sealer.open({ disk, directory, origin: ORIGIN, keys })
}

t.test('whole lines of all files come under a signed root', async (t) => {
  const directory = t.testdir()
  const [one, two] = [new StreamFile(directory, 'one'), new StreamFile(directory, 'two')]
  one.request(5)
  two.request(300)
  const sealer = open(directory)
  t.strictSame(sealer.gather(), { hasMore: false, hasClosed: false })
  t.match(sealer.seal(), { origin: ORIGIN, size: 307 })
  t.equal(sealer.seal(), undefined, 'nothing new')
  one.request(1)
  two.close()
  t.strictSame(sealer.gather(), { hasMore: false, hasClosed: true })
  t.match(sealer.seal(), { size: 309 })
  t.strictSame(checkTree(t, directory), [307, 309])
  t.equal(readFileSync(join(directory, 'tree/vkey'), 'utf8'), `${verifierKeyOf()}\n`)
  t.strictSame(
    readFileSync(join(directory, 'tree/checkpoint')),
    readFileSync(join(directory, 'tree/checkpoints/00000000000000000309')),
  )
  t.equal(readFileSync(join(directory, 'tree/tile/0/000')).length, 8192)
  t.equal(readFileSync(join(directory, 'tree/tile/0/001.p/53')).length, 53 * 32)
  t.notOk(existsSync(join(directory, 'tree/tile/0/000.p')))
})

t.test('a torn line waits for its end', async (t) => {
  const directory = t.testdir()
  const stream = new StreamFile(directory, 'one')
  const whole = readFileSync(stream.path)
  writeFileSync(stream.path, whole.subarray(0, -10))
  const sealer = open(directory)
  sealer.gather()
  t.equal(sealer.seal(), undefined)
  writeFileSync(stream.path, whole)
  sealer.gather()
  t.match(sealer.seal(), { size: 1 })
})

t.test('a sealer goes on where the last one ended', async (t) => {
  const directory = t.testdir()
  const stream = new StreamFile(directory, 'one')
  for (let i = 0; i < 4; i++) {
    stream.request(100)
    const sealer = open(directory)
    t.equal(sealer.setAside, undefined)
    sealer.gather()
    t.match(sealer.seal(), { size: 101 + i * 100 })
  }
  t.strictSame(checkTree(t, directory), [101, 201, 301, 401])
})

t.test('wherever the disk fails or the process dies, what was signed holds', async (t) => {
  for (const isDoneBefore of [false, true]) {
    for (const goesOn of [false, true]) {
      let failsAt = 0
      while (sealWithFault(t, { failsAt, isDoneBefore, goesOn })) {
        failsAt++
        if (failsAt > 100) throw new Error('it never ends')
      }
    }
  }
  t.pass('all places')
})

/** Seals on a disk with a fault, and again without it. Returns whether the fault was reached. */
function sealWithFault(
  t: Test,
  { failsAt, isDoneBefore, goesOn }: { failsAt: number; isDoneBefore: boolean; goesOn: boolean },
): boolean {
  const directory = t.testdir()
  rmSync(directory, { recursive: true })
  const stream = new StreamFile(directory, 'one')
  stream.request(254)
  const first = open(directory)
  first.gather()
  first.seal()
  stream.request(20)
  const { disk, state } = faultyDisk(failsAt, isDoneBefore)
  let sealer = open(directory, disk)
  sealer.gather()
  try {
    sealer.seal()
  } catch (error) {
    t.match(error, { message: 'no space left' })
  }
  checkTree(t, directory)
  if (!state.hasFailed) return false
  stream.request(3)
  if (!goesOn) sealer = open(directory)
  if (sealer.setAside !== undefined) t.fail(sealer.setAside)
  sealer.gather()
  sealer.seal()
  const sizes = checkTree(t, directory)
  if (sizes.at(-1) !== 278) t.fail(`sealed up to ${sizes.at(-1)}`)
  return true
}

t.test('if signed lines are gone, another tree is begun under another name', async (t) => {
  for (const [name, harm] of [
    ['shorter', (path: string) => truncateSync(path, 500)],
    [
      'other',
      (path: string) => writeFileSync(path, readFileSync(path, 'latin1').replace('R7', 'R8')),
    ],
  ] as const) {
    const directory = t.testdir()
    rmSync(directory, { recursive: true })
    const stream = new StreamFile(directory, 'one')
    stream.request(9)
    const before = open(directory)
    before.gather()
    before.seal()
    harm(stream.path)
    const sealer = open(directory)
    t.match(sealer.setAside, /signed$/, name)
    sealer.gather()
    t.match(sealer.seal(), { origin: `${ORIGIN}/1` }, name)
    t.ok(existsSync(join(directory, 'tree-0/checkpoints/00000000000000000010')), name)
    checkTree(t, directory)
    t.equal(open(directory).setAside, undefined, name)
  }
})

t.test('a file that was moved away or compressed after it was sealed is no loss', async (t) => {
  const directory = t.testdir()
  const stream = new StreamFile(directory, 'one')
  stream.close()
  const before = open(directory)
  before.gather()
  before.seal()
  rmSync(stream.path)
  t.equal(open(directory).setAside, undefined)
})

t.test('lines that vanish before they are sealed are not signed', async (t) => {
  const directory = t.testdir()
  const stream = new StreamFile(directory, 'one')
  stream.request(3)
  const sealer = open(directory)
  sealer.gather()
  truncateSync(stream.path, 0)
  t.throws(() => sealer.seal(), { message: /gone before they were sealed/ })
  t.strictSame(checkTree(t, directory), [])
})

t.test('of two sealers the second stops', async (t) => {
  const directory = t.testdir()
  const stream = new StreamFile(directory, 'one')
  const [one, two] = [open(directory), open(directory)]
  one.gather()
  one.seal()
  stream.request(2)
  two.gather()
  t.throws(() => two.seal(), { message: 'another sealer works on this trail' })
  one.gather()
  one.seal()
  t.strictSame(checkTree(t, directory), [1, 3])
})

t.test('a key is changed by a checkpoint that both sign', async (t) => {
  const directory = t.testdir()
  const stream = new StreamFile(directory, 'one')
  const [old, next] = [sealingKey(), sealingKey(64)]
  const seal = (keys: (typeof old)[]) => {
    stream.request(1)
    const sealer = open(directory, DISK, keys)
    sealer.gather()
    return sealer.seal()
  }
  seal([old])
  t.throws(() => seal([next]), { message: /not signed by this key/ })
  t.match(seal([next, old])?.note.toString().split('\n').length, 7)
  t.ok(seal([next]))
  checkTree(t, directory, [verifierOf(old), verifierOf(next)])
  t.equal(
    readFileSync(join(directory, 'tree/vkey'), 'utf8'),
    `${verifierKeyOf(old)}\n${verifierKeyOf(next)}\n`,
  )
})

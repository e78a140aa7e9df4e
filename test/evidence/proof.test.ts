import fc from 'fast-check'
import t from 'tap'
import { isConsistent, rootFromInclusion } from '../../src/evidence/proof.ts'
import { consistencyPath, hashLeaf, inclusionPath, treeRoot } from '../../src/evidence/tree.ts'
import { hashesOf } from './hashes-of.ts'

const SIZE_MAX = 70
const POOL = Array.from({ length: SIZE_MAX }, (_, n) => hashLeaf(Buffer.of(n)))
const READ = hashesOf(POOL)

t.test('every inclusion path leads to the root, and only from its own index', async (t) => {
  for (let size = 1; size <= SIZE_MAX; size++) {
    const root = treeRoot(size, READ)
    for (let index = 0; index < size; index++) {
      const leaf = READ(0, index)
      const path = inclusionPath(index, size, READ)
      if (!rootFromInclusion(index, size, leaf, path)?.equals(root)) t.fail(`${index} of ${size}`)
      const other = (index + 1) % size
      if (size > 1 && rootFromInclusion(other, size, leaf, path)?.equals(root)) {
        t.fail(`${index} taken for ${other} of ${size}`)
      }
    }
  }
  t.equal(rootFromInclusion(1, 1, READ(0, 0), []), undefined)
  t.equal(rootFromInclusion(-1, 1, READ(0, 0), []), undefined)
})

t.test('every consistency path shows the older tree, and no other', async (t) => {
  for (let size = 1; size <= SIZE_MAX; size++) {
    const newer = { size, root: treeRoot(size, READ) }
    for (let oldSize = 1; oldSize <= size; oldSize++) {
      const older = { size: oldSize, root: treeRoot(oldSize, READ) }
      const path = consistencyPath(oldSize, size, READ)
      if (!isConsistent(older, newer, path)) t.fail(`${oldSize} in ${size}`)
      if (isConsistent({ size: oldSize, root: hashLeaf(older.root) }, newer, path)) {
        t.fail(`another root for ${oldSize} in ${size}`)
      }
    }
  }
  t.ok(isConsistent({ size: 0, root: treeRoot(0, READ) }, { size: 1, root: READ(0, 0) }, []))
  t.notOk(isConsistent({ size: 2, root: READ(0, 0) }, { size: 1, root: READ(0, 0) }, []))
})

t.test('a path with a changed, missing or added hash is refused', async (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: SIZE_MAX }),
      fc.nat(),
      fc.nat(),
      fc.constantFrom('change', 'drop', 'add', 'swap'),
      (size, at, where, how) => {
        const index = at % size
        const oldSize = 1 + (at % (size - 1))
        const root = treeRoot(size, READ)
        const older = { size: oldSize, root: treeRoot(oldSize, READ) }
        const inclusion = spoil(inclusionPath(index, size, READ), where, how)
        const consistency = spoil(consistencyPath(oldSize, size, READ), where, how)
        if (inclusion !== undefined) {
          const led = rootFromInclusion(index, size, READ(0, index), inclusion)
          if (led?.equals(root)) return false
        }
        return consistency === undefined || !isConsistent(older, { size, root }, consistency)
      },
    ),
  )
  t.pass('no counterexample')
})

/** The path spoilt in one way; undefined if it would stay the same. */
function spoil(path: readonly Buffer[], where: number, how: string): Buffer[] | undefined {
  const spoilt = [...path]
  const at = path.length === 0 ? 0 : where % path.length
  switch (how) {
    case 'add':
      spoilt.splice(at, 0, hashLeaf(Buffer.from('added')))
      return spoilt
    case 'drop':
      spoilt.splice(at, 1)
      return path.length === 0 ? undefined : spoilt
    case 'change':
      spoilt.splice(at, 1, hashLeaf(Buffer.from('changed')))
      return path.length === 0 ? undefined : spoilt
    default:
      return path.length < 2 ? undefined : spoilt.reverse()
  }
}

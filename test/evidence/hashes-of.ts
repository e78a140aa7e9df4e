import { hashNode, type ReadHash } from '../../src/evidence/tree.ts'

/** Computes the hash of any complete subtree over these leaf hashes. */
export function hashesOf(leaves: readonly Buffer[]): ReadHash {
  const read: ReadHash = (level, index) => {
    if (level > 0) return hashNode(read(level - 1, index * 2), read(level - 1, index * 2 + 1))
    const leaf = leaves[index]
    if (leaf === undefined) throw new Error(`no leaf ${index}`)
    return leaf
  }
  return read
}

import { hashNode } from './tree.ts'

/**
 * Computes the root from a leaf's hash and an inclusion path; undefined if the path does not fit
 * the index and the size. The caller compares the result with a signed root.
 *
 * Source: RFC 9162, section 2.1.3.2
 */
export function rootFromInclusion(
  index: number,
  size: number,
  leaf: Buffer,
  path: readonly Buffer[],
): Buffer | undefined {
  if (!Number.isSafeInteger(index) || index < 0 || index >= size) return undefined
  let root = leaf
  const isWhole = climb(index, size - 1, path, (hash, isLeft) => {
    root = isLeft ? hashNode(hash, root) : hashNode(root, hash)
  })
  return isWhole ? root : undefined
}

/** A tree as a checkpoint names it. */
export interface TreeHead {
  readonly size: number
  readonly root: Buffer
}

/**
 * Whether the path shows that the newer tree begins with the older one.
 *
 * Source: RFC 9162, section 2.1.4.2
 */
export function isConsistent(older: TreeHead, newer: TreeHead, path: readonly Buffer[]): boolean {
  if (older.size > newer.size) return false
  if (older.size === newer.size) return path.length === 0 && older.root.equals(newer.root)
  if (older.size === 0) return path.length === 0
  let node = older.size - 1
  let last = newer.size - 1
  while (isOdd(node)) {
    node = half(node)
    last = half(last)
  }
  // If the older tree is a complete subtree, its root is the first hash.
  const [first, ...rest] = isPowerOfTwo(older.size) ? [older.root, ...path] : path
  if (first === undefined) return false
  let olderRoot = first
  let newerRoot = first
  const isWhole = climb(node, last, rest, (hash, isLeft) => {
    if (isLeft) olderRoot = hashNode(hash, olderRoot)
    newerRoot = isLeft ? hashNode(hash, newerRoot) : hashNode(newerRoot, hash)
  })
  return isWhole && olderRoot.equals(older.root) && newerRoot.equals(newer.root)
}

/**
 * Follows a path from a node up to the root; `last` is the last node of the same level. `join` gets
 * each hash and whether it is on the left. Returns false if the path does not end at the root.
 */
function climb(
  node: number,
  last: number,
  path: readonly Buffer[],
  join: (hash: Buffer, isLeft: boolean) => void,
): boolean {
  let at = node
  let end = last
  for (const hash of path) {
    if (end === 0) return false
    const isLeft = isOdd(at) || at === end
    join(hash, isLeft)
    if (isLeft) {
      while (!isOdd(at) && at !== 0) {
        at /= 2
        end = half(end)
      }
    }
    at = half(at)
    end = half(end)
  }
  return end === 0
}

function isOdd(value: number): boolean {
  return value % 2 === 1
}

/** Shifts would lose the bits above 31. */
function half(value: number): number {
  return Math.floor(value / 2)
}

function isPowerOfTwo(value: number): boolean {
  return 2 ** Math.round(Math.log2(value)) === value
}

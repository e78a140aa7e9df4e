import { hash } from 'node:crypto'

/** Bytes of a hash: SHA-256. */
export const HASH_BYTES = 32

/**
 * The hash of a complete subtree: the 2^`level` leaves from `index` × 2^`level` on. Level 0 is the
 * leaf itself.
 */
export type ReadHash = (level: number, index: number) => Buffer

const EMPTY_ROOT = sha256(Buffer.alloc(0))
/**
 * Reused buffers for a leaf's data and a node's two children after their prefixes, to avoid
 * allocations.
 */
const LEAF = Buffer.alloc(1 + 65_536, 0)
const NODE = Buffer.alloc(1 + 2 * HASH_BYTES, 1)

/**
 * The hash of a leaf. The prefix keeps a leaf from being taken for a node.
 *
 * Source: RFC 6962, section 2.1
 */
export function hashLeaf(data: Buffer): Buffer {
  if (data.length >= LEAF.length) return sha256(Buffer.concat([LEAF.subarray(0, 1), data]))
  data.copy(LEAF, 1)
  return sha256(LEAF.subarray(0, 1 + data.length))
}

/**
 * The same as a string of 32 characters, one for each byte, which costs less to make and to compare; `leaf`
 * is the byte 0 and the data.
 */
export function hashPrefixedLeaf(leaf: Buffer): string {
  return sha256Text(leaf)
}

/** The hash of a node over its two children. Source: RFC 6962, section 2.1 */
export function hashNode(left: Buffer, right: Buffer): Buffer {
  left.copy(NODE, 1)
  right.copy(NODE, 1 + HASH_BYTES)
  return sha256(NODE)
}

/** The root over `count` hashes that stand one after the other, from the byte `start` on; a power of two. */
export function foldHashes(hashes: Buffer, start: number, count: number): Buffer {
  const level = Buffer.from(hashes.subarray(start, start + count * HASH_BYTES))
  for (let width = count; width > 1; width /= 2) {
    for (let at = 0; at < width * HASH_BYTES; at += 2 * HASH_BYTES) {
      level.copy(NODE, 1, at, at + 2 * HASH_BYTES)
      level.write(sha256Text(NODE), at / 2, 'latin1')
    }
  }
  return level.subarray(0, HASH_BYTES)
}

function sha256(data: Buffer): Buffer {
  return Buffer.from(sha256Text(data), 'latin1')
}

/** Returns a string: a Buffer from OpenSSL costs a microsecond more (measured, Node 20). */
function sha256Text(data: Buffer): string {
  return hash('sha256', data, 'binary')
}

/** The root of the tree over the first `size` leaves. Source: RFC 6962, section 2.1 */
export function treeRoot(size: number, read: ReadHash): Buffer {
  return size === 0 ? EMPTY_ROOT : rangeRoot(0, size, read)
}

/**
 * The hashes that lead from the leaf at `index` to the root of the tree of `size` leaves, from the
 * bottom up; `index` is below `size`.
 *
 * Source: RFC 6962, section 2.1.1 (PATH)
 */
export function inclusionPath(index: number, size: number, read: ReadHash): readonly Buffer[] {
  const path: Buffer[] = []
  let start = 0
  let end = size
  while (end - start > 1) {
    const middle = start + splitOf(end - start)
    if (index < middle) {
      path.push(rangeRoot(middle, end, read))
      end = middle
    } else {
      path.push(rangeRoot(start, middle, read))
      start = middle
    }
  }
  return path.reverse()
}

/**
 * The hashes that show that the tree of `size` leaves begins with the tree of `oldSize` leaves;
 * 0 < `oldSize` ≤ `size`. Empty if the sizes are equal.
 *
 * Source: RFC 6962, section 2.1.2 (PROOF)
 */
export function consistencyPath(oldSize: number, size: number, read: ReadHash): readonly Buffer[] {
  const path: Buffer[] = []
  let start = 0
  let end = size
  while (end !== oldSize) {
    const middle = start + splitOf(end - start)
    if (oldSize <= middle) {
      path.push(rangeRoot(middle, end, read))
      end = middle
    } else {
      path.push(rangeRoot(start, middle, read))
      start = middle
    }
  }
  // The verifier knows the old root itself: it is named only if it is an inner subtree of the new tree.
  if (start !== 0) path.push(rangeRoot(start, end, read))
  return path.reverse()
}

/** The root over the leaves from `start` up to, not including, `end`; `start` is aligned as a subtree. */
function rangeRoot(start: number, end: number, read: ReadHash): Buffer {
  const width = end - start
  const split = splitOf(width)
  if (width === 1 || split * 2 === width) {
    return read(Math.round(Math.log2(width)), start / width)
  }
  return hashNode(rangeRoot(start, start + split, read), rangeRoot(start + split, end, read))
}

/** The largest power of two below `size`; 1 for a size of 1. */
function splitOf(size: number): number {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

import { hash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { openNote } from '../../src/evidence/note.ts'
import { verifierOf } from './make-trail.ts'

/**
 * Builds the roots of all checkpoints from the lines, by RFC 6962's own definition, and compares them
 * with what was signed. Gives the sizes.
 */
export function checkTree(t: Test, directory: string, keys = [verifierOf()]): readonly number[] {
  const tree = join(directory, 'tree')
  const leaves = readLeaves(directory, tree)
  const folder = join(tree, 'checkpoints')
  const all = existsSync(folder) ? readdirSync(folder).sort() : []
  // A crash may have left a temporary file.
  const names = all.filter((name) => !name.endsWith('.tmp'))
  for (const name of names) {
    const opened = openNote(readFileSync(join(folder, name)), keys)
    if (!opened.ok) throw new Error(`${name}: ${opened.error}`)
    const [, size, root] = opened.value.text.split('\n')
    if (Number(size) !== Number(name)) throw new Error(`${name} is of ${size}`)
    if (rootOf(leaves.slice(0, Number(size))).toString('base64') !== root) {
      t.fail(`the root at ${size} is another`)
    }
  }
  return names.map(Number)
}

/** The hashes of the lines, in the order of the tree. */
function readLeaves(directory: string, tree: string): readonly Buffer[] {
  const leaves: Buffer[] = []
  const order = existsSync(join(tree, 'order')) ? readFileSync(join(tree, 'order'), 'utf8') : ''
  for (const entry of order.split('\n').slice(0, -1)) {
    const [first, count, file = '', offset, bytes] = entry.split(' ')
    if (Number(first) !== leaves.length) throw new Error(`order: ${entry}`)
    const end = Number(offset) + Number(bytes)
    const lines = readFileSync(join(directory, 'lines', file)).subarray(Number(offset), end)
    const texts = lines.toString('latin1').split('\n').slice(0, -1)
    if (texts.length !== Number(count)) throw new Error(`lines: ${entry}`)
    for (const text of texts) leaves.push(sha256(Buffer.from(`\0${text}`, 'latin1')))
  }
  return leaves
}

function rootOf(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves
  if (only === undefined) return sha256(Buffer.alloc(0))
  if (leaves.length === 1) return only
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  const parts = [Buffer.of(1), rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split))]
  return sha256(Buffer.concat(parts))
}

function sha256(data: Buffer): Buffer {
  return hash('sha256', data, 'buffer')
}

import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { blocksUnder } from '../support/pages.ts'
import { smallTrail } from '../support/sealed-trail.ts'

/** What the page tells people to type. */
const [TYPED] = blocksUnder('docs/evidence.md', 'By hand', 'sh', 1)

function hasTools(): boolean {
  return ['bash', 'openssl', 'basenc', 'sha256sum'].every(
    (name) => spawnSync('which', [name]).status === 0,
  )
}

function verifyByHand(trail: string): string {
  const { stdout, stderr } = spawnSync('bash', ['-c', TYPED?.text ?? ''], {
    cwd: dirname(trail),
    encoding: 'utf8',
  })
  return stdout + stderr
}

const skip = hasTools() ? false : 'needs bash, openssl and coreutils'

t.test('the page verifies a trail with public tools', { skip }, async (t) => {
  const trail = join(t.testdir(), 'audit')
  smallTrail(trail)
  t.equal(verifyByHand(trail), 'the lines lead to the root\nSignature Verified Successfully\n')

  const file = join(trail, 'lines/one.0000.jsonl')
  const honest = readFileSync(file, 'utf8')
  writeFileSync(file, honest.replace('"R2"', '"R9"'))
  t.match(verifyByHand(trail), /^BROKEN CHAIN: .*\nANOTHER ROOT\nSignature Verified/s)
  writeFileSync(file, honest)

  const checkpoint = join(trail, 'tree/checkpoint')
  const note = readFileSync(checkpoint, 'utf8')
  writeFileSync(checkpoint, note.replace('\n12\n', '\n11\n'))
  t.match(verifyByHand(trail), /^ANOTHER ROOT\nSignature Verification Failure/)
  writeFileSync(checkpoint, note)

  appendFileSync(file, 'a line that no checkpoint covers\n')
  execFileSync('gzip', ['-k', file])
  t.match(verifyByHand(trail), /^the lines lead to the root\nSignature Verified/)
})

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseVerifierKey } from '../../src/evidence/note.ts'
import { checkTree } from '../support/check-tree.ts'
import { ORIGIN, StreamFile } from '../support/make-trail.ts'
import { Program } from '../support/program.ts'
import { run } from './fake-terminal.ts'

t.test(
  'a key is made for an origin, seals a trail, and is verified by what was printed',
  async (t) => {
    const directory = t.testdir()
    const key = join(directory, 'key.pem')
    const made = await run(['audit', 'keygen', '--origin', ORIGIN, '--out', key])
    t.equal(made.code, 0, made.stderr)
    t.equal(statSync(key).mode & 0o777, 0o600)
    const verifier = parseVerifierKey(made.stdout)
    if (!verifier.ok) throw new Error(verifier.error)
    t.equal(
      (await run(['audit', 'keygen', '--origin', ORIGIN, '--out', key])).code,
      1,
      'not over it',
    )
    t.equal((await run(['audit', 'keygen', '--origin', 'a b', '--out', `${key}2`])).code, 2)

    const stream = new StreamFile(directory, 'one')
    stream.request(3)
    const sealed = await run(['audit', 'seal', '--dir', directory, '--key', key])
    t.equal(sealed.code, 0, sealed.stderr)
    t.match(sealed.stdout, /^sealed audit\.example\.com\/sealgate\/gw-0 4 \S{44}\n$/)
    t.strictSame(checkTree(t, directory, [verifier.value]), [4])

    stream.request(2)
    const following = Program.sealgate([
      'audit',
      'seal',
      '--dir',
      directory,
      '--key',
      key,
      '--follow',
    ])
    await following.waitFor(/sealed \S+ 6 /)
    stream.close()
    await following.waitFor(/sealed \S+ 7 /)
    stream.line('{"time":"2026-11-28T16:00:00.000Z"}')
    t.equal(await following.stop(), 0)
    t.strictSame(checkTree(t, directory, [verifier.value]), [4, 6, 7, 8])
  },
)

t.test('what is no key is told without its text', async (t) => {
  const directory = t.testdir({ 'key.pem': 'secret text' })
  const { code, stderr } = await run([
    'audit',
    'seal',
    '--dir',
    directory,
    '--key',
    `${directory}/key.pem`,
  ])
  t.equal(code, 2)
  t.match(stderr, /holds no Ed25519 private key/)
  t.notMatch(stderr, /secret text/)
  t.match(readFileSync(`${directory}/key.pem`, 'utf8'), 'secret')
})

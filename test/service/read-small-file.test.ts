import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readSmallFile } from '../../src/service/read-small-file.ts'

t.test('text is read whole, and nothing that blocks or grows', async (t) => {
  const folder = t.testdir({ 'a.yaml': 'name: ä\n' })
  t.equal(await readSmallFile(join(folder, 'a.yaml')), 'name: ä\n')
  await t.rejects(readSmallFile(join(folder, 'none')), { code: 'ENOENT' })
  await t.rejects(readSmallFile(folder), /it is no file/)
  await t.rejects(readSmallFile('/dev/zero'), /it is no file/)
  const pipe = join(folder, 'pipe.yaml')
  execFileSync('mkfifo', [pipe])
  await t.rejects(readSmallFile(pipe), /it is no file/)
  const large = join(folder, 'large')
  writeFileSync(large, 'x'.repeat(256 * 1024 + 1))
  await t.rejects(readSmallFile(large), /more than 262144 bytes/)
})

import { readFileSync } from 'node:fs'
import t from 'tap'
import { DOCUMENT, pageOf } from './page.ts'
import { SERVERS } from './servers.ts'
import { keptSnapshot } from './snapshot.ts'

t.test(`${DOCUMENT} is what the kept tables say`, async (t) => {
  t.equal(readFileSync(DOCUMENT, 'utf8'), pageOf(SERVERS, keptSnapshot))
})

t.test('each server has a table of its version', async (t) => {
  for (const { name, version } of SERVERS) t.equal(keptSnapshot(name)?.version, version, name)
})

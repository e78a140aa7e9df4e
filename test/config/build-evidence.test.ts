import t from 'tap'
import { loaded, problems, SOUND } from '../support/load-config.ts'

const ORIGIN = 'audit.example.com/sealgate/gw-0'

t.test('evidence has a folder, relative to the file', async (t) => {
  const audit = { evidence: { origin: ORIGIN, directory: './audit' } }
  const { evidence } = (await loaded({ ...SOUND, audit })).audit
  t.match(evidence, { origin: ORIGIN, directory: '/etc/sealgate/audit' })
  t.equal((await loaded(SOUND)).audit.evidence, undefined)
})

t.test('without a folder the lines of a destination are chained', async (t) => {
  const audit = { destination: 'stdout', evidence: { origin: ORIGIN } }
  t.match((await loaded({ ...SOUND, audit })).audit, {
    destination: 'stdout',
    evidence: { origin: ORIGIN, directory: undefined },
  })
})

t.test('lines cannot go to stdout and into a folder', async (t) => {
  const evidence = { origin: ORIGIN, directory: './audit' }
  const refused = await problems({ ...SOUND, audit: { destination: 'stdout', evidence } })
  t.match(refused, [/audit\.evidence\.directory: .*take audit\.destination out$/])
  const { warnings } = await loaded({ ...SOUND, audit: { destination: './a.jsonl', evidence } })
  t.match(warnings, [{ path: 'audit.evidence.directory' }])
})

t.test('an origin can be the name of a key', async (t) => {
  for (const origin of ['', 'a b', 'a+b', 'a\u2003b', 'x'.repeat(201)]) {
    const found = await problems({ ...SOUND, audit: { evidence: { origin } } })
    t.match(found, [/audit\.evidence\.origin: /], origin)
  }
})

t.test('a key seals a folder; it is not read here', async (t) => {
  const key = { file: 'seal.pem', previousFile: '/run/old.pem' }
  const audit = { evidence: { origin: ORIGIN, directory: './audit', key, every: '5m' } }
  t.match((await loaded({ ...SOUND, audit })).audit.evidence, {
    key: { file: '/etc/sealgate/seal.pem', previousFile: '/run/old.pem' },
    everyMs: 300_000,
  })
  const found = await problems({ ...SOUND, audit: { evidence: { origin: ORIGIN, key } } })
  t.match(found, [/audit\.evidence\.key: directory is missing/])
})

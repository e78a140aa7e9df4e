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

t.test('an anchor is a bucket or a folder, of a trail that is sealed here', async (t) => {
  const sealed = { origin: ORIGIN, directory: './audit', key: { file: 'seal.pem' } }
  for (const [anchor, expected] of [
    [
      { bucket: 'anchor-1', prefix: 'p/', retain: '400d' },
      { kind: 'bucket', bucket: 'anchor-1', prefix: 'p/', retainMs: 400 * 86_400_000 },
    ],
    [
      { bucket: 'anchor-1', retain: '2h' },
      { prefix: '', retainMs: 7_200_000 },
    ],
    [{ bucket: 'anchor-1' }, { retainMs: undefined }],
    [{ directory: './held' }, { kind: 'folder', directory: '/etc/sealgate/held' }],
  ] as const) {
    const { evidence } = (await loaded({ ...SOUND, audit: { evidence: { ...sealed, anchor } } }))
      .audit
    t.match(evidence?.anchor, expected)
  }
  for (const anchor of [
    { bucket: 'A_B' },
    { bucket: 'anchor-1', retain: '1y' },
    { directory: '' },
    'x',
  ]) {
    t.match(await problems({ ...SOUND, audit: { evidence: { ...sealed, anchor } } }), [/anchor/])
  }
  const { key: _, ...unsealed } = sealed
  const audit = { evidence: { ...unsealed, anchor: { directory: './held' } } }
  t.match(await problems({ ...SOUND, audit }), [/anchor: key is missing/])
})

import fc from 'fast-check'
import t from 'tap'
import {
  type ClientFiles,
  haveChanged,
  readClientFiles,
  refusedFiles,
} from '../../src/config/client-directory.ts'
import { loadConfig } from '../../src/config/load.ts'
import { formatProblem } from '../../src/config/problems.ts'
import { SOUND } from '../support/load-config.ts'

const SECRET = 'a-secret-of-some-length'
const CLIENTS = '/etc/sealgate/clients'

type Disk = Record<string, string>

function clientOf(name: string, more = ''): string {
  return `name: ${name}\naccessKeyId: SG${name}\nsecretAccessKey: ${SECRET}\nbuckets: ['${name}-*']\n${more}`
}

/** A folder in memory; counts what is read. */
function readerOf(disk: Disk) {
  const reads: string[] = []
  return {
    reads,
    env: {},
    listFolder: async (folder: string) =>
      Object.keys(disk)
        .filter((path) => path.startsWith(`${folder}/`))
        .map((path) => path.slice(folder.length + 1)),
    readFile: async (path: string) => {
      reads.push(path)
      const text = disk[path]
      if (text === undefined) throw Object.assign(new Error('no'), { code: 'ENOENT' })
      return text
    },
  }
}

async function read(files: Disk, before?: ClientFiles, check = () => undefined) {
  const disk = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [
      name.startsWith('/') ? name : `${CLIENTS}/${name}`,
      text,
    ]),
  )
  const found = await readClientFiles(CLIENTS, readerOf(disk), before, check)
  if ('problem' in found) throw new Error(found.problem)
  return found
}

function namesOf({ files }: ClientFiles): readonly (string | undefined)[] {
  return [...files.values()].map(({ accepted }) => accepted?.client.name)
}

function problemsOf(files: ClientFiles): readonly string[] {
  return refusedFiles(files).map((problem) => formatProblem('/config', problem))
}

t.test('each file is a client; files of others, of editors and of kubelet are none', async (t) => {
  const found = await read({
    'b.yaml': clientOf('b'),
    'a.yml': clientOf('a'),
    'c.json': JSON.stringify({ name: 'c', anonymous: true, buckets: ['*'] }),
    '..data': 'kubelet',
    '.b.yaml.swp': 'vim',
    '.hidden.yaml': 'hidden',
    'b.yaml~': 'emacs',
    'README.md': 'text',
    'a.secret': SECRET,
  })
  t.strictSame(namesOf(found), ['a', 'b', 'c'])
  t.strictSame(problemsOf(found), [])
})

t.test('a problem names file, line and setting, and no secret', async (t) => {
  const found = await read({
    'a.yaml': clientOf('a', 'buckts: []\nrequests: lots\n'),
    'b.yaml': 'name: [',
    'c.yaml': '',
    'd.yaml': clientOf('d', 'upstream: { source: static }\n'),
    'e.yaml': 'x'.repeat(65_537),
    'f.yaml': '- name: f',
  })
  const problems = problemsOf(found)
  t.match(problems[0], `${CLIENTS}/a.yaml:5:1: buckts: unknown key; did you mean buckets?`)
  t.match(problems[1], `${CLIENTS}/a.yaml:6:1: requests: write a number`)
  for (const name of ['b', 'c', 'd', 'e', 'f']) {
    t.ok(
      problems.some((problem) => problem.startsWith(`${CLIENTS}/${name}.yaml`)),
      name,
    )
  }
  t.notMatch(problems.join(), SECRET)
})

t.test('secrets in files are relative to the file that names them', async (t) => {
  const text = "name: a\naccessKeyId: SGA\nsecretAccessKey: { file: a.secret }\nbuckets: ['*']\n"
  const disk = { 'a.yaml': text, [`${CLIENTS}/a.secret`]: `${SECRET}\n` }
  const first = await read(disk)
  const file = [...first.files.values()][0]
  t.match(file?.accepted?.client.identity, { secretAccessKeys: [SECRET] })
  const same = await read(disk, first)
  t.equal([...same.files.values()][0]?.accepted, file?.accepted)
  const next = await read({ ...disk, [`${CLIENTS}/a.secret`]: 'another-secret-of-length' }, first)
  const renewed = [...next.files.values()][0]?.accepted
  t.match(renewed?.client.identity, { secretAccessKeys: ['another-secret-of-length'] })
  const gone = await read({ 'a.yaml': text }, next)
  t.match(problemsOf(gone), [/a\.yaml:3:1: secretAccessKey: cannot read .*a\.secret: no such file/])
  t.equal([...gone.files.values()][0]?.accepted, renewed, 'it keeps the client that it had')
})

t.test('only files that changed are parsed again', async (t) => {
  const before = await read({ 'a.yaml': clientOf('a'), 'b.yaml': clientOf('b') })
  const after = await read(
    { 'a.yaml': clientOf('a'), 'b.yaml': clientOf('b', "prefixes: ['in/*']\n") },
    before,
  )
  const [a, b] = [...after.files.values()]
  t.equal(a?.accepted, before.files.get(`${CLIENTS}/a.yaml`)?.accepted)
  t.strictSame(b?.accepted?.client.prefixes, ['in/'])
})

t.test(
  'a file that is refused keeps its client, a new one has none, a gone one is gone',
  async (t) => {
    const before = await read({
      'a.yaml': clientOf('a'),
      'b.yaml': clientOf('b'),
      'c.yaml': clientOf('c'),
    })
    const after = await read(
      { 'a.yaml': 'name: [', 'b.yaml': clientOf('b'), 'd.yaml': '{}' },
      before,
    )
    t.strictSame(namesOf(after), ['a', 'b', undefined])
    t.equal(problemsOf(after).filter((text) => text.includes('a.yaml')).length, 1)
    const repaired = await read(
      {
        'a.yaml': clientOf('a', "prefixes: ['x/*']\n"),
        'b.yaml': clientOf('b'),
        'd.yaml': clientOf('d'),
      },
      after,
    )
    t.strictSame(namesOf(repaired), ['a', 'b', 'd'])
    t.strictSame(problemsOf(repaired), [])
  },
)

t.test('a new file cannot take the name, the key or the place of another', async (t) => {
  const before = await read({ 'm.yaml': clientOf('m'), 'n.yaml': clientOf('n') })
  const stolenKey = clientOf('x').replace('SGx', 'SGm')
  const after = await read(
    {
      'm.yaml': clientOf('m'),
      'n.yaml': clientOf('m'),
      'a.yaml': clientOf('m'),
      'b.yaml': stolenKey,
    },
    before,
  )
  t.strictSame(namesOf(after), [undefined, undefined, 'm', 'n'])
  t.match(problemsOf(after), [
    /a\.yaml: name: .*m\.yaml has the name m; rename one/,
    /b\.yaml: accessKeyId: .*m\.yaml has the same key id/,
    /n\.yaml: name: .*m\.yaml has the name m/,
  ])
  const swapped = await read({ 'm.yaml': clientOf('n'), 'n.yaml': clientOf('m') }, before)
  t.strictSame(namesOf(swapped), ['n', 'm'], 'two files may change places')
  const nobody = (name: string) => `name: ${name}\nanonymous: true\nbuckets: ['*']\n`
  const two = await read({ 'a.yaml': nobody('a'), 'b.yaml': nobody('b') })
  t.match(problemsOf(two), [/b\.yaml: anonymous: .*a\.yaml is anonymous/])
})

t.test('a client that does not fit to the configuration any more is not kept', async (t) => {
  const disk = { 'a.yaml': clientOf('a') }
  const before = await read(disk)
  const unfit = (_: unknown, report: (path: string[], text: string) => void) =>
    report(['name'], 'does not fit')
  for (const files of [disk, { 'a.yaml': 'name: [' }]) {
    const after = await read(files, before, unfit as never)
    t.strictSame(namesOf(after), [undefined])
    t.equal(problemsOf(after).length, 1)
  }
})

t.test('nor is it if its file asks for what another has', async (t) => {
  const issuer = 'webIdentity: { issuer: gone, subjects: [a] }'
  const before = await read({
    'a.yaml': clientOf('a'),
    'b.yaml': `name: b\n${issuer}\nbuckets: ['*']\n`,
  })
  t.strictSame(namesOf(before), ['a', 'b'])
  const disk = readerOf({
    [`${CLIENTS}/a.yaml`]: clientOf('a'),
    [`${CLIENTS}/b.yaml`]: clientOf('a'),
  })
  const after = await readClientFiles(CLIENTS, disk, before, ({ identity }, report) => {
    if (identity.kind === 'web-identity') report(['webIdentity'], 'no such issuer')
  })
  if ('problem' in after) throw new Error(after.problem)
  t.strictSame(namesOf(after), ['a', undefined])
})

t.test('changes are seen: new, gone, other, other secret; a refused one only once', async (t) => {
  const text = "name: a\naccessKeyId: SGA\nsecretAccessKey: { file: s }\nbuckets: ['*']\n"
  const at = (name: string) => `${CLIENTS}/${name}`
  const disk: Disk = { [at('a.yaml')]: text, [at('s')]: SECRET, [at('b.yaml')]: 'name: [' }
  const files = await readClientFiles(CLIENTS, readerOf(disk), undefined, () => undefined)
  if ('problem' in files) throw new Error(files.problem)
  const isChanged = (changes: Disk) => haveChanged(files, readerOf({ ...disk, ...changes }))
  t.equal(await isChanged({}), false)
  t.equal(await isChanged({ [at('notes.txt')]: '' }), false)
  t.equal(await isChanged({ [at('c.yaml')]: '' }), true)
  t.equal(await isChanged({ [at('b.yaml')]: 'name: ]' }), true)
  t.equal(await isChanged({ [at('s')]: 'another' }), true)
  const { [at('b.yaml')]: _, ...without } = disk
  t.equal(await haveChanged(files, readerOf(without)), true)
})

const CONTENT = fc.constantFrom('broken: [', 'a', 'b', 'c', 'gone')
const STATE = fc.record({ '1.yaml': CONTENT, '2.yaml': CONTENT, '3.yaml': CONTENT })

/** Whether names are unique, and every file that has not changed has its client of before. */
function isSound(files: Disk, after: ClientFiles, before: ClientFiles | undefined): boolean {
  const names = namesOf(after).filter((name) => name !== undefined)
  if (new Set(names).size !== names.length) return false
  return [...after.files].every(([path, { accepted }]) => {
    const earlier = before?.files.get(path)?.accepted
    const isSame = earlier?.text === files[path.slice(CLIENTS.length + 1)]
    return earlier === undefined || !isSame || accepted === earlier
  })
}

t.test('property: names stay unique, and who is in use loses nothing to others', async () => {
  const textOf = (content: string) => (content.length === 1 ? clientOf(content) : content)
  await fc.assert(
    fc.asyncProperty(fc.array(STATE, { minLength: 1, maxLength: 6 }), async (states) => {
      let before: ClientFiles | undefined
      for (const state of states) {
        const present = Object.entries(state).filter(([, content]) => content !== 'gone')
        if (present.length === 0) continue
        const files: Disk = Object.fromEntries(
          present.map(([name, content]) => [name, textOf(content)]),
        )
        const after = await read(files, before)
        if (!isSound(files, after, before)) return false
        before = after
      }
      return true
    }),
  )
})

async function load(disk: Disk, clientFiles?: ClientFiles, sections: object = {}) {
  const reader = readerOf({
    ...disk,
    '/etc/sealgate/config.yaml': JSON.stringify({
      ...SOUND,
      clients: { directory: 'clients' },
      ...sections,
    }),
  })
  const loaded = await loadConfig({ path: '/etc/sealgate/config.yaml', ...reader, clientFiles })
  return loaded.ok
    ? loaded.value
    : loaded.error.problems.map((problem) => formatProblem('config.yaml', problem))
}

t.test('a configuration with a directory of clients', async (t) => {
  const disk = { [`${CLIENTS}/a.yaml`]: clientOf('a'), [`${CLIENTS}/b.yaml`]: clientOf('b') }
  const config = await load(disk)
  t.match(config, { clients: [{ name: 'a' }, { name: 'b' }], clientFiles: { directory: CLIENTS } })
  const broken = { ...disk, [`${CLIENTS}/a.yaml`]: 'name: [' }
  t.match(await load(broken), [/^\/etc\/sealgate\/clients\/a\.yaml:1:8: not valid YAML/], 'a start')
  const { clientFiles } = config as { clientFiles: ClientFiles }
  t.match(await load(broken, clientFiles), { clients: [{ name: 'a' }, { name: 'b' }] }, 'a reload')
  t.match(await load({}), [/^config\.yaml:1:\d+: clients\.directory: has no file \*\.yaml/])
  const tokens = 'name: t\nbuckets: [b]\nwebIdentity: { issuer: cluster, subjects: [s] }\n'
  t.match(await load({ [`${CLIENTS}/t.yaml`]: tokens }), [
    /t\.yaml:3:16: webIdentity\.issuer: no issuer has this name; sts\.issuers is missing/,
  ])
  const anonymous = 'name: t\nbuckets: [b]\nanonymous: true\n'
  t.match(
    await load({ [`${CLIENTS}/t.yaml`]: anonymous }, undefined, {
      listen: [{ address: ':80', hosts: ['h'] }],
    }),
    [/t\.yaml:3:1: anonymous: anyone could use it/],
  )
  t.match(await load(disk, undefined, { clients: { directory: 'clients', name: 'a' } }), [
    /clients\.name: unknown key/,
  ])
  t.match(await load(disk, undefined, { clients: [{ name: 1, buckets: ['b'] }] }), [
    /clients\[0\]\.name: must be text/,
  ])
  t.match(await load(disk, undefined, { clients: 'all' }), [
    /clients: must be a list, or \{ directory: PATH \}$/,
  ])
})

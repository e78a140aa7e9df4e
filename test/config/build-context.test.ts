import t from 'tap'
import {
  type BuildContext,
  readNamedFile,
  readSecret,
  reasonOf,
  resolvePath,
  SECRET_CHARS_ADVISED,
  SECRET_CHARS_MAX,
  SECRET_CHARS_MIN,
} from '../../src/config/build-context.ts'
import { formatPath } from '../../src/config/problems.ts'

function context(files: Readonly<Record<string, string>> = {}) {
  const problems: string[] = []
  const warnings: string[] = []
  const built: BuildContext = {
    directory: '/etc/sealgate',
    readFile: async (path) => {
      const text = files[path]
      if (text === undefined) throw Object.assign(new Error('no'), { code: 'ENOENT' })
      return text
    },
    report: (path, message) => problems.push(`${formatPath(path)}: ${message}`),
    warn: (path, message) => warnings.push(`${formatPath(path)}: ${message}`),
  }
  return { built, problems, warnings }
}

t.test('relative paths start at the folder of the configuration', async (t) => {
  const { built } = context()
  t.equal(resolvePath(built, 'secrets/a'), '/etc/sealgate/secrets/a')
  t.equal(resolvePath(built, '../a'), '/etc/a')
  t.equal(resolvePath(built, '/run/a'), '/run/a')
})

t.test('a secret in a file loses one newline at its end and no more', async (t) => {
  for (const [text, expected] of [
    ['a-secret-of-some-length', 'a-secret-of-some-length'],
    ['a-secret-of-some-length\n', 'a-secret-of-some-length'],
    ['a-secret-of-some-length\r\n', 'a-secret-of-some-length'],
    ['a-secret-of-some-length\n\n', undefined],
    ['a-secret of-some-length', undefined],
    ['', undefined],
  ] as const) {
    const { built } = context({ '/etc/sealgate/s': text })
    t.equal(await readSecret(built, ['s'], { file: 's' }), expected, JSON.stringify(text))
  }
})

t.test('lengths of secrets have limits', async (t) => {
  for (const [length, isTaken, isWarned] of [
    [SECRET_CHARS_MIN - 1, false, false],
    [SECRET_CHARS_MIN, true, true],
    [SECRET_CHARS_ADVISED - 1, true, true],
    [SECRET_CHARS_ADVISED, true, false],
    [SECRET_CHARS_MAX, true, false],
    [SECRET_CHARS_MAX + 1, false, false],
  ] as const) {
    const { built, problems, warnings } = context()
    const secret = await readSecret(built, ['s'], 'x'.repeat(length))
    t.equal(secret !== undefined, isTaken, `${length} taken`)
    t.equal(problems.length, isTaken ? 0 : 1, `${length} reported`)
    t.equal(warnings.length, isWarned ? 1 : 0, `${length} warned`)
  }
})

t.test('messages never hold the secret', async (t) => {
  const { built, problems, warnings } = context()
  await readSecret(built, ['s'], 'hunter2')
  await readSecret(built, ['s'], 'hunter2 hunter2')
  await readSecret(built, ['s'], 'hunter2-hunter2')
  t.equal(problems.length + warnings.length, 3)
  t.notMatch([...problems, ...warnings].join(), /hunter2/)
})

t.test('a file that cannot be read is reported with its reason', async (t) => {
  const { built, problems } = context()
  t.equal(await readNamedFile(built, ['a', 'b'], 'c'), undefined)
  t.strictSame(problems, ['a.b: cannot read /etc/sealgate/c: no such file'])
})

t.test('an error of the file system is described in plain words', async (t) => {
  for (const [code, words] of [
    ['ENOENT', 'no such file'],
    ['EACCES', 'no permission to read it'],
    ['EPERM', 'no permission to read it'],
    ['EISDIR', 'it is a folder'],
    ['EIO', 'message'],
  ] as const) {
    t.equal(reasonOf(Object.assign(new Error('message'), { code })), words)
  }
  t.equal(reasonOf('odd'), 'odd')
})

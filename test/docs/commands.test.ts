import { existsSync, readFileSync } from 'node:fs'
import type { CommandUnknownOpts as Command } from '@commander-js/extra-typings'
import t from 'tap'
import { buildProgram } from '../../src/cli/program.ts'
import { type Block, blocksOf, PAGES, proseOf, readBlocks } from '../support/pages.ts'
import { sealgateArguments, simpleCommands } from './shell-words.ts'
import { EXCUSES, WHERE_RUN } from './where-run.ts'

/** What the fenced blocks of pages are written in; `text`: what a program prints, forms, names. */
const LANGUAGES = [
  'sh',
  'text',
  'yaml',
  'json',
  'xml',
  'sql',
  'logql',
  'dockerfile',
  'hcl',
  'ini',
  'ts',
]

const BLOCKS = PAGES.flatMap(readBlocks)
const SCRIPTS = BLOCKS.filter(({ language }) => language === 'sh')

t.test('a block is read with its heading, its language, and without its indentation', async (t) => {
  const page = '# One\n\n```sh\na\n```\n## Two\n- x\n\n  ```yaml\n  b:\n    c\n\n  ```\n'
  t.strictSame(blocksOf('p', page), [
    { page: 'p', heading: 'One', language: 'sh', text: 'a\n' },
    { page: 'p', heading: 'Two', language: 'yaml', text: 'b:\n  c\n\n' },
  ])
  t.throws(() => blocksOf('p', '```sh\na\n'), /p:1: the block does not end/)
})

t.test('every block is fenced and names its language', async (t) => {
  for (const { page, heading, language } of BLOCKS) {
    t.ok(LANGUAGES.includes(language), `${page}, ${heading}: ${language}`)
  }
  for (const page of PAGES) {
    t.notMatch(proseOf(page), /\n\n {4,}(?![-*] |\d+\. )\S/, `${page}: a block by indentation`)
  }
})

t.test('every block of commands is run, or says why it cannot run here', async (t) => {
  const told = new Set(Object.keys(WHERE_RUN))
  for (const page of PAGES.filter((name) => name !== 'CONTRIBUTING.md')) {
    told.delete(page)
    t.strictSame(
      SCRIPTS.filter((block) => block.page === page).map(({ heading }) => heading),
      (WHERE_RUN[page] ?? []).map(([heading]) => heading),
      page,
    )
  }
  t.strictSame([...told], [])
})

t.test('no reason is there that nothing needs', async (t) => {
  const rows = Object.values(WHERE_RUN).flat()
  const used = rows.map(([, where]) =>
    typeof where === 'object' && 'not' in where ? where.not : '',
  )
  for (const reason of Object.keys(EXCUSES))
    t.ok(
      used.some((one) => one === reason),
      reason,
    )
})

t.test('the test that a block names reads its page', async (t) => {
  for (const [page, rows] of Object.entries(WHERE_RUN)) {
    for (const [heading, where] of rows) {
      if (typeof where !== 'object' || !('test' in where)) continue
      const source = readFileSync(where.test, 'utf8')
      t.ok(source.includes(`'${page}'`) && source.includes(`'${heading}'`), where.test)
    }
  }
})

t.test('what CI is said to type, it types', async (t) => {
  const typed = ['.ci/run', '.ci/start'].map((file) => readFileSync(file, 'utf8')).join('\n')
  for (const [page, rows] of Object.entries(WHERE_RUN)) {
    const scripts = SCRIPTS.filter((block) => block.page === page)
    for (const [i, [heading, where]] of rows.entries()) {
      if (where !== 'ci') continue
      for (const command of simpleCommands(scripts[i]?.text ?? '')) {
        t.ok(typed.includes(command.join(' ')), `${page}, ${heading}: ${command.join(' ')}`)
      }
    }
  }
})

/** Parses as the program does, and runs nothing; what is wrong, or undefined. */
async function wrongUsage(args: readonly string[]): Promise<string | undefined> {
  let message = ''
  const note = (text: string): void => {
    message += text
  }
  const program = buildProgram(
    { stdout: note, stderr: note, readInput: async () => '', env: {} },
    () => {},
  )
  for (const command of leaves(program)) command.action(() => {})
  try {
    await program.parseAsync(args, { from: 'user' })
    return undefined
  } catch {
    return message
  }
}

function leaves(command: Command): readonly Command[] {
  return command.commands.length === 0 ? [command] : command.commands.flatMap(leaves)
}

t.test('every command line of Sealgate on a page is one that it takes', async (t) => {
  let count = 0
  for (const { page, text } of SCRIPTS) {
    for (const words of simpleCommands(text)) {
      const args = sealgateArguments(words)
      if (args === undefined) continue
      count++
      t.equal(await wrongUsage(args), undefined, `${page}: sealgate ${args.join(' ')}`)
    }
  }
  t.ok(count > 25, `${count} command lines`)
  t.match(await wrongUsage(['check', '--confg', 'f']), "unknown option '--confg'")
  t.match(await wrongUsage(['audit', 'prove']), "missing required argument 'dir'")
})

/** The command that the first words name. */
function commandOf(program: Command, words: readonly string[]): Command | undefined {
  const [first, ...rest] = words
  const next = program.commands.find((one) => one.name() === first)
  if (next === undefined) return undefined
  return next.commands.length === 0 ? next : (commandOf(next, rest) ?? next)
}

/** Lines that begin with `sealgate`, each with those that go on with it: a synopsis. */
function synopses({ text }: Block): readonly string[] {
  return text.split(/^(?=sealgate )/m).filter((part) => part.startsWith('sealgate '))
}

/** Code within the text of pages, on one line each. */
function inlineOf(pattern: RegExp): readonly string[] {
  return PAGES.flatMap((page) =>
    [...proseOf(page).matchAll(/`([^`]+)`/g)]
      .map(([, text = '']) => text.replace(/\s+/g, ' '))
      .filter((text) => pattern.test(text)),
  )
}

t.test('every command and option that prose and synopses name is there', async (t) => {
  const program = buildProgram(
    { stdout() {}, stderr() {}, readInput: async () => '', env: {} },
    () => {},
  )
  const inline = inlineOf(/^sealgate [a-z]/)
  const texts = [
    ...inline,
    ...BLOCKS.filter(({ language }) => language === 'text').flatMap(synopses),
  ]
  t.ok(texts.length > 20, `${texts.length} mentions`)
  for (const text of texts) {
    const command = commandOf(program, text.split(/\s+/).slice(1))
    t.ok(command, text)
    for (const [option] of text.matchAll(/(?<=[\s[])--?[a-zA-Z][\w-]*/g)) {
      const known = command?.options.some(({ long, short }) => [long, short].includes(option))
      t.ok(known || option === '--help', `${option} of ${text}`)
    }
  }
})

t.test('every script of npm and every file that node is given is there', async (t) => {
  const scripts: object = JSON.parse(readFileSync('package.json', 'utf8')).scripts
  const inline = inlineOf(/^(?:npm|node) /)
  const commands = [...SCRIPTS.map(({ text }) => text), ...inline].flatMap(simpleCommands)
  let count = 0
  for (const [program, ...words] of commands) {
    if (program === 'npm' && words[0] === 'run') {
      count++
      t.ok(Object.hasOwn(scripts, words[1] ?? ''), `npm run ${words[1]}`)
    }
    const file = words.find((word) => /^(?:build|bench)\/[\w/-]+\.m?js$/.test(word))
    if (program !== 'node' || file === undefined) continue
    count++
    t.ok(existsSync(file), file)
  }
  t.ok(count > 20, `${count} of them`)
})

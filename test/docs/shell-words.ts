/** `$(…)`, with brackets within it. */
const SUBSTITUTION = String.raw`\$\((?:[^()]|\([^()]*\))*\)`
const SINGLE = `'[^']*'`
const DOUBLE = String.raw`"(?:\\.|[^"\\])*"`
const WORD = String.raw`(?:${SINGLE}|${DOUBLE}|${SUBSTITUTION}|\\[^\n]|[^\s|&;()<>\\'"])+`

/** In the order in which they are tried. */
const TOKEN = new RegExp(
  [
    String.raw`(?<space>[ \t]+|\\\n|#[^\n]*)`,
    String.raw`(?<hereDocument><<-?\s*'?(?<end>\w+)'?[^\n]*\n[^]*?\n\k<end>$)`,
    String.raw`(?<redirection>\d?(?:<<<|>>|>|<)(?:&\d|[ \t]*${WORD}))`,
    String.raw`(?<operator>\|\||&&|;;|[|&;()\n])`,
    `(?<word>${WORD})`,
  ].join('|'),
  'gm',
)

const QUOTED = new RegExp(String.raw`${SINGLE}|${DOUBLE}|${SUBSTITUTION}|\\.`, 'gs')

/**
 * Splits a script of a page into its simple commands, each a list of words: enough of the shell's
 * grammar for what the pages type (quotes, comments, operators, redirections, here-documents,
 * continued lines), and no expansion: `$X` and `$(…)` stay in their words as they are.
 *
 * Source: POSIX.1-2017, Shell Command Language, 2.3 Token Recognition
 */
export function simpleCommands(script: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]]
  for (const { groups = {} } of script.matchAll(TOKEN)) {
    if (groups['operator'] !== undefined) commands.push([])
    if (groups['word'] !== undefined) commands.at(-1)?.push(unquote(groups['word']))
  }
  return commands.map(withoutPrefix).filter((command) => command.length > 0)
}

/** What a word means without its quotes. */
function unquote(word: string): string {
  return word.replace(QUOTED, (part) => {
    if (part.startsWith('$')) return part
    if (part.startsWith('"')) return part.slice(1, -1).replace(/\\(["\\$`])/g, '$1')
    return part.startsWith("'") ? part.slice(1, -1) : part.slice(1)
  })
}

const RESERVED = new Set(['do', 'done', 'then', 'else', 'fi', 'if', 'while', '{', '}', '!', 'exec'])

/** Without reserved words, assignments, and the programs that only run another one. */
function withoutPrefix(words: readonly string[]): readonly string[] {
  const first = words.findIndex((word) => !RESERVED.has(word) && !/^\w+=/.test(word))
  const command = first === -1 ? [] : words.slice(first)
  return command[0] === 'npx' ? command.slice(1) : command
}

/**
 * The arguments of `sealgate` in a simple command: typed as `sealgate`, or as the file that node is given,
 * also behind a program that runs it elsewhere (`kubectl exec … --`). Undefined: it is another program.
 */
export function sealgateArguments(words: readonly string[]): readonly string[] | undefined {
  if (words[0] === 'sealgate') return words.slice(1)
  const node = words.findIndex((word) => /(?:^|\/)node$/.test(word))
  const file = words.findIndex((word, i) => i > node && /\.m?js$/.test(word))
  const isOurs = node !== -1 && /(?:^|\/)build\/src\/main\.js$/.test(words[file] ?? '')
  return isOurs ? words.slice(file + 1) : undefined
}

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AST, RegExpParser, visitRegExpAST } from '@eslint-community/regexpp'
import { type Node, parse } from 'acorn'
import { getConsumedChars, getFirstConsumedChar, isPotentiallyEmpty } from 'regexp-ast-analysis'
import { analyse } from 'scslre'
import t from 'tap'

const FOLDER = 'build/src'

/** Patterns that are judged too strictly, and why they are linear. */
const EXCEPTIONS: ReadonlyMap<string, string> = new Map([
  ['/(?:^|\\.)(?:\\d+|0x[0-9a-f]*)$/', 'no loop takes a dot, and ^ matches once'],
  ['/(?:^|\\.)s3(?:-[^.]*)?(?:\\.|$)/', 'no loop takes a dot, and ^ matches once'],
  ['/(^|\\.)s3(\\.[a-z0-9-]+)?$/', 'a host name, of which a loop takes one label'],
  ['/(^|,)\\s*aws-chunked\\s*(,|$)/i', 'no loop takes a comma, and ^ matches once'],
])

/** Files that build patterns from text; their names of hosts have 255 characters at most. */
const BUILDERS: readonly string[] = ['s3/s3-host.js']

const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.js'),
)

for (const file of files) {
  const text = readFileSync(join(FOLDER, file), 'utf8')
  const patterns = patternsOf(
    parse(text, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true }),
  )
  if (patterns.length === 0) continue
  t.test(`the regular expressions of ${file} take no more than linear time`, async (t) => {
    for (const pattern of patterns) {
      if (!EXCEPTIONS.has(pattern)) t.strictSame(superLinearParts(pattern), [], pattern)
    }
  })
}

t.test('patterns are written out, where this test can see them', async (t) => {
  const builders = files.filter((file) =>
    /\bRegExp\(/.test(readFileSync(join(FOLDER, file), 'utf8')),
  )
  t.strictSame(builders, BUILDERS)
})

t.test('no exception is left over', async (t) => {
  const texts = files.map((file) => readFileSync(join(FOLDER, file), 'utf8'))
  for (const pattern of EXCEPTIONS.keys()) {
    t.ok(
      texts.some((text) => text.includes(pattern)),
      pattern,
    )
  }
})

t.test('what is not linear is seen', async (t) => {
  for (const pattern of [
    '/^[A-Za-z0-9+\\/\\r\\n]+={0,2}[\\r\\n]*$/', // of two neighbours, which takes the line ends (attack 2)
    '/(a+)+$/',
    '/=+$/',
    '/^[ \\t]+|[ \\t]+$/g',
    '/: .*$/',
    '/^\\s*(\\w+)\\s*=\\s*"?([^"]*)"?\\s*$/',
  ]) {
    t.not(superLinearParts(pattern).length, 0, pattern)
  }
  for (const pattern of [
    '/^a+$/',
    '/a+/g',
    '/<a>[^<]*<\\/a>/',
    '/^[a-z]+(?:\\.[a-z]+)*$/',
    '/x.*$/y',
  ]) {
    t.strictSame(superLinearParts(pattern), [], pattern)
  }
})

/**
 * The parts of a pattern that can make it slower than linear: loops that can share a text among
 * themselves (scslre finds these), and loops that can take up the text at which the pattern would
 * begin anew, if something behind them can fail.
 */
function superLinearParts(pattern: string): readonly string[] {
  const literal = new RegExpParser().parseLiteral(pattern)
  const parts = analyse(literal).reports.map(({ type }) => type as string)
  for (const alternative of literal.pattern.alternatives) {
    if (!literal.flags.sticky && !isAnchored(alternative)) {
      parts.push(...restartingLoops(alternative, literal.flags))
    }
  }
  return parts
}

function isAnchored({ elements: [first] }: AST.Alternative): boolean {
  return first?.type === 'Assertion' && first.kind === 'start'
}

function restartingLoops(alternative: AST.Alternative, flags: AST.Flags): readonly string[] {
  const loops: string[] = []
  const first = getFirstConsumedChar(alternative, 'ltr', flags)
  visitRegExpAST(alternative, {
    onQuantifierEnter(loop) {
      const isEndless = loop.max === Number.POSITIVE_INFINITY && canFailBehind(loop, flags)
      const taken = isEndless ? getConsumedChars(loop.element, flags).chars : undefined
      if (taken !== undefined && !taken.isDisjointWith(first.char)) loops.push(loop.raw)
    },
  })
  return loops
}

/** Whether anything behind an element can fail, in its own alternative or around it. */
function canFailBehind(element: AST.Node, flags: AST.Flags): boolean {
  const { parent } = element
  if (parent === null || parent.type === 'Pattern') return false
  if (parent.type === 'Alternative') {
    const behind = parent.elements.slice(parent.elements.findIndex((one) => one === element) + 1)
    if (behind.some((one) => one.type === 'Assertion' || !isPotentiallyEmpty(one, flags)))
      return true
  }
  return canFailBehind(parent, flags)
}

/** The regular expressions of a syntax tree, as they are written. */
function patternsOf(tree: Node): readonly string[] {
  const patterns: string[] = []
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const regex: unknown = Reflect.get(value, 'regex')
    if (typeof regex === 'object' && regex !== null)
      patterns.push(String(Reflect.get(value, 'raw')))
    for (const child of Object.values(value)) walk(child)
  }
  walk(tree)
  return patterns
}

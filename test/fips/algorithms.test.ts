import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Node, parse } from 'acorn'
import t from 'tap'
import { ALGORITHMS as TOKEN_ALGORITHMS } from '../../src/sts/key-set.ts'
import { ALGORITHMS } from './algorithms.ts'

const FOLDER = 'build/src'

/** Functions whose first argument chooses the algorithm. */
const CHOOSING =
  /^(?:hash|createHash|createHmac|hkdf|create(?:C|Dec)ipheriv|generateKey|sign$|verify$)/

const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.js'))
  .map((file) => ({ name: file.slice(0, -'.js'.length), text: read(file) }))
const uses = files.flatMap(({ name, text }) => usesOf(text).map((use) => ({ name, use })))

t.test('everything that the product asks of node:crypto is in the closed list', async (t) => {
  t.ok(uses.length > 60)
  for (const { name, use } of uses) {
    const algorithm = ALGORITHMS[use]
    t.ok(algorithm, `${name}: ${use}`)
    const isThere = algorithm?.only?.some((place) => name === place || name.startsWith(`${place}/`))
    t.not(isThere, false, `${name}: ${use}`)
  }
})

t.test(
  'the list has nothing that is not used, and a reason for what is not approved',
  async (t) => {
    for (const [use, { standard, why, only }] of Object.entries(ALGORITHMS)) {
      t.ok(
        uses.some((found) => found.use === use),
        use,
      )
      t.ok(standard ?? why, use)
      for (const place of only ?? []) {
        const isUsed = uses.some(({ name, use: found }) => found === use && name.startsWith(place))
        t.ok(isUsed, `${use} in ${place}`)
      }
    }
  },
)

t.test('no other cryptography is used: neither Web Crypto nor a global', async (t) => {
  for (const { name, text } of files) {
    t.notMatch(
      text,
      /\bwebcrypto\b|\bsubtle\b|globalThis\.crypto|require\(['"](?:node:)?crypto/,
      name,
    )
    t.notMatch(text, /from 'crypto'|import\(['"](?:node:)?crypto/, name)
  }
})

t.test('identity tokens are verified with approved signatures', async (t) => {
  // RSA and ECDSA with SHA-2, and Ed25519: FIPS 186-5.
  for (const name of TOKEN_ALGORITHMS) t.match(name, /^(?:[RPE]S(?:256|384|512)|EdDSA)$/)
})

t.test('docs/fips.md names every algorithm and its standard', async (t) => {
  const page = readFileSync('docs/fips.md', 'utf8')
  for (const standard of new Set(Object.values(ALGORITHMS).map((one) => one.standard))) {
    if (standard !== undefined && !standard.startsWith('no algorithm')) t.match(page, standard)
  }
})

function read(file: string): string {
  return readFileSync(join(FOLDER, file), 'utf8')
}

/** The uses of `node:crypto` in a module, as the list writes them. */
function usesOf(text: string): readonly string[] {
  const program = parse(text, { ecmaVersion: 'latest', sourceType: 'module', allowHashBang: true })
  const imported = new Set<string>()
  const seen = new Set<Node>()
  const found: string[] = []
  visit(program, (node) => {
    if (!isNamed(node, 'ImportDeclaration') || node.source.value !== 'node:crypto') return
    for (const { local, imported: original } of node.specifiers) {
      // Another name, or all of them, could hide a use.
      if (original?.name !== local.name) found.push(`import of ${local.name}`)
      imported.add(local.name)
      seen.add(local)
      if (original !== undefined) seen.add(original)
    }
  })
  visit(program, (node) => {
    if (isNamed(node, 'MemberExpression') && !node.computed) seen.add(node.property)
    if (isNamed(node, 'Property') && !node.computed && !node.shorthand) seen.add(node.key)
    if (!isNamed(node, 'CallExpression')) return
    const { callee, arguments: args } = node
    if (!isNamed(callee, 'Identifier') || !imported.has(callee.name)) return
    const [first] = args
    if (!CHOOSING.test(callee.name) || first === undefined) return
    seen.add(callee)
    found.push(`${callee.name}(${text.slice(first.start, first.end)})`)
  })
  // What is called without a choice, and what is handed on to be called elsewhere.
  visit(program, (node) => {
    if (isNamed(node, 'Identifier') && imported.has(node.name) && !seen.has(node)) {
      found.push(node.name)
    }
  })
  return found
}

/** The parts of syntax nodes that this test reads. */
interface Shapes {
  readonly ImportDeclaration: {
    readonly source: { readonly value: unknown }
    readonly specifiers: readonly {
      readonly local: Node & { readonly name: string }
      readonly imported?: Node & { readonly name: string }
    }[]
  }
  readonly CallExpression: { readonly callee: Node; readonly arguments: readonly Node[] }
  readonly MemberExpression: { readonly property: Node; readonly computed: boolean }
  readonly Property: {
    readonly key: Node
    readonly computed: boolean
    readonly shorthand: boolean
  }
  readonly Identifier: { readonly name: string }
}

function isNamed<K extends keyof Shapes>(node: Node, type: K): node is Node & Shapes[K] {
  return node.type === type
}

function visit(value: unknown, look: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, look)
  } else if (isNode(value)) {
    look(value)
    for (const part of Object.values(value)) visit(part, look)
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

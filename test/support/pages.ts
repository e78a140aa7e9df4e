import { readdirSync, readFileSync } from 'node:fs'

/** The pages of docs/, without its index. */
export const DOCS: readonly string[] = readdirSync('docs')
  .filter((name) => name.endsWith('.md') && name !== 'README.md')
  .map((name) => `docs/${name}`)
  .sort()

/** Every page for readers; of the decisions (docs/adr) their list. */
export const PAGES: readonly string[] = [
  ...DOCS,
  ...['docs/README.md', 'docs/adr/README.md', 'README.md', 'CONTRIBUTING.md', 'SECURITY.md'],
]

/** A fenced block of a page. */
export interface Block {
  readonly page: string
  /** The text of the heading above it, of any level; empty: none. */
  readonly heading: string
  /** The word behind the fence; empty: none. */
  readonly language: string
  /** Its lines, each with its end, without the indentation of the fence. */
  readonly text: string
}

/** The fenced blocks of a page, in their order. */
export function readBlocks(page: string): readonly Block[] {
  return blocksOf(page, readFileSync(page, 'utf8'))
}

/** The blocks of one heading in one language; throws if there are others than so many. */
export function blocksUnder(
  page: string,
  heading: string,
  language: string,
  count: number,
): readonly Block[] {
  const found = readBlocks(page).filter(
    (block) => block.heading === heading && block.language === language,
  )
  if (found.length !== count) {
    throw new Error(`${page}: ${found.length} blocks of ${language} under "${heading}"`)
  }
  return found
}

/** Throws if a fence does not end. */
export function blocksOf(page: string, markdown: string): readonly Block[] {
  const blocks: Block[] = []
  const lines = markdown.split('\n')
  let heading = ''
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? ''
    const [, indent = '', language = ''] = /^( *)```(\w*)$/.exec(line) ?? []
    if (!line.trimStart().startsWith('```')) {
      heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading
      continue
    }
    const end = lines.indexOf(`${indent}\`\`\``, i + 1)
    if (end === -1) throw new Error(`${page}:${i + 1}: the block does not end`)
    const inner = lines.slice(i + 1, end).map((one) => one.slice(indent.length))
    blocks.push({ page, heading, language, text: inner.map((one) => `${one}\n`).join('') })
    i = end
  }
  return blocks
}

/** A page without its fenced blocks. */
export function proseOf(page: string): string {
  return readFileSync(page, 'utf8').replace(/^( *)```\w*\n.*?^\1```$/gms, '')
}

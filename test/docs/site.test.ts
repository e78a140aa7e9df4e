import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import t from 'tap'
import { DOCS } from '../support/pages.ts'

const INDEX = readFileSync('docs/README.md', 'utf8')
const KINDS = ['Learn', 'How to', 'Reference', 'Explanation'] as const
/** The last page before those for contributors. */
const DECISIONS = 'docs/adr/README.md'

/** The line below a page's title: its kind, the page that comes next, and the index. */
function placeOf(page: string): { readonly kind: string; readonly next: string } {
  const [, kind = '', next = ''] =
    /^# .+\n\n(.+) · next: \[[^\]]+\]\(([^)]+)\) · \[all pages\]\([./]*README\.md\)\n\n/.exec(
      readFileSync(page, 'utf8'),
    ) ?? []
  return { kind, next: normalize(join(page, '..', next)) }
}

/** The pages that a section of the index lists, in its order. */
function listed(kind: string): readonly string[] {
  const [, section = ''] = INDEX.split(`\n## ${kind}\n`)
  const [own = ''] = section.split('\n## ')
  const links = [...own.matchAll(/\]\(([^)#]+\.md)\)/g)].map(([, link = '']) => join('docs', link))
  return links.filter((link) => link.startsWith('docs/'))
}

t.test('every page says below its title what kind it is, and what comes next', async (t) => {
  for (const page of [...DOCS, DECISIONS]) {
    const { kind, next } = placeOf(page)
    t.ok(
      KINDS.some((one) => one === kind),
      `${page}: ${kind}`,
    )
    t.ok(existsSync(next), `${page}: ${next}`)
  }
})

t.test('the index has each page once, under its kind, in the order of the walk', async (t) => {
  const walk: string[] = []
  let page = 'docs/applications.md'
  while (page !== 'CONTRIBUTING.md' && !walk.includes(page)) {
    walk.push(page)
    page = placeOf(page).next
  }
  t.equal(page, 'CONTRIBUTING.md', 'the walk ends where contributors begin')
  t.strictSame([...walk].sort(), [...DOCS, DECISIONS].sort(), 'and leads through every page')
  for (const kind of KINDS) {
    t.strictSame(
      listed(kind),
      walk.filter((one) => placeOf(one).kind === kind),
      kind,
    )
  }
})

t.test('README leads a newcomer to the first page', async (t) => {
  t.match(readFileSync('README.md', 'utf8'), '(docs/applications.md)')
})

t.test('every decision is in the list of decisions', async (t) => {
  const list = readFileSync(DECISIONS, 'utf8')
  const files = readdirSync('docs/adr').filter((name) => name !== 'README.md')
  t.strictSame(
    [...list.matchAll(/\]\((\d[^)]+)\)/g)].map(([, name]) => name),
    files.sort(),
  )
  for (const name of files) {
    const [, number, title] =
      /^# (\d+)\. (.*)$/m.exec(readFileSync(join('docs/adr', name), 'utf8')) ?? []
    t.ok(list.includes(`${number}. [${title}](${name})`), name)
  }
})

t.test('a metric that a page names is one of docs/operations.md', async (t) => {
  const known = new Set(readFileSync('docs/operations.md', 'utf8').match(/\bsealgate_\w+/g))
  // The sweep's own are on its page, and the table of Athena is no metric.
  for (const page of DOCS.filter((name) => name !== 'docs/sweep.md')) {
    for (const [, name = ''] of readFileSync(page, 'utf8').matchAll(/`(sealgate_\w+)/g)) {
      t.ok(known.has(name), `${page}: ${name}`)
    }
  }
})

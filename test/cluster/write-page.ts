import { readFileSync, writeFileSync } from 'node:fs'

const PAGE = 'docs/cluster.md'
const [BEGIN, END] = ['<!-- proved -->', '<!-- end of proved -->']

/** Writes what passed into docs/cluster.md; a check's name is `subject: sentence`. */
export function writePage(versions: string, passed: readonly string[]): void {
  const date = new Date().toISOString().slice(0, 10)
  const lists = [...groupSubjects(passed)].map(
    ([sentences, subjects]) => `**${subjects.join('; ')}**\n\n${sentences}`,
  )
  const text = `${passed.length} checks passed on ${date}: ${versions}.\n\n${lists.join('\n\n')}`
  const page = readFileSync(PAGE, 'utf8')
  const [before = '', rest = ''] = page.split(BEGIN)
  const [, after = ''] = rest.split(END)
  writeFileSync(PAGE, `${before}${BEGIN}\n${text}\n${END}${after}`)
}

/** Subjects by the list (Markdown) of their sentences: what was checked of many is written once. */
function groupSubjects(names: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const sentences = new Map<string, string>()
  for (const name of names) {
    const [subject = '', sentence = ''] = name.split(/: (.*)/s)
    const before = sentences.get(subject)
    sentences.set(subject, `${before === undefined ? '' : `${before}\n`}- ${sentence}`)
  }
  const subjects = new Map<string, readonly string[]>()
  for (const [subject, list] of sentences) {
    subjects.set(list, [...(subjects.get(list) ?? []), subject])
  }
  return subjects
}

import { readFileSync, writeFileSync } from 'node:fs'

const PAGE = 'docs/cluster.md'
const [BEGIN, END] = ['<!-- proved -->', '<!-- end of proved -->']

/** Writes what passed into docs/cluster.md; a check's name is `subject: sentence`. */
export function writePage(versions: string, passed: readonly string[]): void {
  const date = new Date().toISOString().slice(0, 10)
  const bySubject = new Map<string, string[]>()
  for (const name of passed) {
    const [subject = '', sentence = ''] = name.split(/: (.*)/s)
    bySubject.set(subject, [...(bySubject.get(subject) ?? []), sentence])
  }
  const lists = [...bySubject].map(
    ([subject, sentences]) => `**${subject}**\n\n${sentences.map((one) => `- ${one}`).join('\n')}`,
  )
  const text = `${passed.length} checks passed on ${date}: ${versions}.\n\n${lists.join('\n\n')}`
  const page = readFileSync(PAGE, 'utf8')
  const [before = '', rest = ''] = page.split(BEGIN)
  const [, after = ''] = rest.split(END)
  writeFileSync(PAGE, `${before}${BEGIN}\n${text}\n${END}${after}`)
}

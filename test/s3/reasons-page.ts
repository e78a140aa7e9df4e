import { EGRESS_REASONS, S3_REASONS } from '../../src/s3/reasons.ts'

/** The page with the tables of reasons. */
export const REASONS_PAGE = 'docs/operations.md'

const HEAD = '| reason | answer | what it means, what to do |\n| --- | --- | --- |\n'

/** The page with its two tables of reasons made anew from the code. */
export function withReasons(page: string): string {
  const parts = page.split(HEAD)
  const [before = '', first = '', second = ''] = parts
  if (parts.length !== 3)
    throw new Error(`${REASONS_PAGE} has ${parts.length - 1} tables of reasons`)
  return (
    before + tableOf(S3_REASONS) + afterTable(first) + tableOf(EGRESS_REASONS) + afterTable(second)
  )
}

function tableOf(rows: typeof S3_REASONS | typeof EGRESS_REASONS): string {
  const lines = rows.map(({ reasons, answer, meaning }) => {
    return `| ${reasons.map((reason) => `\`${reason}\``).join(', ')} | ${answer} | ${meaning} |\n`
  })
  return HEAD + lines.join('')
}

function afterTable(text: string): string {
  return text.replace(/^(?:\|[^\n]*\n)*/, '')
}

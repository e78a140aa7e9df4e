import { escapeHtml } from './html.ts'

/** A page without scripts and images. */
interface HtmlPage {
  /** Text. */
  readonly title: string
  /** CSS. */
  readonly style: string
  /** What a browser may do with the page, without quotation marks; undefined: a server says it. */
  readonly policy?: string | undefined
  /** Markup. */
  readonly body: string
}

/** One HTML document that needs nothing else. */
export function htmlPage({ title, style, policy, body }: HtmlPage): string {
  const meta =
    policy === undefined ? '' : `<meta http-equiv="content-security-policy" content="${policy}">\n`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${meta}<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
${body}
</body>
</html>
`
}

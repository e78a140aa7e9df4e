/** Colours by what they are for, as `#rrggbb`. Texts have a contrast of 4.5 at least with their background. */
interface Palette {
  readonly background: string
  readonly text: string
  readonly quiet: string
  readonly line: string
  readonly link: string
  readonly good: string
  readonly warning: string
  readonly bad: string
  readonly neutral: string
}

const LIGHT: Palette = {
  background: '#ffffff',
  text: '#1c2128',
  quiet: '#59616b',
  line: '#d5d9de',
  link: '#0b57b0',
  good: '#1a7035',
  warning: '#8a5c00',
  bad: '#bd1f29',
  neutral: '#2f65b8',
}

const DARK: Palette = {
  background: '#11151a',
  text: '#e5e9ee',
  quiet: '#9aa3ad',
  line: '#343b44',
  link: '#6cb0ff',
  good: '#4cc067',
  warning: '#d9a23b',
  bad: '#ff6e66',
  neutral: '#79a9f5',
}

/** The style of all pages: light or dark as the reader's system is, light on paper, in one column. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;${variables(LIGHT)}}
@media (prefers-color-scheme:dark){:root{${variables(DARK)}}}
@media print{:root{color-scheme:light;${variables(LIGHT)}}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:52rem;padding:1rem;background:var(--background);color:var(--text);
font:1rem/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .5rem}
p{margin:.25rem 0}code{font-family:ui-monospace,monospace;font-size:.9em}
a{color:var(--link)}
.quiet{color:var(--quiet)}.good{color:var(--good)}.warning{color:var(--warning)}.bad{color:var(--bad)}
.neutral{color:var(--neutral)}
.number{font-size:2.5rem;font-weight:600;line-height:1.2}
table{border-collapse:collapse}td,th{text-align:left;vertical-align:top;padding:.2rem 1rem .2rem 0}
th{font-weight:600}td.count{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
ul{list-style:none;margin:0;padding:0}li{border-top:1px solid var(--line);padding:.5rem 0}
svg{display:block;width:100%;border-bottom:1px solid var(--line);margin:.5rem 0}
.key{display:inline-block;width:.8rem;height:.8rem;margin-right:.4rem;background:currentColor}
nav a{margin-right:1rem}
`

function variables(palette: Palette): string {
  return Object.entries(palette)
    .map(([name, colour]) => `--${name}:${colour}`)
    .join(';')
}

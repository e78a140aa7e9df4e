import { PAGE_STYLE } from '../base/page-style.ts'

/** The start page's style. */
export const STATUS_STYLE = `${PAGE_STYLE}th{white-space:nowrap}
svg{height:5rem}
rect.sealed{fill:var(--good)}rect.exempt{fill:var(--warning)}
rect.observed{fill:var(--neutral)}rect.unconfirmed{fill:var(--bad)}
`

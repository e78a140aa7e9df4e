import { type HeaderList, headerCount, headerValue } from '../base/header-list.ts'

/** The values of `Sec-Fetch-Site` for a page of the same origin, of a sibling, or for no page. */
const OWN_SITES: readonly (string | undefined)[] = ['same-origin', 'same-site', 'none']

/**
 * Returns whether a browser says that the request comes from a page of another site. Browsers omit
 * `Sec-Fetch-Site` if the target's URL is not trustworthy (plain HTTP to a name), and in old
 * versions. Then `Origin` decides: scheme and host must be those of the request. The port may
 * differ, as for the same site. Any value that no browser sends for its own site counts as another
 * site.
 *
 * Source: https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header; RFC 6454 section 7
 */
export function isOtherSite(headers: HeaderList, isTls: boolean): boolean {
  const site = headerValue(headers, 'sec-fetch-site')
  if (site !== undefined) {
    return headerCount(headers, 'sec-fetch-site') > 1 || !OWN_SITES.includes(site)
  }
  const origin = headerValue(headers, 'origin')
  if (origin === undefined) return false
  const host = headerValue(headers, 'host') ?? ''
  const own = `${isTls ? 'https' : 'http'}://${host}`
  return headerCount(headers, 'origin') > 1 || withoutPort(origin) !== withoutPort(own)
}

function withoutPort(origin: string): string {
  return origin.toLowerCase().replace(/:\d{1,5}$/, '')
}

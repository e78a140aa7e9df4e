import type { BuildContext } from './build-context.ts'
import { resolvePath } from './build-context.ts'
import { checkAuthority, checkKeyPair } from './certificate-files.ts'
import type { EgressConfig } from './config.ts'
import { parseHostHeaderName } from './host-name.ts'
import { isAddressRange } from './networks.ts'
import type { ConfigPath } from './problems.ts'
import type { RawListener } from './schema-listen.ts'

/** Builds the settings of an egress listener; reports problems. */
export async function buildEgress(
  context: BuildContext,
  path: ConfigPath,
  raw: RawListener['egress'],
): Promise<EgressConfig> {
  const intercept = raw?.intercept ?? true
  if (raw?.ca !== undefined) {
    const certificate = await checkKeyPair(context, [...path, 'ca'], raw.ca)
    if (certificate !== undefined) checkAuthority(context, [...path, 'ca', 'certFile'], certificate)
  }
  if (intercept && raw?.ca === undefined) {
    context.report(path, 'ca is missing: set certFile and keyFile, or intercept: false')
  }
  const allowHosts: string[] = []
  raw?.allowHosts.forEach((text, i) => {
    const host = parseAllowedHost(text)
    if (host !== undefined) allowHosts.push(host)
    else {
      context.report(
        [...path, 'allowHosts', i],
        'must be HOST, *.DOMAIN, HOST:PORT or *.DOMAIN:PORT',
      )
    }
  })
  raw?.allowAddresses.forEach((text, i) => {
    if (!isAddressRange(text)) {
      context.report([...path, 'allowAddresses', i], 'must be an IP address or CIDR: 10.1.2.0/24')
    }
  })
  return {
    ca:
      raw?.ca === undefined
        ? undefined
        : {
            certFile: resolvePath(context, raw.ca.certFile),
            keyFile: resolvePath(context, raw.ca.keyFile),
          },
    intercept,
    allowHosts,
    allowAddresses: raw?.allowAddresses ?? [],
    verifySignatures: raw?.verifySignatures ?? true,
  }
}

/** Normalises an entry for AllowedHosts: lower case, no trailing dot, IPv6 in brackets. */
function parseAllowedHost(text: string): string | undefined {
  const match = /^(\*\.)?(\[[^\]]*\]|[^:]*)(?::(\d{1,5}))?$/.exec(text)
  if (match === null) return undefined
  const [, star = '', host = '', port] = match
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return undefined
  const name = parseHostHeaderName(host)
  if (name === undefined) return undefined
  return `${star}${name}${port === undefined ? '' : `:${Number(port)}`}`
}

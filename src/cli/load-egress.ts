import type { Config } from '../config/config.ts'
import type { OpenEgress } from '../service/listener-host.ts'

/** What opens egress listeners; its libraries are loaded only where the configuration has one. */
export async function loadEgress({
  listen,
}: Pick<Config, 'listen'>): Promise<{ readonly openEgress?: OpenEgress }> {
  if (listen.every(({ kind }) => kind !== 'egress')) return {}
  const { openEgress } = await import('../egress/open-egress.ts')
  return { openEgress }
}

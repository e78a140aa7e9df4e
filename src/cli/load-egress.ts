import type { Config } from '../config/config.ts'
import type { OpenEgress } from '../service/listener-host.ts'

/**
 * Loads the egress layer; its libraries are only loaded if the configuration has an egress
 * listener.
 */
export async function loadEgress({
  listen,
}: Pick<Config, 'listen'>): Promise<{ readonly openEgress?: OpenEgress }> {
  if (listen.every(({ kind }) => kind !== 'egress')) return {}
  const { openEgress } = await import('../egress/egress-listener.ts')
  return { openEgress }
}

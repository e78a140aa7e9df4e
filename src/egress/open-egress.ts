import type { OpenEgress } from '../service/listener-host.ts'
import { EgressListener } from './egress-listener.ts'

/** Opens egress listeners that reach other hosts over the machine's own network. */
export const openEgress: OpenEgress = (config, limits, tls, files, listenerHost) =>
  new EgressListener(config, limits, tls, files, listenerHost)

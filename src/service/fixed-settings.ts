import { isDeepStrictEqual } from 'node:util'
import type {
  AdminConfig,
  Config,
  ConfigProblem,
  ListenerConfig,
  SocketAddress,
} from '../config/config.ts'

/**
 * Returns the settings that a reload cannot change: bound sockets, running processes, open files. A
 * reload that changes one of them is refused completely, so that a process never runs with half of
 * a file. Empty if nothing prevents the reload.
 */
export function fixedSettingProblems(before: Config, after: Config): readonly ConfigProblem[] {
  const changed: string[] = []
  const compare = (path: string, a: unknown, b: unknown): void => {
    if (!isDeepStrictEqual(a, b)) changed.push(path)
  }
  compareListeners(before.listen, after.listen, compare)
  compare('admin.address', addressOf(before.admin), addressOf(after.admin))
  compare('workers', before.workers, after.workers)
  compare('audit.destination', before.audit.destination, after.audit.destination)
  compare('audit.sinks', before.audit.sinks, after.audit.sinks)
  compare('audit.evidence', before.audit.evidence, after.audit.evidence)
  compare('metrics', before.metrics, after.metrics)
  compare('limits.headerBytes', before.limits.headerBytes, after.limits.headerBytes)
  const [was, is] = [before.upstream, after.upstream]
  const isEmbedded = was.endpoint.kind === 'sandbox'
  if (isEmbedded !== (is.endpoint.kind === 'sandbox')) changed.push('upstream.endpoint')
  else if (isEmbedded) compare('upstream.region', was.region, is.region)
  return changed.map((path) => ({
    path,
    message: 'cannot be changed while running: restart to apply it, or restore the old value',
  }))
}

function addressOf(admin: AdminConfig | undefined): SocketAddress | undefined {
  return admin === undefined ? undefined : { host: admin.host, port: admin.port }
}

function compareListeners(
  before: readonly ListenerConfig[],
  after: readonly ListenerConfig[],
  compare: (path: string, a: unknown, b: unknown) => void,
): void {
  compare('listen', before.length, after.length)
  if (before.length !== after.length) return
  before.forEach((was, i) => {
    const is = after[i]
    compare(`listen[${i}].address`, was.address, is?.address)
    compare(`listen[${i}].kind`, was.kind, is?.kind)
    compare(`listen[${i}].tls`, was.tls !== undefined, is?.tls !== undefined)
    compare(
      `listen[${i}].tls.clientCaFile`,
      was.tls?.clientCaFile !== undefined,
      is?.tls?.clientCaFile !== undefined,
    )
  })
}

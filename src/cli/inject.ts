import { setTimeout as wait } from 'node:timers/promises'
import { CLUSTER_NAMESPACES, type InjectSettings } from '../inject/inject-settings.ts'
import { startInjectServer } from '../inject/start-inject-server.ts'
import { openLog } from '../telemetry/log.ts'
import type { ExitCode, Terminal } from './command.ts'
import type { BindAddress } from './option-values.ts'
import { startProblem } from './start-problem.ts'
import { stopSignal } from './stop-signal.ts'

/** The options of `sealgate inject`. */
interface InjectOptions {
  readonly cert: string
  readonly key: string
  readonly image: string
  readonly address: BindAddress
  /**
   * Seconds between SIGTERM and the end: the API server may call until it knows that the pod is
   * terminating.
   */
  readonly drainDelay: number
  readonly namespace?: readonly string[] | undefined
  readonly configMap: string
  readonly endpoint: string
  readonly adminPort: number
  readonly gatewayEndpoint?: string | undefined
  readonly stsEndpoint?: string | undefined
  readonly tokenAudience: string
  readonly cpuRequest: string
  readonly cpuLimit: string
  readonly memoryRequest: string
  readonly memoryLimit: string
}

/** `sealgate inject`: the Kubernetes admission webhook that adds the sidecar, until SIGTERM or SIGINT. */
export async function inject(options: InjectOptions, terminal: Terminal): Promise<ExitCode> {
  if ((options.gatewayEndpoint === undefined) !== (options.stsEndpoint === undefined)) {
    terminal.stderr('sealgate: --gateway-endpoint and --sts-endpoint belong together.\n')
    return 2
  }
  const log = openLog({ level: 'info' })
  const { address } = options
  try {
    const server = await startInjectServer({
      address,
      certificate: { certFile: options.cert, keyFile: options.key },
      settings: injectSettings(options),
      log,
    })
    const stopped = stopSignal()
    log.info({ host: address.host ?? '::', port: server.port }, 'listening')
    await stopped
    log.info('stopping')
    server.drain()
    await wait(options.drainDelay * 1000)
    await server.close()
    return 0
  } catch (error) {
    terminal.stderr(`sealgate: ${startProblem('--address, --cert or --key', error)}\n`)
    return 2
  }
}

/** Converts the options to the settings of the injected sidecar. */
export function injectSettings(options: InjectOptions): InjectSettings {
  const { gatewayEndpoint: endpoint, stsEndpoint, tokenAudience: audience } = options
  return {
    image: options.image,
    endpoint: options.endpoint,
    adminPort: options.adminPort,
    configMap: options.configMap,
    resources: {
      requests: { cpu: options.cpuRequest, memory: options.memoryRequest },
      limits: { cpu: options.cpuLimit, memory: options.memoryLimit },
    },
    gateway:
      endpoint === undefined || stsEndpoint === undefined
        ? undefined
        : { endpoint, stsEndpoint, audience },
    excludedNamespaces: [...CLUSTER_NAMESPACES, ...(options.namespace ?? [])],
  }
}

import { parseArgs } from 'node:util'
import { failure, ok, type Result } from '../base/result.ts'
import { CLUSTER_NAMESPACES, type InjectSettings } from './inject-settings.ts'
import type { CertificateFiles } from './watch-certificate.ts'

/** What `sealgate inject --help` prints. */
export const INJECT_USAGE = `Usage: sealgate inject --cert FILE --key FILE --image IMAGE [OPTION]...

Admission webhook (Kubernetes): adds the Sealgate sidecar to pods that have the annotation
sealgate/inject: "true", and points AWS_ENDPOINT_URL_S3 of their containers at it.

  --cert FILE               certificate chain, PEM; read again when it changes
  --key FILE                its private key, PEM
  --image IMAGE             image of the sidecar
  --address HOST:PORT       where to listen; :PORT on every address (default :8443)
  --drain-delay SECONDS     after SIGTERM, answer for so long before closing (default 0)
  --namespace NAME          leave the pods of this namespace alone: Sealgate's own; may be repeated
                            (kube-system, kube-public and kube-node-lease always are)
  --config-map NAME         ConfigMap of the pod's namespace with the key config.yaml
                            (default sealgate-sidecar; annotation sealgate/config overrides it)
  --endpoint URL            loopback listener of the sidecar (default http://127.0.0.1:8080)
  --admin-port PORT         admin listener of the sidecar (default 9090)
  --cpu-request QUANTITY    (default 100m)      --cpu-limit QUANTITY     (default 1)
  --memory-request QUANTITY (default 128Mi)     --memory-limit QUANTITY  (default 256Mi)
`

/** A parsed command line of `sealgate inject`. */
export interface InjectArguments {
  /** Without a host: every address. */
  readonly address: { readonly host?: string; readonly port: number }
  readonly certificate: CertificateFiles
  /** Between SIGTERM and the end: the API server may call until it has heard that the pod goes. */
  readonly drainDelayMs: number
  readonly settings: InjectSettings
}

const OPTIONS = {
  cert: { type: 'string' },
  key: { type: 'string' },
  image: { type: 'string' },
  address: { type: 'string', default: ':8443' },
  'drain-delay': { type: 'string', default: '0' },
  namespace: { type: 'string', multiple: true },
  'config-map': { type: 'string', default: 'sealgate-sidecar' },
  endpoint: { type: 'string', default: 'http://127.0.0.1:8080' },
  'admin-port': { type: 'string', default: '9090' },
  'cpu-request': { type: 'string', default: '100m' },
  'cpu-limit': { type: 'string', default: '1' },
  'memory-request': { type: 'string', default: '128Mi' },
  'memory-limit': { type: 'string', default: '256Mi' },
} as const

/** Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
const QUANTITY = /^\d+(\.\d+)?(m|[kMGTPE]|[KMGTPE]i)?$/
const IMAGE = /^[a-z0-9][\w.:/@-]*$/
const LOOPBACK_HOSTS = ['127.0.0.1', 'localhost', '[::1]']

/**
 * Reads the arguments after `sealgate inject`. The error is a sentence for standard error (exit
 * code 2): nothing is guessed, because a mistake here goes into every pod.
 */
export function parseInjectArguments(argv: readonly string[]): Result<InjectArguments, string> {
  const values = readValues(argv)
  if (!values.ok) return values
  const { cert, key, image, endpoint } = values.value
  if (cert === undefined || key === undefined || image === undefined) {
    return failure('--cert, --key and --image are required')
  }
  if (!IMAGE.test(image)) return failure(`--image: not an image's name: ${image}`)
  const address = parseAddress(values.value.address)
  if (address === undefined) return failure(`--address: not HOST:PORT: ${values.value.address}`)
  if (!isLoopbackUrl(endpoint)) {
    return failure(`--endpoint: not http://127.0.0.1:PORT: ${endpoint}`)
  }
  if (!/^\d{1,3}$/.test(values.value['drain-delay'])) {
    return failure('--drain-delay: not a number of seconds below 1000')
  }
  const adminPort = parsePort(values.value['admin-port'])
  if (adminPort === undefined || adminPort === 0) return failure('--admin-port: not a port')
  const resources = {
    requests: { cpu: values.value['cpu-request'], memory: values.value['memory-request'] },
    limits: { cpu: values.value['cpu-limit'], memory: values.value['memory-limit'] },
  }
  const quantities = [...Object.values(resources.requests), ...Object.values(resources.limits)]
  const wrong = quantities.find((quantity) => !QUANTITY.test(quantity))
  if (wrong !== undefined) return failure(`not a Kubernetes quantity: ${wrong}`)
  return ok({
    address,
    certificate: { certFile: cert, keyFile: key },
    drainDelayMs: Number(values.value['drain-delay']) * 1000,
    settings: {
      image,
      endpoint,
      adminPort,
      configMap: values.value['config-map'],
      resources,
      excludedNamespaces: [...CLUSTER_NAMESPACES, ...(values.value.namespace ?? [])],
    },
  })
}

function readValues(argv: readonly string[]) {
  try {
    return ok(parseArgs({ args: [...argv], options: OPTIONS, strict: true }).values)
  } catch (error) {
    return failure(error instanceof Error ? error.message : String(error))
  }
}

/** `HOST:PORT`, IPv6 in brackets; `:PORT`. */
function parseAddress(text: string): InjectArguments['address'] | undefined {
  const colon = text.lastIndexOf(':')
  const port = parsePort(text.slice(colon + 1))
  if (port === undefined || colon < 0) return undefined
  if (colon === 0) return { port }
  return { host: text.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port }
}

function parsePort(text: string): number | undefined {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1
  return port >= 0 && port <= 65_535 ? port : undefined
}

function isLoopbackUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'http:' && LOOPBACK_HOSTS.includes(url.hostname)
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { failure, ok, type Result } from '../base/result.ts'
import { parseAdmissionRequest } from './admission-request.ts'
import { buildAdmissionReview } from './admission-review.ts'
import { buildPatch } from './build-patch.ts'
import { ByteBudget } from './byte-budget.ts'
import type { InjectLog } from './inject-log.ts'
import type { InjectSettings } from './inject-settings.ts'
import { readBody } from './read-body.ts'
import { type CertificateFiles, readCertificate, watchCertificate } from './watch-certificate.ts'

/**
 * Limit of a review. An object has at most 1.5 MiB (etcd's limit); a review contains it once, and
 * more.
 */
const REVIEW_BYTES_MAX = 3 * 1024 * 1024
/**
 * Limit of all reviews that are read at once: a few of the largest, or many of the usual 10 KiB.
 */
const REVIEWS_BYTES_MAX = 12 * 1024 * 1024
const HEAD_TIMEOUT_MS = 5_000
/** The API server waits 10 s by default and 30 s at most. */
const REQUEST_TIMEOUT_MS = 30_000
/**
 * Longer than the 90 s after which the API server closes an idle connection. If we closed first, a
 * review sent at that moment would fail, and its pod would start without the sidecar.
 */
const KEEP_ALIVE_TIMEOUT_MS = 120_000
const CONNECTIONS_MAX = 256

interface InjectServerOptions {
  /** Without a host: all addresses. */
  readonly address: { readonly host?: string; readonly port: number }
  readonly certificate: CertificateFiles
  readonly settings: InjectSettings
  readonly log: InjectLog
}

/** A listening webhook; `port` is the actual port if 0 was requested. */
export interface InjectServer {
  readonly port: number
  /** Makes it not ready and ends connections after their answers: it is about to close. */
  drain(): void
  /** Closes the listener and waits for running answers. */
  close(): Promise<void>
}

/**
 * Starts the admission webhook: `POST /mutate` over TLS (1.2 or newer), and `GET /livez`, `/readyz`
 * for the kubelet. New connections use a renewed certificate; an invalid one is logged and the
 * previous one stays. Throws if the certificate cannot be read or the address is in use.
 */
export async function startInjectServer(options: InjectServerOptions): Promise<InjectServer> {
  const certificate = await readCertificate(options.certificate)
  if (!certificate.ok) throw new Error(certificate.error)
  let isDraining = false
  const budget = new ByteBudget(REVIEWS_BYTES_MAX)
  const server = createServer(
    {
      ...certificate.value,
      minVersion: 'TLSv1.2',
      headersTimeout: HEAD_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      handshakeTimeout: HEAD_TIMEOUT_MS,
    },
    (request, response) => {
      if (isDraining) response.shouldKeepAlive = false
      answer(request, response, options, isDraining, budget).catch((err: unknown) => {
        // A bug: fails this request, but not the process.
        options.log.warn({ err }, 'a request failed')
        response.destroy()
      })
    },
  )
  server.maxConnections = CONNECTIONS_MAX
  await listen(server, options.address)
  const watching = watchCertificate(options.certificate, (renewed) => {
    if (!renewed.ok) return options.log.warn({ cause: renewed.error }, 'certificate not renewed')
    server.setSecureContext({ ...renewed.value, minVersion: 'TLSv1.2' })
    options.log.info({ certFile: options.certificate.certFile }, 'certificate renewed')
  })
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.address.port,
    drain: () => {
      isDraining = true
    },
    close: async () => {
      watching.close()
      await close(server)
    },
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: InjectServerOptions,
  isDraining: boolean,
  budget: ByteBudget,
): Promise<void> {
  const outcome = await decide(request, options, isDraining, budget)
  if (outcome.ok) {
    response.writeHead(200, { 'content-type': outcome.value.type }).end(outcome.value.body)
    return
  }
  // Do not wait for the rest of an unread body.
  const headers = { 'content-length': 0, connection: 'close' }
  // With Retry-After the API server retries within its own timeout.
  const later = outcome.error === 503 ? { 'retry-after': '1' } : {}
  response.writeHead(outcome.error, { ...headers, ...later }).end()
}

/** The error is an HTTP status. */
async function decide(
  request: IncomingMessage,
  options: InjectServerOptions,
  isDraining: boolean,
  budget: ByteBudget,
): Promise<Result<{ readonly type: string; readonly body: string }, number>> {
  const path = request.url?.split('?', 1)[0]
  if (path === '/readyz' && isDraining) return failure(503)
  if (path === '/livez' || path === '/readyz') return ok({ type: 'text/plain', body: 'ok\n' })
  if (path !== '/mutate') return failure(404)
  if (request.method !== 'POST') return failure(405)
  if (request.headers['content-type']?.startsWith('application/json') !== true) return failure(415)
  const body = await readBody(request, REVIEW_BYTES_MAX, budget)
  if (!body.ok) return body
  const admission = parseAdmissionRequest(body.value)
  if (!admission.ok) {
    options.log.warn({ cause: admission.error }, 'invalid admission request')
    return failure(400)
  }
  const { uid, namespace } = admission.value
  const patch = buildPatch(admission.value, options.settings)
  if (!patch.ok) options.log.warn({ uid, namespace, cause: patch.error }, 'pod refused')
  else if (patch.value.operations.length > 0) options.log.info({ uid, namespace }, 'pod patched')
  return ok({ type: 'application/json', body: buildAdmissionReview(uid, patch) })
}

function listen(server: Server, address: InjectServerOptions['address']): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(address, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}

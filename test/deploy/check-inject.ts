import { readFileSync } from 'node:fs'
import { type RequestOptions, request } from 'node:https'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { makeCertificate, mountCertificate } from '../support/certificates.ts'
import { freePort } from '../support/free-ports.ts'
import { Program } from '../support/program.ts'
import type { Checks } from './checks.ts'
import { podSpecOf } from './pod-templates.ts'
import { parseManifests } from './render.ts'

const DEPLOYMENT = 'deploy/kustomize/overlays/inject/deployment.yaml'
const READY_ATTEMPTS = 100
const READY_PAUSE_MS = 100
/** terminationGracePeriodSeconds of the Deployment, less some seconds for a slow machine. */
const STOP_MS = 25_000
/** A call of an API server that has not heard yet that the pod goes. */
const LATE_MS = 2_000

/** Runs `sealgate inject` with the Deployment's arguments and asks it as the API server would. */
export async function checkInject(checks: Checks, work: string): Promise<void> {
  const certificate = makeCertificate({ serialNumber: '01' })
  const files = mountCertificate(join(work, 'inject'), certificate)
  const port = await freePort()
  const args = readArguments().map((argument) =>
    argument
      .replace('=:8443', `=127.0.0.1:${port}`)
      .replace('/run/secrets/tls/tls.crt', files.certFile)
      .replace('/run/secrets/tls/tls.key', files.keyFile)
      .replace('$(SIDECAR_IMAGE)', 'registry.example.com/sealgate:0.2.0')
      .replace('$(OWN_NAMESPACE)', 'sealgate-inject'),
  )
  const program = Program.sealgate(args, { isAlone: true })
  const target = { host: '127.0.0.1', port, servername: 'localhost', ca: certificate.cert }
  await checks.check('inject: runs with the arguments of the Deployment', async () => {
    for (let attempt = 0; attempt < READY_ATTEMPTS; attempt++) {
      if (!program.isRunning) break
      const answer = await send({ ...target, path: '/readyz' }, '').catch(() => undefined)
      if (answer?.status === 200) return []
      await wait(READY_PAUSE_MS)
    }
    return ['not ready', program.stdout, program.stderr]
  })
  await checks.check('inject: patches a recorded pod', async () => {
    const headers = { 'content-type': 'application/json' }
    const review = readFileSync('test/inject/reviews/job-pod.json', 'utf8')
    const options = { ...target, method: 'POST', path: '/mutate?timeout=5s', headers }
    const { status, body } = await send(options, review)
    const { response } = JSON.parse(body)
    const patch = Buffer.from(response.patch ?? '', 'base64').toString()
    const isPatched = response.allowed === true && patch.includes('registry.example.com/sealgate')
    return status === 200 && isPatched ? [] : [`${status} ${body}`]
  })
  await checks.check('inject: SIGTERM ends it with status 0, some seconds later', async () => {
    const stopping = program.stop(STOP_MS)
    await wait(LATE_MS)
    const late = await send({ ...target, path: '/livez' }, '').catch(
      (error: Error) => error.message,
    )
    const status = await stopping
    return [
      ...(Object(late).status === 200 ? [] : [`a call after the signal: ${late}`]),
      ...(status === 0 ? [] : [`status ${status}`]),
    ]
  })
}

function readArguments(): readonly string[] {
  const [deployment] = parseManifests(readFileSync(DEPLOYMENT, 'utf8'))
  const pod = deployment === undefined ? undefined : podSpecOf(deployment)
  return pod?.containers[0]?.args ?? []
}

function send(options: RequestOptions, body: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...options, agent: false, timeout: 5_000 }, async (response) => {
      const chunks: Buffer[] = []
      for await (const chunk of response) chunks.push(chunk)
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

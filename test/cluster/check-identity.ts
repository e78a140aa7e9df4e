import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Finding } from '../deploy/checks.ts'
import { type Completed, runCommand } from '../deploy/command.ts'
import { TestAuthority, writePair } from '../support/certificates.ts'
import { freePorts } from '../support/free-ports.ts'
import { openScene, type Scene, yamlFor } from '../support/program-scene.ts'
import { KEY, REGION } from '../support/rig.ts'
import { SealgateProcess } from '../support/sealgate-process.ts'
import { type Cluster, eventually, type Stored } from './cluster.ts'
import { Injector } from './injector.ts'
import type { Surroundings } from './inside.ts'
import { buildPod, createNamespace, createPod, variablesOf } from './pods.ts'

const HOST = 'sealgate.sealgate.svc'
const NAMESPACE = 'billing'
const UPLOAD = fileURLToPath(new URL('upload.js', import.meta.url))

/** A gateway with a listener of kind `sts`, in front of an embedded S3. */
class Gateway {
  readonly #scene: Scene
  readonly #authority = new TestAuthority('/CN=internal')
  readonly #ports: readonly number[]
  #sealgate: SealgateProcess | undefined

  private constructor(scene: Scene, ports: readonly number[]) {
    this.#scene = scene
    this.#ports = ports
  }

  static async open(): Promise<Gateway> {
    // In the place of the cluster's DNS.
    writeFileSync('/etc/hosts', `127.0.0.1 localhost ${HOST}\n`)
    return new Gateway(await openScene(), await freePorts(2))
  }

  get endpoint(): string {
    return `https://${HOST}:${this.#ports[0]}`
  }

  get stsEndpoint(): string {
    return `https://${HOST}:${this.#ports[1]}`
  }

  get caFile(): string {
    return join(this.#scene.folder, 'ca.crt')
  }

  get output(): string {
    return `${this.#sealgate?.stdout}`
  }

  /** Starts it, or starts it again, with another place of the issuer's keys. */
  async start(issuer: string, jwks: string): Promise<void> {
    await this.#sealgate?.stop()
    const { folder, sandbox } = this.#scene
    const { certFile, keyFile } = writePair(
      folder,
      'gateway',
      this.#authority.issue({ names: [`DNS:${HOST}`] }),
    )
    writeFileSync(this.caFile, this.#authority.cert)
    const tls = `tls: { certFile: ${certFile}, keyFile: ${keyFile} }`
    const [port, stsPort] = this.#ports
    const yaml = yamlFor({
      upstreamPort: sandbox.port,
      listen: `  - { address: '127.0.0.1:${port}', hosts: [${HOST}], ${tls} }
  - { kind: sts, address: '127.0.0.1:${stsPort}', ${tls} }`,
      clients: `
  - name: billing
    webIdentity: { issuer: cluster, subjects: ['system:serviceaccount:billing:app'] }
    buckets: [bucket]`,
      more: `
sts:
  issuers: [{ name: cluster, issuer: '${issuer}', audiences: [sealgate], jwks: ${jwks} }]
  sealingKeys: ['${randomBytes(32).toString('base64')}']`,
    })
    this.#sealgate = await SealgateProcess.start(folder, yaml)
  }

  /** What is wrong with an object that should be there, under the policy's key. */
  inspect(key: string): Finding {
    const { encryption, keyId } = this.#scene.sandbox.inspect('bucket', key) ?? {}
    return encryption === 'aws:kms' && keyId === KEY ? [] : [`${key}: ${encryption} ${keyId}`]
  }

  async close(): Promise<void> {
    await this.#sealgate?.stop()
    await this.#scene.close()
  }
}

/** A pod's own token, issued and served by the API server, becomes keys of the gateway and an upload. */
export async function checkIdentity({ checks, cluster, deploy }: Surroundings): Promise<void> {
  const gateway = await Gateway.open()
  const injector = new Injector(cluster)
  let pod: Stored
  try {
    await checks.check(
      'identity: a pod that names its role is stored with token and variables',
      async () => {
        await injector.install(deploy)
        await injector.start(
          `--gateway-endpoint=${gateway.endpoint}`,
          `--sts-endpoint=${gateway.stsEndpoint}`,
        )
        await createNamespace(cluster, NAMESPACE, { 'sealgate/injection': 'enabled' })
        await cluster.ask('create', 'serviceaccount', 'app', '-n', NAMESPACE)
        const annotations = { 'sealgate/role': 'billing' }
        const spec = { serviceAccountName: 'app', automountServiceAccountToken: false }
        const created = await createPod(cluster, buildPod('app', NAMESPACE, { annotations, spec }))
        pod = created.stored
        const names = [...variablesOf(pod, 'app').keys()].sort().join()
        return names === VARIABLES ? [] : [names, created.warnings]
      },
    )
    const token = await issueToken(cluster, pod)
    await checks.check('identity: the keys of the API server from a file', async () => {
      const file = join(cluster.folder, 'jwks.json')
      writeFileSync(file, await cluster.ask('get', '--raw', '/openid/v1/jwks'))
      await gateway.start(cluster.url, `{ file: ${file} }`)
      return checkUpload(gateway, pod, token, 'by-file')
    })
    await checks.check('identity: the audit names the service account', () =>
      eventually(async () =>
        gateway.output.includes('"subject":"system:serviceaccount:billing:app"')
          ? []
          : [gateway.output],
      ),
    )
    await checks.check('identity: the keys by their address, with an own token', async () => {
      await gateway.start(cluster.url, await ownTokenJwks(cluster))
      return checkUpload(gateway, pod, token, 'by-address')
    })
    await checks.check(
      'identity: the API server refuses its keys to nobody, and Sealgate says so',
      async () => {
        const { status } = await cluster.send('/.well-known/openid-configuration')
        await gateway.start(cluster.url, `{ caFile: ${join(cluster.folder, 'ca.crt')} }`)
        const refused = await upload(gateway, pod, token, 'by-nobody')
        const isTold = refused.stderr.includes('IDPCommunicationError')
        return status === 403 && isTold ? [] : [`${status}`, refused.stderr]
      },
    )
    await checks.check('identity: the keys by discovery, where nobody may read them', async () => {
      await cluster.ask(
        ...['create', 'clusterrolebinding', 'issuer-discovery-for-all'],
        ...[
          '--clusterrole=system:service-account-issuer-discovery',
          '--group=system:unauthenticated',
        ],
      )
      await untilStatus(cluster, '/.well-known/openid-configuration', 200)
      await gateway.start(cluster.url, `{ caFile: ${join(cluster.folder, 'ca.crt')} }`)
      return checkUpload(gateway, pod, token, 'by-discovery')
    })
    await checks.check("identity: the API server's own audience is refused", async () => {
      const other = await cluster.ask('create', 'token', 'app', '-n', NAMESPACE)
      return checkRefused(await upload(gateway, pod, other, 'x'), 'InvalidIdentityToken')
    })
    await checks.check('identity: another service account is refused', async () => {
      const args = ['create', 'token', 'default', '-n', NAMESPACE, '--audience=sealgate']
      return checkRefused(
        await upload(gateway, pod, await cluster.ask(...args), 'x'),
        'AccessDenied',
      )
    })
    await checks.check(
      'identity: the token of a deleted pod lasts until its end, but for the API server',
      async () => {
        const wasTaken = await isAuthentic(cluster, token)
        await cluster.ask('delete', 'pod', 'app', '-n', NAMESPACE)
        // The API server remembers what it has found for some seconds.
        const refused = await eventually(async () =>
          (await isAuthentic(cluster, token)) ? ['the API server takes it still'] : [],
        )
        const found = await checkUpload(gateway, pod, token, 'after-deletion')
        return [...found, ...refused, ...(wasTaken ? [] : ['the API server never took it'])]
      },
    )
  } finally {
    await injector.close()
    await gateway.close()
    await cluster.kubectl('delete', 'clusterrolebinding', 'issuer-discovery-for-all')
    await cluster.ask('delete', 'namespace', NAMESPACE)
    await injector.uninstall(deploy)
  }
}

const VARIABLES =
  'AWS_ENDPOINT_URL_S3,AWS_ENDPOINT_URL_STS,AWS_ROLE_ARN,AWS_WEB_IDENTITY_TOKEN_FILE'

/** As the kubelet does for the stored volume: bound to the pod, for the volume's audience. */
async function issueToken(cluster: Cluster, pod: Stored): Promise<string> {
  const volume = pod.spec.volumes.find(({ name }: Stored) => name === 'sealgate-token')
  const { audience, expirationSeconds } = volume.projected.sources[0].serviceAccountToken
  return cluster.ask(
    ...['create', 'token', pod.spec.serviceAccountName, '-n', NAMESPACE],
    ...[`--audience=${audience}`, `--duration=${expirationSeconds}s`],
    ...['--bound-object-kind=Pod', `--bound-object-name=${pod.metadata.name}`],
    `--bound-object-uid=${pod.metadata.uid}`,
  )
}

/** What the API server says of a token for the gateway. */
async function isAuthentic(cluster: Cluster, token: string): Promise<boolean> {
  const spec = { token: token.trim(), audiences: ['sealgate'] }
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec }
  const { status, stdout, stderr } = await cluster.create(review, '-o', 'json')
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout).status.authenticated === true
}

/** What docs/identity.md says for an API server that serves its keys to accounts alone. */
async function ownTokenJwks(cluster: Cluster): Promise<string> {
  const file = join(cluster.folder, 'own-token')
  writeFileSync(file, await cluster.ask('create', 'token', 'default', '-n', 'sealgate-inject'))
  const caFile = join(cluster.folder, 'ca.crt')
  return `{ uri: ${cluster.url}/openid/v1/jwks, caFile: ${caFile}, tokenFile: ${file} }`
}

/** Uploads as the pod's container would, with its variables and its token. */
function upload(gateway: Gateway, pod: Stored, token: string, key: string): Promise<Completed> {
  const variables = variablesOf(pod, 'app')
  const file = variables.get('AWS_WEB_IDENTITY_TOKEN_FILE') ?? ''
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, token.trim())
  const env = {
    ...Object.fromEntries(variables),
    AWS_REGION: REGION,
    NODE_EXTRA_CA_CERTS: gateway.caFile,
  }
  return runCommand(process.execPath, [UPLOAD, 'bucket', key], { env })
}

async function checkUpload(
  gateway: Gateway,
  pod: Stored,
  token: string,
  key: string,
): Promise<Finding> {
  const { status, stderr } = await upload(gateway, pod, token, key)
  return status === 0 ? gateway.inspect(key) : [stderr, gateway.output]
}

function checkRefused({ status, stderr }: Completed, code: string): Finding {
  return status !== 0 && stderr.includes(code) ? [] : [`status ${status}`, stderr]
}

/** The authorizer learns of a binding by its watch. */
async function untilStatus(cluster: Cluster, path: string, wanted: number): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    await cluster.ask('get', 'namespaces', '-o', 'name')
    if ((await cluster.send(path)).status === wanted) return
  }
  throw new Error(`${path}: never ${wanted}`)
}

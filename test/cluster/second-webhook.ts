import { once } from 'node:events'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { TestAuthority } from '../support/certificates.ts'
import type { Stored } from './cluster.ts'
import { ASKS, buildContainer } from './pods.ts'

/** What a webhook changes in a pod, as JSON Patch; nothing if it has been changed already. */
export type Change = (pod: Stored) => readonly object[]

/** Adds a container. */
export const addContainer: Change = ({ spec }) =>
  spec.containers.some(({ name }: Stored) => name === 'late')
    ? []
    : [{ op: 'add', path: '/spec/containers/-', value: buildContainer('late') }]

/** Asks for the sidecar in the pod's name, as an organisation's policy does. */
export const addAnnotation: Change = ({ metadata }) =>
  metadata.annotations === undefined
    ? [{ op: 'add', path: '/metadata/annotations', value: ASKS }]
    : []

/** A webhook of somebody else, which is called after Sealgate's. */
export class SecondWebhook {
  readonly #server: Server
  readonly #authority: TestAuthority

  private constructor(server: Server, authority: TestAuthority) {
    this.#server = server
    this.#authority = authority
  }

  static async open(change: Change): Promise<SecondWebhook> {
    const authority = new TestAuthority('/CN=second')
    const server = createServer(authority.issue(), async (incoming, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of incoming) chunks.push(chunk)
      const { request } = JSON.parse(Buffer.concat(chunks).toString())
      const patch = Buffer.from(JSON.stringify(change(request.object))).toString('base64')
      const answer = { uid: request.uid, allowed: true, patchType: 'JSONPatch', patch }
      const review = {
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: answer,
      }
      response.setHeader('content-type', 'application/json').end(JSON.stringify(review))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new SecondWebhook(server, authority)
  }

  /** For the pods of one namespace; by its name it is called last. */
  configurationFor(namespace: string): object {
    const { port } = this.#server.address() as AddressInfo
    const caBundle = Buffer.from(this.#authority.cert).toString('base64')
    const webhook = {
      name: 'late.example.com',
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      // The API server may call it a moment longer than it listens.
      failurePolicy: 'Ignore',
      clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle },
      rules: [
        { apiGroups: [''], apiVersions: ['v1'], resources: ['pods'], operations: ['CREATE'] },
      ],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    }
    return {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name: 'zz-second' },
      webhooks: [webhook],
    }
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

import { readFileSync } from 'node:fs'
import { Command } from '@commander-js/extra-typings'
import t from 'tap'
import { parse } from 'yaml'
import { injectSettings } from '../../src/cli/inject.ts'
import { declareInject } from '../../src/cli/program.ts'
import { buildSidecarContainer } from '../../src/inject/sidecar-container.ts'

const OVERLAYS = 'deploy/kustomize/overlays'

function readYaml(path: string) {
  return parse(readFileSync(`${OVERLAYS}/${path}`, 'utf8'))
}

/** The options of the webhook's Deployment as its container gets them; `more`: arguments of an overlay. */
function readInjectOptions(more: readonly string[] = []) {
  const [container] = readYaml('inject/deployment.yaml').spec.template.spec.containers
  const [command, ...args] = container.args.map((argument: string) =>
    argument
      .replace('$(SIDECAR_IMAGE)', 'sealgate')
      .replace('$(OWN_NAMESPACE)', readYaml('inject/kustomization.yaml').namespace),
  )
  t.equal(command, 'inject')
  const inject = declareInject(new Command())
  inject.parseOptions([...args, ...more])
  return inject.opts()
}

t.test('the webhook adds the same sidecar as the overlay', async (t) => {
  const pod = readYaml('sidecar/sidecar-patch.yaml').spec.template.spec
  const injected = buildSidecarContainer(injectSettings(readInjectOptions()))
  // The overlay names the port, the webhook gives its number and says TCP: the same to Kubernetes.
  const text = JSON.stringify(pod.initContainers[0]).replaceAll('"sealgate-admin"}', '9090}')
  const named = { name: 'sealgate-admin', containerPort: 9090, protocol: 'TCP' }
  t.same({ ...JSON.parse(text), ports: [named] }, injected)
  t.equal(pod.containers[0].env[0].value, readInjectOptions().endpoint)
})

t.test('an overlay adds the options by which pods get keys of a gateway', async (t) => {
  const { resources, patches } = readYaml('inject-gateway/kustomization.yaml')
  t.strictSame(resources, ['../inject'])
  const added: readonly { op: string; path: string; value: string }[] = parse(patches[0].patch)
  for (const { op, path } of added) {
    t.strictSame([op, path], ['add', '/spec/template/spec/containers/0/args/-'])
  }
  const { gateway } = injectSettings(readInjectOptions(added.map(({ value }) => value)))
  t.strictSame(gateway, {
    endpoint: 'https://s3.corp.example',
    stsEndpoint: 'https://sts.corp.example:8444',
    audience: 'sealgate',
  })
  t.equal(injectSettings(readInjectOptions()).gateway, undefined)
})

t.test('the overlay configures the addresses that container and probes use', async (t) => {
  const config = readYaml('sidecar/config.yaml')
  t.equal(`http://${config.listen[0].address}`, readInjectOptions().endpoint)
  t.equal(config.admin.address, `:${readInjectOptions().adminPort}`)
  t.equal(config.clients[0].anonymous, true)
})

t.test('the grace periods are longer than the drain', async (t) => {
  const seconds = (text: string) => Number.parseInt(text, 10) * (text.endsWith('m') ? 60 : 1)
  const cases = [
    ['sidecar/uploader.yaml', 'sidecar/config.yaml'],
    ['gateway/deployment.yaml', 'gateway/config.yaml'],
  ] as const
  for (const [workload, configuration] of cases) {
    const text = readFileSync(`${OVERLAYS}/${workload}`, 'utf8')
    const { drain } = readYaml(configuration)
    const needed = seconds(drain.delay) + seconds(drain.deadline)
    const periods = [...text.matchAll(/terminationGracePeriodSeconds: (\d+)/g)]
    t.ok(periods.length > 0, workload)
    for (const [, period] of periods) t.ok(Number(period) > needed, `${workload}: ${period}`)
  }
})

t.test(
  'the webhook answers where the API server calls, and never for its own namespace',
  async (t) => {
    const [webhook] = readYaml('inject/mutating-webhook.yaml').webhooks
    const options = readInjectOptions()
    const service = readYaml('inject/service.yaml')
    const [container] = readYaml('inject/deployment.yaml').spec.template.spec.containers
    t.equal(webhook.clientConfig.service.name, service.metadata.name)
    t.equal(webhook.clientConfig.service.path, '/mutate')
    t.equal(webhook.failurePolicy, 'Ignore')
    t.equal(container.ports[0].containerPort, options.address.port)
    t.ok(
      injectSettings(options).excludedNamespaces.includes(webhook.clientConfig.service.namespace),
    )
    const names = readYaml('inject/kustomization.yaml').namespace
    t.equal(webhook.clientConfig.service.namespace, names)
  },
)

t.test(
  'the gateway with evidence is the gateway, with a log, a key and a disk for each replica',
  async (t) => {
    const { audit, ...rest } = readYaml('gateway-evidence/config.yaml')
    const { audit: _, ...gateway } = readYaml('gateway/config.yaml')
    t.strictSame(rest, gateway)
    const patch: readonly { readonly path: string; readonly value: unknown }[] = readYaml(
      'gateway-evidence/stateful-set-patch.yaml',
    )
    const valuesAt = (path: string) => patch.filter((one) => one.path === path)
    const [trail, sealing] = valuesAt('/spec/template/spec/containers/0/volumeMounts/-')
    const { evidence } = audit
    t.ok(evidence.directory.startsWith(`${Reflect.get(Object(trail?.value), 'mountPath')}/`))
    t.ok(evidence.key.file.startsWith(`${Reflect.get(Object(sealing?.value), 'mountPath')}/`))
    for (const text of [evidence.origin, evidence.key.file]) t.match(text, /env:POD_NAME/)
    const [{ value: env } = { value: [] }] = valuesAt('/spec/template/spec/containers/0/env')
    t.match(env, [
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ])
    t.match(evidence.anchor, { bucket: String, retain: String })
    // Pods of a StatefulSet are removed before their successors start: claims are of one pod.
    const [{ value: claims } = { value: [] }] = valuesAt('/spec/volumeClaimTemplates')
    t.match(claims, [{ spec: { accessModes: ['ReadWriteOncePod'] } }])
  },
)

t.test('no secret is in the tree', async (t) => {
  for (const { secretAccessKey } of readYaml('gateway/config.yaml').clients) {
    t.match(secretAccessKey, { file: /^\/run\/secrets\// })
  }
})

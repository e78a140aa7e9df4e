import type { InjectSettings } from '../../src/inject/inject-settings.ts'

/** Settings that differ from every default, so that a test sees which were used. */
export const SETTINGS: InjectSettings = {
  image: 'registry.corp.example/sealgate:1.2.3',
  endpoint: 'http://127.0.0.1:8181',
  adminPort: 9191,
  configMap: 'sealgate-default',
  resources: {
    requests: { cpu: '50m', memory: '100Mi' },
    limits: { cpu: '500m', memory: '200Mi' },
  },
  gateway: {
    endpoint: 'https://s3.corp.example',
    stsEndpoint: 'https://sts.corp.example:8444',
    audience: 'gateway.corp.example',
  },
  excludedNamespaces: ['kube-system', 'sealgate'],
}

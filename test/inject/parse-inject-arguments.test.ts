import t from 'tap'
import { INJECT_USAGE, parseInjectArguments } from '../../src/inject/parse-inject-arguments.ts'

const REQUIRED = ['--cert', '/tls/tls.crt', '--key', '/tls/tls.key', '--image', 'sealgate:1']

t.test('what is left out has a default', async (t) => {
  t.strictSame(parseInjectArguments(REQUIRED), {
    ok: true,
    value: {
      address: { port: 8443 },
      certificate: { certFile: '/tls/tls.crt', keyFile: '/tls/tls.key' },
      drainDelayMs: 0,
      settings: {
        image: 'sealgate:1',
        endpoint: 'http://127.0.0.1:8080',
        adminPort: 9090,
        configMap: 'sealgate-sidecar',
        resources: {
          requests: { cpu: '100m', memory: '128Mi' },
          limits: { cpu: '1', memory: '256Mi' },
        },
        excludedNamespaces: ['kube-system', 'kube-public', 'kube-node-lease'],
      },
    },
  })
})

t.test('everything can be said', async (t) => {
  const parsed = parseInjectArguments([
    ...REQUIRED,
    ...['--address', '[::1]:9443', '--namespace', 'sealgate', '--namespace', 'vault'],
    ...['--config-map', 'c', '--endpoint', 'http://127.0.0.1:1', '--admin-port', '2'],
    ...['--cpu-request', '1m', '--cpu-limit', '2', '--memory-request', '3Mi'],
    ...['--memory-limit', '1.5Gi', '--drain-delay', '15'],
  ])
  t.match(parsed, {
    ok: true,
    value: {
      address: { host: '::1', port: 9443 },
      drainDelayMs: 15_000,
      settings: {
        endpoint: 'http://127.0.0.1:1',
        adminPort: 2,
        configMap: 'c',
        resources: {
          requests: { cpu: '1m', memory: '3Mi' },
          limits: { cpu: '2', memory: '1.5Gi' },
        },
      },
    },
  })
  t.strictSame(parsed.ok && parsed.value.settings.excludedNamespaces.slice(3), [
    'sealgate',
    'vault',
  ])
})

t.test('a mistake is refused', async (t) => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /required/],
    [REQUIRED.slice(2), /required/],
    [[...REQUIRED, '--nonsense'], /nonsense/],
    [[...REQUIRED, 'positional'], /positional/],
    [[...REQUIRED, '--image', 'a b'], /--image/],
    [[...REQUIRED, '--address', '8443'], /--address/],
    [[...REQUIRED, '--address', 'a:65536'], /--address/],
    [[...REQUIRED, '--address', 'a:'], /--address/],
    [[...REQUIRED, '--drain-delay', '10s'], /--drain-delay/],
    [[...REQUIRED, '--admin-port', '0'], /--admin-port/],
    [[...REQUIRED, '--admin-port', 'x'], /--admin-port/],
    [[...REQUIRED, '--endpoint', 'http://10.0.0.1:8080'], /--endpoint/],
    [[...REQUIRED, '--endpoint', 'https://127.0.0.1:8080'], /--endpoint/],
    [[...REQUIRED, '--endpoint', 'nonsense'], /--endpoint/],
    [[...REQUIRED, '--memory-limit', '1 GB'], /quantity/],
    [[...REQUIRED, '--cpu-request', '-1'], /./],
  ]
  for (const [argv, error] of cases) {
    t.match(parseInjectArguments(argv), { ok: false, error }, argv.slice(-2).join(' '))
  }
})

t.test('the usage names every option', async (t) => {
  for (const option of ['cert', 'key', 'image', 'address', 'namespace', 'config-map', 'endpoint']) {
    t.match(INJECT_USAGE, `--${option} `)
  }
})

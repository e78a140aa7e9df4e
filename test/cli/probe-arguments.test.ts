import t from 'tap'
import { parseProbeArguments } from '../../src/cli/probe-arguments.ts'

const NEEDED = ['--config', 'sealgate.yaml', '--bucket', 'bucket'] as const

t.test('what is left out has its default', async (t) => {
  t.strictSame(parseProbeArguments(NEEDED), {
    ok: true,
    value: {
      configFile: 'sealgate.yaml',
      bucket: 'bucket',
      client: undefined,
      endpoint: undefined,
      prefix: '.sealgate-probe/',
      caFile: undefined,
    },
  })
})

t.test('everything can be said', async (t) => {
  const args = [
    '--client',
    'app',
    '--endpoint',
    'https://s3.corp.example',
    '--prefix',
    'p/',
    '--ca',
    'ca.pem',
  ]
  t.match(parseProbeArguments([...NEEDED, ...args]), {
    ok: true,
    value: { client: 'app', prefix: 'p/', caFile: 'ca.pem' },
  })
})

const ENDPOINTS = [
  [
    'http://127.0.0.1:8080',
    { isTls: false, hostname: '127.0.0.1', port: 8080, host: '127.0.0.1:8080' },
  ],
  ['http://localhost', { isTls: false, hostname: 'localhost', port: 80, host: 'localhost' }],
  [
    'https://s3.corp.example/',
    { isTls: true, hostname: 's3.corp.example', port: 443, host: 's3.corp.example' },
  ],
  [
    'https://s3.corp.example:8443',
    { isTls: true, hostname: 's3.corp.example', port: 8443, host: 's3.corp.example:8443' },
  ],
  ['http://[::1]:8080', { isTls: false, hostname: '::1', port: 8080, host: '[::1]:8080' }],
] as const

for (const [text, endpoint] of ENDPOINTS) {
  t.test(`--endpoint ${text}`, async (t) => {
    const parsed = parseProbeArguments([...NEEDED, '--endpoint', text])
    t.strictSame(parsed.ok && parsed.value.endpoint, endpoint)
  })
}

const WRONG: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [[], /needs --config FILE/],
  [['--bucket', 'b'], /needs --config FILE/],
  [['--config', 'x'], /needs --bucket BUCKET/],
  [['--config', 'x', '--bucket', ''], /needs --bucket BUCKET/],
  [[...NEEDED, '--endpoint', 'localhost:8080'], /--endpoint 'localhost:8080' is not http:\/\/HOST/],
  [[...NEEDED, '--endpoint', 'ftp://localhost'], /is not http/],
  [[...NEEDED, '--endpoint', 'http://localhost/bucket'], /is not http/],
  [[...NEEDED, '--endpoint', 'http://localhost/?x'], /is not http/],
  [[...NEEDED, '--endpoint', 'http://user:word@localhost'], /is not http/],
  [[...NEEDED, '--unknown'], /--unknown/],
  [[...NEEDED, 'extra'], /extra/],
]

for (const [args, says] of WRONG) {
  t.test(`wrong: ${args.join(' ')}`, async (t) => {
    const parsed = parseProbeArguments(args)
    t.match(parsed.ok ? '' : parsed.error, says)
  })
}

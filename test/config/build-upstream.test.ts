import t from 'tap'
import { buildUpstream, SANDBOX_CREDENTIALS } from '../../src/config/build-upstream.ts'
import { makeCertificate } from '../support/certificates.ts'
import { loaded, problems, SOUND } from '../support/load-config.ts'

t.equal(typeof buildUpstream, 'function')

function upstream(settings: object) {
  return { ...SOUND, upstream: settings }
}

t.test('the region alone leads to the endpoint of AWS', async (t) => {
  const config = await loaded(upstream({ region: 'eu-central-1' }))
  t.match(config.upstream, {
    endpoint: {
      kind: 'url',
      protocol: 'https:',
      hostname: 's3.eu-central-1.amazonaws.com',
      port: 443,
    },
    region: 'eu-central-1',
    addressing: 'virtual',
    credentials: { source: 'default' },
    isAws: true,
  })
})

t.test('options change the name of the endpoint', async (t) => {
  for (const [options, hostname] of [
    [{ dualStack: true }, 's3.dualstack.eu-central-1.amazonaws.com'],
    [{ fips: true }, 's3-fips.eu-central-1.amazonaws.com'],
    [{ accelerate: true }, 's3-accelerate.amazonaws.com'],
  ] as const) {
    const { upstream: built } = await loaded(upstream({ region: 'eu-central-1', ...options }))
    t.match(built, { ...options, endpoint: { hostname } })
  }
})

t.test('an endpoint of AWS names its region', async (t) => {
  const endpoint = 'https://s3.eu-central-1.amazonaws.com'
  t.match((await loaded(upstream({ endpoint }))).upstream, { region: 'eu-central-1', isAws: true })
  t.match(await problems(upstream({ endpoint, region: 'eu-west-1' })), [
    /upstream\.region: the endpoint is in eu-central-1/,
  ])
})

t.test('to end trailers before AWS is warned of, and before other servers is not', async (t) => {
  const warned = async (settings: object) =>
    (await loaded(upstream({ ...settings, trailers: 'terminate' }))).warnings
  t.match(await warned({ region: 'eu-central-1' }), [{ path: 'upstream.trailers' }])
  t.strictSame(await warned({ endpoint: 'https://rgw.example', region: 'us-east-1' }), [])
})

t.test('the sandbox needs nothing else', async (t) => {
  for (const endpoint of ['sandbox', 'sandbox:']) {
    const { upstream: built } = await loaded(upstream({ endpoint }))
    t.match(built, {
      endpoint: { kind: 'sandbox' },
      region: 'us-east-1',
      addressing: 'path',
      credentials: SANDBOX_CREDENTIALS,
      isAws: false,
    })
  }
  const keys = { source: 'static', accessKeyId: 'AKID', secretAccessKey: 'a-secret-of-length' }
  for (const credentials of [{ source: 'default' }, keys]) {
    t.match(await problems(upstream({ endpoint: 'sandbox:', credentials })), [
      /upstream\.credentials: the sandbox has its own/,
    ])
  }
})

t.test('another S3 has path addressing and a region of its own', async (t) => {
  const endpoint = 'https://minio.corp.example:9000'
  t.match((await loaded(upstream({ endpoint, region: 'default' }))).upstream, {
    endpoint: { hostname: 'minio.corp.example', port: 9000 },
    addressing: 'path',
    region: 'default',
    isAws: false,
  })
  t.match(await problems(upstream({ endpoint })), [/^upstream: region is missing/])
})

t.test('plain HTTP goes to loopback, elsewhere only on demand', async (t) => {
  const region = 'us-east-1'
  for (const settings of [
    { endpoint: 'http://127.0.0.1:7480', region },
    { endpoint: 'http://[::1]:7480', region },
    { endpoint: 'http://localhost:7480', region },
    { endpoint: 'http://s3.corp.example', region, allowPlaintext: true },
  ]) {
    t.equal((await loaded(upstream(settings))).upstream.endpoint.kind, 'url')
  }
  t.match(await problems(upstream({ endpoint: 'http://s3.corp.example', region })), [
    /upstream\.endpoint: plain HTTP beyond loopback/,
  ])
})

t.test('what does not go together is refused', async (t) => {
  const endpoint = 'https://s3.eu-central-1.amazonaws.com'
  for (const [settings, expected] of [
    [{}, [/^upstream: endpoint and region are missing/]],
    [{ region: 'eu-central-1.evil.example' }, [/upstream\.region: is not a region name/]],
    [{ region: 'default' }, [/upstream\.region: is not a region name/]],
    [{ endpoint: 'https://a.example', region: 'a b' }, [/upstream\.region: is not a region/]],
    [{ endpoint, dualStack: true }, [/upstream\.dualStack: contradicts endpoint/]],
    [{ endpoint, fips: true }, [/upstream\.fips: contradicts endpoint/]],
    [
      { region: 'eu-central-1', accelerate: true, fips: true },
      [/upstream\.accelerate: AWS has no accelerated FIPS endpoint/],
    ],
    [
      { region: 'eu-central-1', accelerate: true, addressing: 'path' },
      [/upstream\.addressing: accelerate requires addressing/],
    ],
    [
      { endpoint: 'http://127.0.0.1', region: 'x', addressing: 'virtual' },
      [/upstream\.addressing: an IP address has no subdomains/],
    ],
    [
      {
        endpoint: 'https://b--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com',
        region: 'us-east-1',
      },
      [/directory buckets/],
    ],
    [
      { endpoint: 'https://x.accesspoint.s3-global.amazonaws.com', region: 'us-east-1' },
      [/multi-region access points/],
    ],
    [
      { endpoint: 'https://b.s3-website-us-east-1.amazonaws.com', region: 'us-east-1' },
      [/website endpoint/],
    ],
    [
      { endpoint: 'https://1.s3-control.us-east-1.amazonaws.com', region: 'us-east-1' },
      [/not the endpoint of S3 buckets/],
    ],
    [
      { region: 'eu-central-1', connectTimeout: '99ms' },
      [/upstream\.connectTimeout: must be from 100ms/],
    ],
    [
      { region: 'eu-central-1', headersTimeout: 60 },
      [/upstream\.headersTimeout: write a number and a unit/],
    ],
    [{ region: 'eu-central-1', connections: 0 }, [/upstream\.connections: must be 1 or more/]],
    [
      { region: 'eu-central-1', connections: 65_536 },
      [/upstream\.connections: must be 65535 or less/],
    ],
    [{ region: 'eu-central-1', caFile: 'no.pem' }, [/upstream\.caFile: cannot read/]],
  ] as const) {
    t.match(await problems(upstream(settings)), expected, JSON.stringify(settings))
  }
})

t.test('the authority is read and must be a certificate', async (t) => {
  const { cert: certificate } = makeCertificate()
  const file = upstream({ region: 'eu-central-1', caFile: 'ca.pem' })
  const config = await loaded(file, { files: { '/etc/sealgate/ca.pem': certificate } })
  t.equal(config.upstream.caFile, '/etc/sealgate/ca.pem')
  t.match(await problems(file, { files: { '/etc/sealgate/ca.pem': 'x' } }), [
    /has no PEM certificate/,
  ])
})

t.test("a bucket's region has the form that its S3 gives to regions", async (t) => {
  const file = (bucket: object) => upstream({ region: 'eu-central-1', buckets: { far: bucket } })
  const elsewhere = { endpoint: 'https://minio.corp.example', region: 'default' }
  t.equal((await loaded(file(elsewhere))).upstream.buckets.get('far')?.region, 'default')
  for (const bucket of [
    { region: 'EU' },
    { region: 'default' },
    { endpoint: 'https://s3.us-east-1.amazonaws.com', region: 'default' },
    { endpoint: 'https://minio.corp.example', region: 'a b' },
  ]) {
    t.match(await problems(file(bucket)), [
      /upstream\.buckets\.far\.region: is not a region name, such/,
    ])
  }
})

t.test('single buckets have what is other for them', async (t) => {
  const buckets = {
    far: { region: 'us-west-2' },
    near: { endpoint: 'http://127.0.0.1:9000', credentials: { source: 'env' } },
  }
  const { upstream: built } = await loaded(upstream({ region: 'eu-central-1', buckets }))
  t.strictSame(
    [...built.buckets],
    [
      ['far', { region: 'us-west-2', endpoint: undefined, credentials: undefined }],
      [
        'near',
        {
          region: undefined,
          endpoint: { kind: 'url', protocol: 'http:', hostname: '127.0.0.1', port: 9000 },
          credentials: { source: 'env' },
        },
      ],
    ],
  )
  const wrong = { 'a/b': {}, ok: { region: 'x/y', endpoint: 'nowhere', regoin: 1 } }
  t.match(await problems(upstream({ region: 'eu-central-1', buckets: wrong })), [
    /upstream\.buckets\["a\/b"\]: is not a bucket name/,
    /upstream\.buckets\.ok\.regoin: unknown key; did you mean region/,
  ])
  const values = { ok: { region: 'x/y', endpoint: 'nowhere' } }
  t.match(await problems(upstream({ region: 'eu-central-1', buckets: values })), [
    /upstream\.buckets\.ok\.region: is not a region/,
    /upstream\.buckets\.ok\.endpoint: write it as/,
  ])
})

t.test('clients may sign for other regions where they are named', async (t) => {
  const file = (acceptRegions: unknown) =>
    upstream({ endpoint: 'https://minio.corp.example', region: 'us-east-1', acceptRegions })
  t.strictSame((await loaded(file(undefined))).upstream.acceptRegions, [])
  const names = ['auto', 'default', 'minio.corp.example', 'EU']
  t.strictSame((await loaded(file(names))).upstream.acceptRegions, names)
  for (const name of ['', '*', 'a/b', 'a b', 'ü', 'x'.repeat(65)]) {
    t.match(await problems(file([name])), [/upstream\.acceptRegions\[0\]/], name)
  }
})

t.test('left out, as many sockets as requests at once', async (t) => {
  const file = { ...SOUND, limits: { concurrentRequests: 7 } }
  t.equal((await loaded(file)).upstream.connections, 7)
})

import t from 'tap'
import type { ListenerConfig, UpstreamConfig, UpstreamEndpoint } from '../../src/config/config.ts'
import { classifyHost } from '../../src/egress/classify-host.ts'

const endpoint: UpstreamEndpoint = {
  kind: 'url',
  protocol: 'http:',
  hostname: 'minio.corp.example',
  port: 9000,
}
const listener: ListenerConfig = {
  kind: 'egress',
  address: { host: '127.0.0.1', port: 0 },
  hosts: ['s3.corp.example'],
  tls: undefined,
  isLoopback: true,
  proxyProtocol: undefined,
  forwardedFor: undefined,
  egress: undefined,
}
const upstream: UpstreamConfig = {
  endpoint,
  region: 'eu-central-1',
  acceptRegions: [],
  addressing: 'virtual',
  credentials: { source: 'default' },
  trailers: 'forward',
  caFile: undefined,
  connections: 1,
  connectTimeoutMs: 1,
  headersTimeoutMs: 1,
  idleTimeoutMs: 1,
  allowPlaintext: true,
  isAws: false,
  dualStack: false,
  fips: false,
  accelerate: false,
  buckets: new Map([
    ['faraway', { region: 'ap-south-1', endpoint: undefined, credentials: undefined }],
    [
      'elsewhere',
      {
        region: 'local',
        endpoint: { ...endpoint, hostname: 'ceph.corp.example', port: 7480 },
        credentials: undefined,
      },
    ],
  ]),
}

function classify(hostname: string, port = 443) {
  return classifyHost({ hostname, port }, { listener, upstream, endpoint })
}

const S3: readonly (readonly [host: string, service: string, regions: readonly string[]])[] = [
  ['s3.eu-west-1.amazonaws.com', 's3.eu-west-1.amazonaws.com', ['eu-west-1']],
  ['b.s3.eu-west-1.amazonaws.com', 's3.eu-west-1.amazonaws.com', ['eu-west-1']],
  ['a.b.s3.eu-west-1.amazonaws.com', 's3.eu-west-1.amazonaws.com', ['eu-west-1']],
  ['b.s3-eu-west-1.amazonaws.com', 's3-eu-west-1.amazonaws.com', ['eu-west-1']],
  ['b.s3.cn-north-1.amazonaws.com.cn', 's3.cn-north-1.amazonaws.com.cn', ['cn-north-1']],
  ['b.s3.dualstack.eu-west-1.amazonaws.com', 's3.dualstack.eu-west-1.amazonaws.com', ['eu-west-1']],
  [
    'b.s3-fips.us-gov-west-1.amazonaws.com',
    's3-fips.us-gov-west-1.amazonaws.com',
    ['us-gov-west-1'],
  ],
  [
    'b.s3-fips.dualstack.us-east-1.amazonaws.com',
    's3-fips.dualstack.us-east-1.amazonaws.com',
    ['us-east-1'],
  ],
  ['s3.amazonaws.com', 's3.amazonaws.com', ['eu-central-1', 'eu-central-1', 'us-east-1']],
  ['b.s3.amazonaws.com', 's3.amazonaws.com', ['eu-central-1', 'eu-central-1', 'us-east-1']],
  ['faraway.s3.amazonaws.com', 's3.amazonaws.com', ['ap-south-1', 'eu-central-1', 'us-east-1']],
  [
    'faraway.s3-accelerate.amazonaws.com',
    's3-accelerate.amazonaws.com',
    ['ap-south-1', 'eu-central-1', 'us-east-1'],
  ],
  [
    'b.s3-accelerate.dualstack.amazonaws.com',
    's3-accelerate.dualstack.amazonaws.com',
    ['eu-central-1', 'eu-central-1', 'us-east-1'],
  ],
  ['s3.corp.example', 's3.corp.example', ['eu-central-1']],
  ['b.s3.corp.example', 's3.corp.example', ['eu-central-1']],
]

for (const [host, service, regions] of S3) {
  t.test(`${host} is S3, service ${service}`, async (t) => {
    t.strictSame(classify(host), { kind: 's3', hosts: [service], regions })
  })
}

const UNSUPPORTED: readonly (readonly [host: string, form: string])[] = [
  ['ap-111122223333.s3-accesspoint.eu-west-1.amazonaws.com', 'access-point'],
  ['ap-111122223333.s3-accesspoint-fips.dualstack.us-east-1.amazonaws.com', 'access-point'],
  ['ol-111122223333.s3-object-lambda.eu-west-1.amazonaws.com', 'object-lambda'],
  ['alias.accesspoint.s3-global.amazonaws.com', 'multi-region-access-point'],
  ['ap-111122223333.op-0.s3-outposts.eu-west-1.amazonaws.com', 'outposts'],
  ['b--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com', 'directory-bucket'],
  ['s3express-control.us-east-1.amazonaws.com', 'directory-control'],
  ['111122223333.s3-control.eu-west-1.amazonaws.com', 'control'],
  ['b.s3-website-eu-west-1.amazonaws.com', 'website'],
  ['b.s3-website.eu-west-1.amazonaws.com', 'website'],
  ['bucket.vpce-0a-0b.s3.eu-west-1.vpce.amazonaws.com', 'vpc-endpoint'],
  ['s3-r-w.eu-west-1.amazonaws.com', 'other'],
  ['s3tables.eu-west-1.amazonaws.com', 'tables'],
  ['s3vectors.eu-west-1.api.aws', 'vectors'],
  ['use1-az1.fs-0123456abcdef0189.s3files.us-east-1.on.aws', 'files'],
  ['s-0123456789abcdef0.server.transfer.eu-west-1.amazonaws.com', 'transfer-family'],
]

for (const [host, form] of UNSUPPORTED) {
  t.test(`${host} is S3 of an unsupported form`, async (t) => {
    t.match(classify(host), { kind: 'unsupported', form })
  })
}

t.test('the upstream itself is S3, at its own port', async (t) => {
  t.match(classify('minio.corp.example', 9000), { kind: 's3', hosts: ['minio.corp.example'] })
  t.match(classify('b.minio.corp.example', 9000), { kind: 's3', hosts: ['minio.corp.example'] })
  t.match(classify('minio.corp.example', 9001), { kind: 'other' })
})

t.test("a single bucket's endpoint is S3 as well, at its own port", async (t) => {
  const s3 = { kind: 's3', hosts: ['ceph.corp.example'], regions: ['local'] }
  t.strictSame(classify('ceph.corp.example', 7480), s3)
  t.strictSame(classify('b.ceph.corp.example', 7480), s3)
  t.match(classify('ceph.corp.example', 9000), { kind: 'other' })
})

t.test('other hosts are not S3', async (t) => {
  for (const host of [
    ...['example.com', 'amazonaws.com', 'sts.eu-west-1.amazonaws.com', 's3.example.com'],
    ...['s3.amazonaws.com.example', 'xs3.corp.example', '169.254.169.254', '::1'],
  ]) {
    t.match(classify(host), { kind: 'other' }, host)
  }
})

import t from 'tap'
import type { BucketUpstream, UpstreamConfig, UpstreamEndpoint } from '../../src/config/config.ts'
import { buildDestination } from '../../src/upstream/destination.ts'
import { UpstreamPlaces } from '../../src/upstream/upstream-places.ts'
import { upstreamConfig } from './upstream-config.ts'

const ARN = 'arn:aws:s3:us-west-2:111122223333:accesspoint:my-ap'

function aws(hostname: string, port = 443): UpstreamEndpoint {
  return { kind: 'url', protocol: 'https:', hostname, port }
}

function places(change: Partial<UpstreamConfig>): UpstreamPlaces {
  const config = upstreamConfig(change)
  if (config.endpoint.kind === 'sandbox') throw new Error('unexpected')
  return new UpstreamPlaces(config, config.endpoint)
}

function bucket(change: Partial<BucketUpstream>): BucketUpstream {
  return { region: undefined, endpoint: undefined, credentials: undefined, ...change }
}

/** `host path region`, or the reason of the refusal. */
function whereTo(from: UpstreamPlaces, name: string | undefined, key: string | undefined): string {
  const place = from.placeOf(name, key)
  if (!place.ok) return `${place.error.code} ${place.error.reason}`
  const { host, path, region } = buildDestination(place.value, { bucket: name, key, query: [] })
  return `${host} ${path} ${region}`
}

t.test('each form of an AWS endpoint, at home and where S3 says that the bucket is', async (t) => {
  const rows: readonly (readonly [
    string,
    Partial<UpstreamConfig>,
    home: string,
    elsewhere: string,
  ])[] = [
    [
      'virtual host',
      {},
      'b.s3.eu-central-1.amazonaws.com /k eu-central-1',
      'b.s3.eu-west-1.amazonaws.com /k eu-west-1',
    ],
    [
      'path style',
      { addressing: 'path' },
      's3.eu-central-1.amazonaws.com /b/k eu-central-1',
      's3.eu-west-1.amazonaws.com /b/k eu-west-1',
    ],
    [
      'dual-stack',
      { dualStack: true, endpoint: aws('s3.dualstack.eu-central-1.amazonaws.com') },
      'b.s3.dualstack.eu-central-1.amazonaws.com /k eu-central-1',
      'b.s3.dualstack.eu-west-1.amazonaws.com /k eu-west-1',
    ],
    [
      'dual-stack, by its host name',
      { endpoint: aws('s3.dualstack.eu-central-1.amazonaws.com') },
      'b.s3.dualstack.eu-central-1.amazonaws.com /k eu-central-1',
      'b.s3.dualstack.eu-west-1.amazonaws.com /k eu-west-1',
    ],
    [
      'FIPS and dual-stack, by its host name',
      { endpoint: aws('s3-fips.dualstack.eu-central-1.amazonaws.com') },
      'b.s3-fips.dualstack.eu-central-1.amazonaws.com /k eu-central-1',
      'b.s3-fips.dualstack.eu-west-1.amazonaws.com /k eu-west-1',
    ],
    [
      'FIPS',
      { fips: true, endpoint: aws('s3-fips.eu-central-1.amazonaws.com') },
      'b.s3-fips.eu-central-1.amazonaws.com /k eu-central-1',
      'b.s3-fips.eu-west-1.amazonaws.com /k eu-west-1',
    ],
    [
      'accelerate',
      { accelerate: true, endpoint: aws('s3-accelerate.amazonaws.com') },
      'b.s3-accelerate.amazonaws.com /k eu-central-1',
      'b.s3-accelerate.amazonaws.com /k eu-west-1',
    ],
    [
      'accelerate and dual-stack',
      {
        accelerate: true,
        dualStack: true,
        endpoint: aws('s3-accelerate.dualstack.amazonaws.com'),
      },
      'b.s3-accelerate.dualstack.amazonaws.com /k eu-central-1',
      'b.s3-accelerate.dualstack.amazonaws.com /k eu-west-1',
    ],
    [
      'legacy global',
      { region: 'us-east-1', endpoint: aws('s3.amazonaws.com') },
      'b.s3.amazonaws.com /k us-east-1',
      'b.s3.eu-west-1.amazonaws.com /k eu-west-1',
    ],
    [
      'a VPC endpoint is of its region',
      { endpoint: aws('bucket.vpce-1a2b-3c.s3.eu-central-1.vpce.amazonaws.com') },
      'b.bucket.vpce-1a2b-3c.s3.eu-central-1.vpce.amazonaws.com /k eu-central-1',
      'b.bucket.vpce-1a2b-3c.s3.eu-central-1.vpce.amazonaws.com /k eu-west-1',
    ],
    [
      'another port stays',
      { endpoint: aws('s3.eu-central-1.amazonaws.com', 8443) },
      'b.s3.eu-central-1.amazonaws.com:8443 /k eu-central-1',
      'b.s3.eu-west-1.amazonaws.com:8443 /k eu-west-1',
    ],
    [
      'not AWS: the region is only signed',
      { isAws: false, addressing: 'path', endpoint: aws('minio.example', 9000) },
      'minio.example:9000 /b/k eu-central-1',
      'minio.example:9000 /b/k eu-west-1',
    ],
  ]
  for (const [name, change, home, elsewhere] of rows) {
    const from = places(change)
    t.equal(whereTo(from, 'b', 'k'), home, name)
    t.ok(from.learn('b', 'eu-west-1'))
    t.equal(whereTo(from, 'b', 'k'), elsewhere, name)
    t.equal(from.regionOf('b'), 'eu-west-1')
    t.equal(whereTo(from, 'other', 'k').replace('other', 'b'), home, 'only that bucket moved')
  }
})

t.test('partitions have their own names', async (t) => {
  const china = places({ region: 'cn-north-1', endpoint: aws('s3.cn-north-1.amazonaws.com.cn') })
  t.ok(china.learn('b', 'cn-northwest-1'))
  t.equal(whereTo(china, 'b', 'k'), 'b.s3.cn-northwest-1.amazonaws.com.cn /k cn-northwest-1')
})

t.test('buckets with dots go by path; only objects are accelerated', async (t) => {
  t.equal(
    whereTo(places({}), 'my.bucket', 'k'),
    's3.eu-central-1.amazonaws.com /my.bucket/k eu-central-1',
  )
  const fast = places({ accelerate: true, endpoint: aws('s3-accelerate.amazonaws.com') })
  t.equal(
    whereTo(fast, 'my.bucket', 'k'),
    's3.eu-central-1.amazonaws.com /my.bucket/k eu-central-1',
  )
  t.equal(whereTo(fast, 'MyBucket', 'k'), 's3.eu-central-1.amazonaws.com /MyBucket/k eu-central-1')
  t.equal(whereTo(fast, 'b', undefined), 'b.s3.eu-central-1.amazonaws.com / eu-central-1')
  t.equal(whereTo(fast, undefined, undefined), 's3.eu-central-1.amazonaws.com / eu-central-1')
})

t.test('what the configuration says of single buckets', async (t) => {
  const from = places({
    buckets: new Map([
      ['ireland', bucket({ region: 'eu-west-1' })],
      ['minio', bucket({ endpoint: aws('minio.example', 9000), region: 'home' })],
      ['named', bucket({ endpoint: aws('s3.us-west-1.amazonaws.com') })],
      ['vpc', bucket({ endpoint: aws('bucket.vpce-1a-2b.s3.us-west-1.vpce.amazonaws.com') })],
      ['ap-abcdefgh-s3alias', bucket({})],
      [ARN, bucket({})],
    ]),
  })
  const rows: readonly (readonly [string, string])[] = [
    ['ireland', 'ireland.s3.eu-west-1.amazonaws.com /k eu-west-1'],
    ['minio', 'minio.minio.example:9000 /k home'],
    ['named', 'named.s3.us-west-1.amazonaws.com /k us-west-1'],
    ['vpc', 'vpc.bucket.vpce-1a-2b.s3.us-west-1.vpce.amazonaws.com /k us-west-1'],
    ['ap-abcdefgh-s3alias', 'ap-abcdefgh-s3alias.s3.eu-central-1.amazonaws.com /k eu-central-1'],
    [ARN, 'my-ap-111122223333.s3-accesspoint.us-west-2.amazonaws.com /k us-west-2'],
  ]
  for (const [name, expected] of rows) t.equal(whereTo(from, name, 'k'), expected)
})

t.test("an access point's host follows the options", async (t) => {
  const from = places({
    region: 'us-east-1',
    fips: true,
    dualStack: true,
    endpoint: aws('s3-fips.dualstack.us-east-1.amazonaws.com'),
    buckets: new Map([[ARN, bucket({})]]),
  })
  t.equal(
    whereTo(from, ARN, 'k'),
    'my-ap-111122223333.s3-accesspoint-fips.dualstack.us-west-2.amazonaws.com /k us-west-2',
  )
})

t.test('a configured host stays where S3 names another region', async (t) => {
  const from = places({
    buckets: new Map([
      ['minio', bucket({ endpoint: aws('minio.example', 9000), region: 'us-east-1' })],
      ['ireland', bucket({ region: 'eu-west-1' })],
    ]),
  })
  t.ok(from.learn('minio', 'eu-west-3'))
  t.equal(whereTo(from, 'minio', 'k'), 'minio.minio.example:9000 /k eu-west-3')
  t.ok(from.learn('ireland', 'eu-west-2'), "S3's word is newer than the file's")
  t.equal(whereTo(from, 'ireland', 'k'), 'ireland.s3.eu-west-2.amazonaws.com /k eu-west-2')
})

t.test('what is signed otherwise is refused with a clear error', async (t) => {
  const names = [
    'base--euc1-az1--x-s3',
    'ap--euc1-az1--xa-s3',
    'mfzwi23gnjvgw.mrap',
    'arn:aws:s3::111122223333:accesspoint:mfzwi23gnjvgw.mrap',
    'arn:aws:s3-outposts:us-west-2:111122223333:outpost:op-1:accesspoint:ap',
  ]
  const from = places({ buckets: new Map(names.map((name) => [name, bucket({})])) })
  for (const name of names) {
    t.equal(whereTo(from, name, 'k'), 'InvalidRequest endpoint-unsupported', name)
  }
})

t.test('a text that is no region here becomes neither host name nor scope', async (t) => {
  const from = places({})
  const rejected = [
    '',
    'eu-west-1.evil.example',
    'eu-west-1/',
    'evil.example#',
    'EU',
    'EU-WEST-1',
    'cn-north-1',
    'us-iso-east-1',
    'eu-west-1\r\nx: y',
    'a'.repeat(100),
  ]
  for (const region of rejected) {
    t.notOk(from.learn('b', region), JSON.stringify(region))
    t.equal(whereTo(from, 'b', 'k'), 'b.s3.eu-central-1.amazonaws.com /k eu-central-1')
  }
  const foreign = places({ isAws: false, endpoint: aws('minio.example', 9000) })
  t.ok(foreign.learn('b', 'default'))
  for (const region of ['', 'a/b', 'a b', 'a\nb', 'x'.repeat(65)]) {
    t.notOk(foreign.learn('b', region), JSON.stringify(region))
  }
})

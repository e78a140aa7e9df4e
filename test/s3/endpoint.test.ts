import t from 'tap'
import { buildEndpoint, type EndpointParameters } from '../../src/s3/endpoint.ts'
import { recognizeS3Host } from '../../src/s3/s3-host.ts'

const PLAIN: EndpointParameters = {
  region: 'eu-central-1',
  dualStack: false,
  fips: false,
  accelerate: false,
  addressing: 'virtual',
  bucket: 'bucket',
}

function hostOf(change: Partial<EndpointParameters>): string {
  const result = buildEndpoint({ ...PLAIN, ...change })
  return result.ok
    ? `${result.value.addressing} ${result.value.hostname}`
    : `${result.error.code} ${result.error.reason}`
}

t.test(
  'an endpoint is built from region, addressing, dual-stack, FIPS and acceleration',
  async (t) => {
    const rows: readonly (readonly [Partial<EndpointParameters>, string])[] = [
      [{}, 'virtual bucket.s3.eu-central-1.amazonaws.com'],
      [{ addressing: 'path' }, 'path s3.eu-central-1.amazonaws.com'],
      [{ bucket: undefined }, 'path s3.eu-central-1.amazonaws.com'],
      [{ bucket: 'my.bucket' }, 'path s3.eu-central-1.amazonaws.com'],
      [{ region: 'us-east-1' }, 'virtual bucket.s3.us-east-1.amazonaws.com'],
      [{ region: 'cn-north-1' }, 'virtual bucket.s3.cn-north-1.amazonaws.com.cn'],
      [{ dualStack: true }, 'virtual bucket.s3.dualstack.eu-central-1.amazonaws.com'],
      [
        { fips: true, region: 'us-gov-west-1' },
        'virtual bucket.s3-fips.us-gov-west-1.amazonaws.com',
      ],
      [
        { fips: true, dualStack: true, addressing: 'path', region: 'us-east-1' },
        'path s3-fips.dualstack.us-east-1.amazonaws.com',
      ],
      [{ accelerate: true }, 'virtual bucket.s3-accelerate.amazonaws.com'],
      [
        { accelerate: true, dualStack: true, addressing: 'path' },
        'virtual bucket.s3-accelerate.dualstack.amazonaws.com',
      ],
      [{ accelerate: true, bucket: undefined }, 'path s3.eu-central-1.amazonaws.com'],
      [{ bucket: 'ap-hash-s3alias' }, 'virtual ap-hash-s3alias.s3.eu-central-1.amazonaws.com'],
    ]
    for (const [change, expected] of rows) t.equal(hostOf(change), expected, JSON.stringify(change))
  },
)

t.test("an access point has its own host and its ARN's region", async (t) => {
  const bucket = 'arn:aws:s3:us-west-2:111122223333:accesspoint/my-ap'
  t.strictSame(buildEndpoint({ ...PLAIN, bucket }), {
    ok: true,
    value: {
      hostname: 'my-ap-111122223333.s3-accesspoint.us-west-2.amazonaws.com',
      addressing: 'virtual',
      region: 'us-west-2',
    },
  })
  t.equal(
    hostOf({ bucket: bucket.replace('/', ':'), fips: true, dualStack: true }),
    'virtual my-ap-111122223333.s3-accesspoint-fips.dualstack.us-west-2.amazonaws.com',
  )
})

t.test('what AWS has no endpoint for is refused', async (t) => {
  const rows: readonly Partial<EndpointParameters>[] = [
    { region: 'us-east-1.evil.example' },
    { region: '' },
    { region: 'eu-central-1/' },
    { fips: true, accelerate: true },
    { fips: true, region: 'cn-north-1' },
    { accelerate: true, bucket: 'my.bucket' },
    { accelerate: true, region: 'cn-north-1' },
    { accelerate: true, bucket: 'arn:aws:s3:us-west-2:111122223333:accesspoint/my-ap' },
    { bucket: 'arn:aws:s3:us-west-2.evil:111122223333:accesspoint/my-ap' },
    { bucket: 'arn:aws:s3:us-west-2:1111:accesspoint/my-ap' },
    { bucket: 'arn:aws:s3:us-west-2:111122223333:accesspoint/my.ap' },
    { bucket: 'arn:aws:s3:us-west-2:111122223333:accesspoint/my-ap/object' },
  ]
  for (const change of rows) {
    t.equal(hostOf(change), 'InvalidRequest endpoint-invalid', JSON.stringify(change))
  }
})

t.test('what is signed otherwise is refused', async (t) => {
  const buckets = [
    'base--euc1-az1--x-s3',
    'ap--euc1-az1--xa-s3',
    'mfzwi23gnjvgw.mrap',
    'olap--ol-s3',
    'arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap',
    'arn:aws:s3-object-lambda:us-west-2:111122223333:accesspoint/ap',
    'arn:aws:s3-outposts:us-west-2:111122223333:outpost/op-1/accesspoint/ap',
    'arn:aws:s3:::bucket',
  ]
  for (const bucket of buckets) {
    t.equal(hostOf({ bucket }), 'InvalidRequest endpoint-unsupported', bucket)
  }
})

t.test('every host that is built is recognised', async (t) => {
  for (const dualStack of [true, false]) {
    for (const fips of [true, false]) {
      for (const addressing of ['path', 'virtual'] as const) {
        const result = buildEndpoint({ ...PLAIN, dualStack, fips, addressing })
        if (!result.ok) throw new Error(result.error.message)
        const host = recognizeS3Host(result.value.hostname)
        t.match(host, { kind: addressing, region: 'eu-central-1' })
        t.equal(host?.bucket, addressing === 'path' ? undefined : 'bucket')
      }
    }
  }
})

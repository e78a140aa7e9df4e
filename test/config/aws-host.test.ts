import t from 'tap'
import { awsHostRegion, awsS3Host, isAwsHost, regionPartition } from '../../src/config/aws-host.ts'

const PLAIN = { dualStack: false, fips: false, accelerate: false }

t.test('the endpoint of a region is named as AWS names it', async (t) => {
  for (const [region, options, host] of [
    ['eu-central-1', {}, 's3.eu-central-1.amazonaws.com'],
    ['us-east-1', { dualStack: true }, 's3.dualstack.us-east-1.amazonaws.com'],
    ['us-east-1', { fips: true }, 's3-fips.us-east-1.amazonaws.com'],
    [
      'us-gov-west-1',
      { fips: true, dualStack: true },
      's3-fips.dualstack.us-gov-west-1.amazonaws.com',
    ],
    ['eu-west-1', { accelerate: true }, 's3-accelerate.amazonaws.com'],
    ['eu-west-1', { accelerate: true, dualStack: true }, 's3-accelerate.dualstack.amazonaws.com'],
    ['cn-north-1', {}, 's3.cn-north-1.amazonaws.com.cn'],
    ['us-iso-east-1', {}, 's3.us-iso-east-1.c2s.ic.gov'],
    ['us-isob-east-1', {}, 's3.us-isob-east-1.sc2s.sgov.gov'],
    ['eusc-de-east-1', {}, 's3.eusc-de-east-1.amazonaws.eu'],
  ] as const) {
    t.equal(awsS3Host(region, { ...PLAIN, ...options }), host)
  }
})

t.test("AWS's hosts are told from others that look like them", async (t) => {
  for (const host of [
    's3.amazonaws.com',
    'b.s3.cn-north-1.amazonaws.com.cn',
    's3.eu-west-1.api.aws',
  ]) {
    t.ok(isAwsHost(host), host)
  }
  t.ok(isAwsHost('bucket.vpce-1a2b3c4d-5e6f.s3.us-east-1.vpce.amazonaws.com'))
  for (const host of [
    'amazonaws.com.evil.example',
    'notamazonaws.com',
    's3.corp.example',
    '127.0.0.1',
  ]) {
    t.notOk(isAwsHost(host), host)
  }
})

t.test('the region of an S3 host is found in every regional form', async (t) => {
  for (const [host, region] of [
    ['s3.eu-central-1.amazonaws.com', 'eu-central-1'],
    ['s3.dualstack.eu-central-1.amazonaws.com', 'eu-central-1'],
    ['s3-fips.dualstack.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
    ['bucket.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com', 'us-east-1'],
    ['s3.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
    ['s3-eu-west-1.amazonaws.com', 'eu-west-1'],
    ['s3.amazonaws.com', undefined],
    ['s3-accelerate.amazonaws.com', undefined],
    ['s3.eu-central-1.corp.example', undefined],
  ] as const) {
    t.equal(awsHostRegion(host), region, host)
  }
})

t.test('partitions follow from the region', async (t) => {
  for (const [region, partition] of [
    ['eu-central-1', 'aws'],
    ['cn-north-1', 'aws-cn'],
    ['us-gov-west-1', 'aws-us-gov'],
    ['us-iso-west-1', 'aws-iso'],
    ['us-isob-east-1', 'aws-iso-b'],
  ] as const) {
    t.equal(regionPartition(region), partition)
  }
})

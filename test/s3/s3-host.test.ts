import t from 'tap'
import { recognizeS3Host } from '../../src/s3/s3-host.ts'

const R = 'eu-central-1'

function recognised(hostname: string): string {
  const host = recognizeS3Host(hostname)
  if (host === undefined) return 'none'
  return [host.form, host.kind, host.bucket ?? '-', host.region ?? '-'].join(' ')
}

t.test('each form in which a bucket can be served', async (t) => {
  const rows = [
    [`s3.${R}.amazonaws.com`, `regional path - ${R}`],
    [`bucket.s3.${R}.amazonaws.com`, `regional virtual bucket ${R}`],
    [`my.own.bucket.s3.${R}.amazonaws.com`, `regional virtual my.own.bucket ${R}`],
    [`s3.s3.${R}.amazonaws.com`, `regional virtual s3 ${R}`],
    [`s3-${R}.amazonaws.com`, `regional path - ${R}`],
    [`bucket.s3-${R}.amazonaws.com`, `regional virtual bucket ${R}`],
    ['s3.cn-north-1.amazonaws.com.cn', 'regional path - cn-north-1'],
    ['s3.us-iso-east-1.c2s.ic.gov', 'regional path - us-iso-east-1'],
    ['bucket.s3.eusc-de-east-1.amazonaws.eu', 'regional virtual bucket eusc-de-east-1'],
    ['s3.amazonaws.com', 'global path - -'],
    ['bucket.s3.amazonaws.com', 'global virtual bucket -'],
    ['s3-external-1.amazonaws.com', 'global path - -'],
    [`s3.dualstack.${R}.amazonaws.com`, `dual-stack path - ${R}`],
    [`bucket.s3.dualstack.${R}.amazonaws.com`, `dual-stack virtual bucket ${R}`],
    ['s3-fips.us-gov-west-1.amazonaws.com', 'fips path - us-gov-west-1'],
    ['s3-fips-us-gov-west-1.amazonaws.com', 'fips path - us-gov-west-1'],
    ['bucket.s3-fips.dualstack.us-east-1.amazonaws.com', 'fips virtual bucket us-east-1'],
    ['bucket.s3-accelerate.amazonaws.com', 'accelerate virtual bucket -'],
    ['bucket.s3-accelerate.dualstack.amazonaws.com', 'accelerate virtual bucket -'],
    ['ap-hash-s3alias.s3.us-east-1.amazonaws.com', 'regional virtual ap-hash-s3alias us-east-1'],
  ] as const
  for (const [hostname, expected] of rows) t.equal(recognised(hostname), expected, hostname)
})

t.test('forms that are S3 and cannot be served', async (t) => {
  const rows = [
    [`ap-111122223333.s3-accesspoint.${R}.amazonaws.com`, `access-point unsupported - ${R}`],
    [
      `ap-111122223333.s3-accesspoint-fips.dualstack.${R}.amazonaws.com`,
      `access-point unsupported - ${R}`,
    ],
    [`ap-111122223333.s3-object-lambda.${R}.amazonaws.com`, `object-lambda unsupported - ${R}`],
    [`route.s3-object-lambda-fips.${R}.amazonaws.com`, `object-lambda unsupported - ${R}`],
    [
      'mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com',
      'multi-region-access-point unsupported - -',
    ],
    [`ap-111122223333.op-1.s3-outposts.${R}.amazonaws.com`, `outposts unsupported - ${R}`],
    [`bucket.ec2.s3-outposts.${R}.amazonaws.com`, `outposts unsupported - ${R}`],
    [
      `base--euc1-az1--x-s3.s3express-euc1-az1.${R}.amazonaws.com`,
      'directory-bucket unsupported - -',
    ],
    [`s3express-control.${R}.amazonaws.com`, 'directory-control unsupported - -'],
    [`s3express-control-fips.dualstack.${R}.amazonaws.com`, 'directory-control unsupported - -'],
    [`111122223333.s3-control.${R}.amazonaws.com`, `control unsupported - ${R}`],
    [`111122223333.s3-control-fips.dualstack.${R}.amazonaws.com`, `control unsupported - ${R}`],
    [`bucket.s3-website-${R}.amazonaws.com`, `website unsupported - ${R}`],
    [`bucket.s3-website.${R}.amazonaws.com`, `website unsupported - ${R}`],
    [
      `bucket.bucket.vpce-1a2b3c4d-5e6f.s3.${R}.vpce.amazonaws.com`,
      `vpc-endpoint unsupported - ${R}`,
    ],
    ['s3-newthing.us-east-1.amazonaws.com', 'other unsupported - -'],
    ['bucket.s3.newthing.us-east-1.amazonaws.com', 'other unsupported - -'],
    ['s3.us-east-1.api.aws', 'regional path - us-east-1'],
  ] as const
  for (const [hostname, expected] of rows) t.equal(recognised(hostname), expected, hostname)
})

t.test('neither case nor a last dot hides a host', async (t) => {
  t.equal(recognised(`Bucket.S3.${R}.AmazonAWS.com.`), `regional virtual bucket ${R}`)
  t.equal(recognised('S3.AMAZONAWS.COM'), 'global path - -')
})

t.test('other hosts are none of S3', async (t) => {
  const hostnames = [
    '',
    'amazonaws.com',
    'sts.eu-central-1.amazonaws.com',
    'kms.us-east-1.amazonaws.com',
    's3.example',
    's3.amazonaws.com.evil.example',
    'evil-amazonaws.com',
    's3amazonaws.com',
    'mys3.us-east-1.amazonaws.com',
    'localhost',
    '127.0.0.1',
  ]
  for (const hostname of hostnames) t.equal(recognised(hostname), 'none', hostname)
})

t.test('a name that is too long to resolve is none', async (t) => {
  const suffix = '.s3.amazonaws.com'
  t.match(recognised('x'.repeat(255 - suffix.length) + suffix), /^global virtual/)
  t.equal(recognised('x'.repeat(256 - suffix.length) + suffix), 'none')
})

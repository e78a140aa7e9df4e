import fc from 'fast-check'
import t from 'tap'
import { DNS_SUFFIXES, RESOURCE_SUFFIXES } from '../../src/s3/region.ts'
import { recognizeS3Host } from '../../src/s3/s3-host.ts'

const R = 'eu-central-1'

function recognised(hostname: string): string {
  const host = recognizeS3Host(hostname)
  if (host === undefined) return 'none'
  return [host.form, host.kind, host.bucket ?? '-', host.region ?? '-'].join(' ')
}

t.test('each host form that can serve a bucket is recognised', async (t) => {
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

t.test('host forms that are S3 and cannot be served are recognised as such', async (t) => {
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
      `directory-bucket unsupported - ${R}`,
    ],
    [`s3express-control.${R}.amazonaws.com`, `directory-control unsupported - ${R}`],
    [`s3express-control-fips.dualstack.${R}.amazonaws.com`, `directory-control unsupported - ${R}`],
    [`111122223333.s3-control.${R}.amazonaws.com`, `control unsupported - ${R}`],
    [`111122223333.s3-control-fips.dualstack.${R}.amazonaws.com`, `control unsupported - ${R}`],
    [`bucket.s3-website-${R}.amazonaws.com`, `website unsupported - ${R}`],
    [`bucket.s3-website.${R}.amazonaws.com`, `website unsupported - ${R}`],
    [
      `bucket.bucket.vpce-1a2b3c4d-5e6f.s3.${R}.vpce.amazonaws.com`,
      `vpc-endpoint unsupported - ${R}`,
    ],
    ['s3-newthing.us-east-1.amazonaws.com', 'other unsupported - us-east-1'],
    ['bucket.s3.newthing.us-east-1.amazonaws.com', 'other unsupported - -'],
    ['s3.us-east-1.api.aws', 'regional path - us-east-1'],
  ] as const
  for (const [hostname, expected] of rows) t.equal(recognised(hostname), expected, hostname)
})

/** Every family of hosts that reaches S3 data besides those above, by where its names are written. */
const FAMILIES: readonly (readonly [
  source: string,
  hosts: readonly (readonly [string, string])[],
])[] = [
  [
    'endpoint rule set of s3tables',
    [
      [`s3tables.${R}.amazonaws.com`, `tables unsupported - ${R}`],
      ['s3tables-fips.us-gov-west-1.amazonaws.com', 'tables unsupported - us-gov-west-1'],
      [`s3tables.${R}.api.aws`, `tables unsupported - ${R}`],
      ['s3tables-fips.us-east-1.api.aws', 'tables unsupported - us-east-1'],
      ['s3tables.cn-north-1.amazonaws.com.cn', 'tables unsupported - cn-north-1'],
      ['s3tables.cn-north-1.api.amazonwebservices.com.cn', 'tables unsupported - cn-north-1'],
      ['s3tables.us-iso-east-1.c2s.ic.gov', 'tables unsupported - us-iso-east-1'],
    ],
  ],
  [
    'endpoint rule set of s3vectors',
    [
      [`s3vectors.${R}.api.aws`, `vectors unsupported - ${R}`],
      ['s3vectors-fips.us-east-1.api.aws', 'vectors unsupported - us-east-1'],
      [`s3vectors.${R}.amazonaws.com`, `vectors unsupported - ${R}`],
      ['s3vectors.eusc-de-east-1.api.amazonwebservices.eu', 'vectors unsupported - eusc-de-east-1'],
    ],
  ],
  [
    'user guide of S3 Files: CloudTrail examples, mount targets; aws/efs-utils',
    [
      [`s3files.${R}.api.aws`, `files unsupported - ${R}`],
      [`s3files-fips.${R}.api.aws`, `files unsupported - ${R}`],
      [`s3files.${R}.amazonaws.com`, `files unsupported - ${R}`],
      ['use1-az1.fs-0123456abcdef0189.s3files.us-east-1.on.aws', 'files unsupported - us-east-1'],
      ['fs-0123456abcdef0189.s3files.us-east-1.on.aws', 'files unsupported - us-east-1'],
    ],
  ],
  [
    'user guides of S3, S3 Tables and S3 Vectors: VPC endpoints',
    [
      [`vpce-1a2b3c4d-5e6f.s3.${R}.vpce.amazonaws.com`, `vpc-endpoint unsupported - ${R}`],
      [
        `bucket.vpce-1a2b3c4d-5e6f-${R}a.s3.${R}.vpce.amazonaws.com`,
        `vpc-endpoint unsupported - ${R}`,
      ],
      [`control.vpce-1a2b3c4d-5e6f.s3.${R}.vpce.amazonaws.com`, `vpc-endpoint unsupported - ${R}`],
      [
        `accesspoint.vpce-1a2b3c4d-5e6f.s3.${R}.vpce.amazonaws.com`,
        `vpc-endpoint unsupported - ${R}`,
      ],
      [`vpce-1a2b3c4d-5e6f.s3tables.${R}.vpce.amazonaws.com`, `vpc-endpoint unsupported - ${R}`],
      [`vpce-1a2b3c4d-5e6f.s3vectors.${R}.vpce.amazonaws.com`, `vpc-endpoint unsupported - ${R}`],
      [`vpce-1a2b3c4d-5e6f.s3-outposts.${R}.vpce.amazonaws.com`, `vpc-endpoint unsupported - ${R}`],
      [
        'vpce-1a2b3c4d-5e6f.accesspoint.s3-global.vpce.amazonaws.com',
        'vpc-endpoint unsupported - -',
      ],
      [
        `vpce-1a2b3c4d-5e6f.server.transfer.${R}.vpce.amazonaws.com`,
        `vpc-endpoint unsupported - ${R}`,
      ],
    ],
  ],
  [
    'endpoint rule set of s3: directory buckets and their control plane',
    [
      [
        'base--use1-az4--x-s3.s3express-fips-use1-az4.us-east-1.amazonaws.com',
        'directory-bucket unsupported - us-east-1',
      ],
      [
        'base--use1-az4--x-s3.s3express-use1-az4.dualstack.us-east-1.amazonaws.com',
        'directory-bucket unsupported - us-east-1',
      ],
      [
        'base--use1-az4--x-s3.s3express-fips-use1-az4.dualstack.us-east-1.amazonaws.com',
        'directory-bucket unsupported - us-east-1',
      ],
      [
        'bucket.s3express-control-fips.us-east-1.amazonaws.com',
        'directory-control unsupported - us-east-1',
      ],
    ],
  ],
  [
    'endpoint rule set of s3: access points, Object Lambda, Outposts, multi-Region',
    [
      [
        'ap-111122223333.s3-accesspoint.cn-north-1.amazonaws.com.cn',
        'access-point unsupported - cn-north-1',
      ],
      [
        `ap-111122223333.s3-accesspoint.dualstack.${R}.amazonaws.com`,
        `access-point unsupported - ${R}`,
      ],
      [
        'ap-111122223333.op-1.s3-outposts.us-gov-east-1.amazonaws.com',
        'outposts unsupported - us-gov-east-1',
      ],
      [
        'mfzwi23gnjvgw.accesspoint.s3-global.amazonaws.com',
        'multi-region-access-point unsupported - -',
      ],
      [
        'ap-111122223333.s3-object-lambda.us-isob-east-1.sc2s.sgov.gov',
        'object-lambda unsupported - us-isob-east-1',
      ],
    ],
  ],
  [
    'endpoint rule sets of s3control and s3outposts; account id before the name',
    [
      [`111122223333.s3-control.dualstack.${R}.amazonaws.com`, `control unsupported - ${R}`],
      [`111122223333.s3-control-fips.${R}.amazonaws.com`, `control unsupported - ${R}`],
      ['111122223333.s3-control.cn-north-1.amazonaws.com.cn', 'control unsupported - cn-north-1'],
      [`s3-outposts-fips.${R}.amazonaws.com`, `outposts unsupported - ${R}`],
      [`s3-outposts.${R}.api.aws`, `outposts unsupported - ${R}`],
    ],
  ],
  [
    'user guide of S3: website endpoints',
    [
      ['bucket.s3-website.cn-north-1.amazonaws.com.cn', 'website unsupported - cn-north-1'],
      ['www.example.com.s3-website-us-west-2.amazonaws.com', 'website unsupported - us-west-2'],
    ],
  ],
  [
    'user guide of Transfer Family: a server keeps what it gets in S3',
    [
      [
        `s-0123456789abcdef0.server.transfer.${R}.amazonaws.com`,
        `transfer-family unsupported - ${R}`,
      ],
      [
        's-0123456789abcdef0.transfer-server.us-east-1.on.aws',
        'transfer-family unsupported - us-east-1',
      ],
    ],
  ],
  [
    'names that S3 has had, and may yet have',
    [
      ['s3-external-2.amazonaws.com', 'other unsupported - -'],
      ['s3-1-w.amazonaws.com', 'other unsupported - -'],
      ['s3-w.us-east-1.amazonaws.com', 'other unsupported - us-east-1'],
      ['s3-us-west-2-r-w.amazonaws.com', 'other unsupported - -'],
      ['s3-accelerate.amazonaws.com', 'other unsupported - -'],
      ['s3newthing.us-east-1.api.aws', 'other unsupported - us-east-1'],
      ['x.s3newthing.us-east-1.on.aws', 'other unsupported - us-east-1'],
      ['bucket.us-east-1.s3-new.amazonaws.com', 'other unsupported - -'],
    ],
  ],
  [
    'buckets may be called like another form',
    [
      [`s3tables.s3.${R}.amazonaws.com`, `regional virtual s3tables ${R}`],
      [`a.s3express-b.s3.${R}.amazonaws.com`, `regional virtual a.s3express-b ${R}`],
      ['bucket.us-east-1.s3.amazonaws.com', 'global virtual bucket.us-east-1 -'],
      [`x.elb.s3.${R}.amazonaws.com`, `regional virtual x.elb ${R}`],
      [
        `name-111122223333-${R}-an.s3.${R}.amazonaws.com`,
        `regional virtual name-111122223333-${R}-an ${R}`,
      ],
    ],
  ],
]

for (const [source, hosts] of FAMILIES) {
  t.test(`hosts of S3 data are recognised: ${source}`, async (t) => {
    for (const [hostname, expected] of hosts) t.equal(recognised(hostname), expected, hostname)
  })
}

t.test('any label that begins with s3, before a region or a suffix, is S3', async (t) => {
  fc.assert(
    fc.property(
      fc.constantFrom('', 'x.', 'bucket.with.dots.'),
      fc.stringMatching(/^[a-z0-9-]{0,20}$/),
      fc.constantFrom('', '.dualstack'),
      fc.constantFrom('', '.us-east-1', '.cn-north-1', '.us-iso-east-1', '-eu-west-1'),
      fc.constantFrom(...DNS_SUFFIXES, ...RESOURCE_SUFFIXES),
      (before, label, dualStack, region, suffix) => {
        t.not(recognised(`${before}s3${label}${dualStack}${region}.${suffix}`), 'none')
      },
    ),
  )
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
    // Their first label is a customer's choice, their service is another.
    's3-gateway-1234567890.us-east-1.elb.amazonaws.com',
    's3-gateway-0123456789abcdef.elb.us-east-1.amazonaws.com',
    's3-index.abcdefghijkl.eu-west-1.rds.amazonaws.com',
    'vpce-1a2b3c4d-5e6f.sts.us-east-1.vpce.amazonaws.com',
    'vpce-1a2b3c4d-5e6f.vpce-svc-0123456789abcdef0.us-east-1.vpce.amazonaws.com',
    'transfer.us-east-1.amazonaws.com',
    'abcdefghijklmnopqrstuvwxyz0123.lambda-url.us-east-1.on.aws',
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

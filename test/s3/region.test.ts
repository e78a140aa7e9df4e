import t from 'tap'
import { DNS_SUFFIXES, dnsSuffixOf, isRegionName } from '../../src/s3/region.ts'

t.test("names of AWS's regions have one form", async (t) => {
  const names = [
    'us-east-1',
    'eu-central-1',
    'ap-southeast-7',
    'us-gov-west-1',
    'us-iso-east-1',
    'us-isob-east-1',
    'eusc-de-east-1',
    'cn-northwest-1',
    'mx-central-1',
  ]
  for (const name of names) t.ok(isRegionName(name), name)
})

t.test('what must not become a label of a host name is none', async (t) => {
  const texts = [
    '',
    'us-east',
    'US-EAST-1',
    'us-east-1.evil.example',
    'us-east-1/',
    'us-east-1\n',
    'us_east_1',
    '-east-1',
    'us-east-123',
    'evil.example/#-1',
    `us-${'a'.repeat(40)}-1`,
    'aws-global',
    'default',
  ]
  for (const text of texts) t.notOk(isRegionName(text), text)
})

t.test('the suffix is that of the partition', async (t) => {
  const rows = [
    ['eu-central-1', 'amazonaws.com'],
    ['us-gov-west-1', 'amazonaws.com'],
    ['cn-north-1', 'amazonaws.com.cn'],
    ['us-iso-east-1', 'c2s.ic.gov'],
    ['us-isob-east-1', 'sc2s.sgov.gov'],
    ['eusc-de-east-1', 'amazonaws.eu'],
  ] as const
  for (const [region, suffix] of rows) {
    t.equal(dnsSuffixOf(region), suffix, region)
    t.ok(DNS_SUFFIXES.includes(suffix))
  }
})

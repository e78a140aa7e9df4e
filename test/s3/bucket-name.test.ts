import t from 'tap'
import { parseBucketName } from '../../src/s3/bucket-name.ts'

function reasonOf(name: string, configured?: ReadonlySet<string>): string {
  const result = parseBucketName(name, configured)
  return result.ok ? 'valid' : `${result.error.code} ${result.error.reason}`
}

t.test('names of general purpose buckets are valid', async (t) => {
  const names = [
    'abc',
    'billing-2026',
    'my.bucket.example',
    '0a0',
    '123',
    '1.2.3',
    '1.2.3.4.5',
    '192.168.5.4a',
    'a--b',
    'amzn-s3-demo-bucket',
    'x'.repeat(63),
  ]
  for (const name of names) t.equal(reasonOf(name), 'valid', name)
})

t.test('a name that breaks the rules of bucket names is refused', async (t) => {
  const names = [
    '',
    'ab',
    'x'.repeat(64),
    'Abc',
    'abC',
    'a_b',
    'a/b',
    'a b',
    'a\nb',
    'a..b',
    '.abc',
    'abc.',
    '-abc',
    'abc-',
    'bücket',
    '192.168.5.4',
    '...',
    'WriteGetObjectResponse',
  ]
  for (const name of names) t.equal(reasonOf(name), 'InvalidBucketName bucket-name-invalid', name)
})

t.test('aliases, ARNs and names with a reserved suffix are refused', async (t) => {
  const names = [
    'my-ap-hrzrlukc5m36ft7okagglf3gmwluquse1a-s3alias',
    'my-olap-abc--ol-s3',
    'base--euc1-az1--x-s3',
    'ap--euc1-az1--xa-s3',
    'tables--table-s3',
    'mfzwi23gnjvgw.mrap',
    'xn--bcher-kva',
    'sthree-configurator',
    'arn:aws:s3:eu-central-1:111122223333:accesspoint:ap',
    'arn:aws:s3:::bucket',
  ]
  for (const name of names) t.equal(reasonOf(name), 'InvalidBucketName bucket-name-reserved', name)
})

t.test('an operator may name an alias or an ARN as a bucket', async (t) => {
  const configured = new Set(['ap-hash-s3alias'])
  t.equal(reasonOf('ap-hash-s3alias', configured), 'valid')
  t.equal(reasonOf('other-s3alias', configured), 'InvalidBucketName bucket-name-reserved')
  t.equal(reasonOf('plain', configured), 'valid')
})

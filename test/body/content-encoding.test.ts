import t from 'tap'
import { withoutAwsChunked } from '../../src/body/content-encoding.ts'

for (const [value, expected] of [
  ['aws-chunked', undefined],
  ['AWS-Chunked', undefined],
  [' aws-chunked ', undefined],
  ['aws-chunked,aws-chunked', undefined],
  ['', undefined],
  ['aws-chunked,gzip', 'gzip'],
  ['aws-chunked, gzip', 'gzip'],
  ['gzip,aws-chunked', 'gzip'],
  ['gzip, aws-chunked', 'gzip'],
  ['foo, aws-chunked, bar', 'foo, bar'],
  ['gzip', 'gzip'],
  ['x-aws-chunked', 'x-aws-chunked'],
  ['aws-chunked-gzip', 'aws-chunked-gzip'],
] as const) {
  t.test(`${JSON.stringify(value)} without aws-chunked is ${expected}`, async (t) => {
    t.equal(withoutAwsChunked(value), expected)
  })
}

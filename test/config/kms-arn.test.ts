import t from 'tap'
import { parseKeyArn } from '../../src/config/kms-arn.ts'

const ID = '1234abcd-12ab-34cd-56ef-1234567890ab'

t.test('full key ARNs are read, multi-region keys and other partitions too', async (t) => {
  t.strictSame(parseKeyArn(`arn:aws:kms:us-east-1:111122223333:key/${ID}`), {
    partition: 'aws',
    region: 'us-east-1',
  })
  t.strictSame(
    parseKeyArn(
      'arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab',
    ),
    { partition: 'aws-us-gov', region: 'us-gov-west-1' },
  )
})

t.test('other text is not the ARN of a KMS key', async (t) => {
  for (const text of [
    ID,
    `key/${ID}`,
    'alias/mine',
    'arn:aws:kms:us-east-1:111122223333:alias/mine',
    `arn:aws:kms:us-east-1:11112222333:key/${ID}`,
    `arn:aws:kms::111122223333:key/${ID}`,
    `arn:aws:s3:us-east-1:111122223333:key/${ID}`,
    `arn:aws:kms:us-east-1:111122223333:key/${ID.toUpperCase()}`,
    `arn:aws:kms:us-east-1:111122223333:key/${ID} `,
    `arn:aws:kms:us-east-1:111122223333:key/${ID}/x`,
    '',
  ]) {
    t.equal(parseKeyArn(text), undefined, text)
  }
})

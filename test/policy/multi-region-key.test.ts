import t from 'tap'
import { isMultiRegionKeyArn, isSameMultiRegionKey } from '../../src/policy/multi-region-key.ts'

const KEY = 'arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab'

t.test('a multi-Region key is the same under every Region of its partition', async (t) => {
  for (const region of ['eu-central-1', 'us-west-2', 'ap-southeast-2']) {
    const replica = KEY.replace('eu-central-1', region)
    t.equal(isSameMultiRegionKey(KEY, replica), true, replica)
    t.equal(isSameMultiRegionKey(replica, KEY), true, replica)
    t.equal(isMultiRegionKeyArn(replica), true)
  }
})

const OTHERS = [
  KEY.replace('567890ab', '567890ac'),
  KEY.replace('111122223333', '111122223334'),
  KEY.replace('arn:aws:', 'arn:aws-cn:'),
  KEY.replace('key/mrk-', 'alias/mrk-'),
  KEY.replace('eu-central-1', ''),
  KEY.replace('eu-central-1', 'eu:central-1'),
  KEY.replace('eu-central-1', '*'),
  KEY.replace('eu-central-1', 'EU-CENTRAL-1'),
  KEY.slice(KEY.indexOf('mrk-')),
  `${KEY}0`,
  ` ${KEY}`,
  `${KEY}\n`,
  KEY.toUpperCase(),
  '',
]

t.test('whatever else differs is another key', async (t) => {
  for (const other of OTHERS) {
    t.equal(isSameMultiRegionKey(KEY, other), false, JSON.stringify(other))
    t.equal(isSameMultiRegionKey(other, KEY), false, JSON.stringify(other))
  }
})

t.test('keys of one Region have no replicas', async (t) => {
  const key = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
  t.equal(isMultiRegionKeyArn(key), false)
  t.equal(isSameMultiRegionKey(key, key), false)
  t.equal(isSameMultiRegionKey(key, key.replace('eu-central-1', 'us-west-2')), false)
})

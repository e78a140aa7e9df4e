import t from 'tap'
import { BucketRegions } from '../../src/upstream/bucket-regions.ts'

t.test('what S3 told is remembered, and can change', async (t) => {
  const regions = new BucketRegions()
  t.equal(regions.regionOf('bucket'), undefined)
  regions.learn('bucket', 'eu-west-1')
  t.equal(regions.regionOf('bucket'), 'eu-west-1')
  t.equal(regions.regionOf('other'), undefined)
  regions.learn('bucket', 'us-west-2')
  t.equal(regions.regionOf('bucket'), 'us-west-2')
  t.equal(regions.size, 1)
})

t.test('what was told is forgotten', async (t) => {
  const regions = new BucketRegions()
  regions.learn('bucket', 'eu-west-1')
  regions.learn('other', 'eu-west-1')
  regions.forget('bucket')
  regions.forget('none')
  t.equal(regions.regionOf('bucket'), undefined)
  t.equal(regions.regionOf('other'), 'eu-west-1')
})

t.test('beyond the limit, what was asked for longest ago is forgotten', async (t) => {
  const regions = new BucketRegions(3)
  for (const bucket of ['a', 'b', 'c']) regions.learn(bucket, 'eu-west-1')
  regions.regionOf('a')
  regions.learn('d', 'eu-west-1')
  t.equal(regions.size, 3)
  t.equal(regions.regionOf('b'), undefined)
  for (const bucket of ['a', 'c', 'd']) t.equal(regions.regionOf(bucket), 'eu-west-1', bucket)
})

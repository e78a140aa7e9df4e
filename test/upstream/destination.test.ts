import t from 'tap'
import type { UpstreamEndpoint } from '../../src/config/config.ts'
import { type Addressed, buildDestination, buildPlace } from '../../src/upstream/destination.ts'

const TLS: UpstreamEndpoint = {
  kind: 'url',
  protocol: 'https:',
  hostname: 's3.eu-central-1.amazonaws.com',
  port: 443,
}
const LOOPBACK: UpstreamEndpoint = { kind: 'url', protocol: 'http:', hostname: '::1', port: 9000 }
const OBJECT: Addressed = { bucket: 'bucket', key: 'a/b c', query: [] }
const REGION = 'eu-central-1'

t.test('virtual-hosted style puts the bucket into the host', async (t) => {
  t.strictSame(buildDestination(buildPlace(TLS, 'virtual', REGION), OBJECT), {
    origin: 'https://bucket.s3.eu-central-1.amazonaws.com:443',
    host: 'bucket.s3.eu-central-1.amazonaws.com',
    path: '/a/b%20c',
    query: '',
    region: REGION,
  })
})

t.test('path style, a port that is not the default, IPv6', async (t) => {
  t.strictSame(buildDestination(buildPlace(LOOPBACK, 'path', REGION), OBJECT), {
    origin: 'http://[::1]:9000',
    host: '[::1]:9000',
    path: '/bucket/a/b%20c',
    query: '',
    region: REGION,
  })
})

t.test('a rooted name keeps its dot where it is resolved, and nowhere else', async (t) => {
  const rooted: UpstreamEndpoint = { ...TLS, isRooted: true, port: 9000 }
  t.match(buildDestination(buildPlace(rooted, 'virtual', REGION), OBJECT), {
    origin: 'https://bucket.s3.eu-central-1.amazonaws.com.:9000',
    host: 'bucket.s3.eu-central-1.amazonaws.com:9000',
  })
})

t.test('each level of addressing has its path', async (t) => {
  const rows: readonly (readonly ['virtual' | 'path' | 'bound', Partial<Addressed>, string])[] = [
    ['virtual', { key: undefined }, '/'],
    ['path', { key: undefined }, '/bucket'],
    ['bound', { key: undefined }, '/'],
    ['bound', {}, '/a/b%20c'],
    ['path', { bucket: undefined, key: undefined }, '/'],
    ['virtual', { bucket: undefined, key: undefined }, '/'],
    ['path', { bucket: undefined, key: 'WriteGetObjectResponse' }, '/WriteGetObjectResponse'],
    // Trap: new URL() would make another key of these.
    ['path', { key: 'a/../b//c' }, '/bucket/a/../b//c'],
    ['virtual', { key: '/./' }, '//./'],
    ['path', { key: 'ü?#%' }, '/bucket/%C3%BC%3F%23%25'],
  ]
  for (const [addressing, change, path] of rows) {
    const place = buildPlace(TLS, addressing, REGION)
    t.equal(buildDestination(place, { ...OBJECT, ...change }).path, path, JSON.stringify(change))
  }
})

t.test('no wildcard certificate covers a bucket with dots', async (t) => {
  const dotted = { ...OBJECT, bucket: 'my.bucket' }
  t.match(buildDestination(buildPlace(TLS, 'virtual', REGION), dotted), {
    host: 's3.eu-central-1.amazonaws.com',
    path: '/my.bucket/a/b%20c',
  })
  const plain = buildPlace({ ...LOOPBACK, hostname: 'localhost' }, 'virtual', REGION)
  t.match(buildDestination(plain, dotted), { host: 'my.bucket.localhost:9000', path: '/a/b%20c' })
})

// A host's case is lost on the way: `MyBucket.s3…` is the bucket `mybucket`, which may be another's.
t.test('a bucket of the old rules that is no label of a host goes by path', async (t) => {
  const plain = buildPlace({ ...LOOPBACK, hostname: 'localhost' }, 'virtual', REGION)
  for (const bucket of ['MyBucket', 'my_bucket', 'bucket-', 'b'.repeat(64)]) {
    for (const place of [buildPlace(TLS, 'virtual', REGION), plain]) {
      const { host, path } = buildDestination(place, { ...OBJECT, bucket })
      t.equal(host, place.host, bucket)
      t.equal(path, `/${bucket}/a/b%20c`)
    }
  }
})

t.test('the query is in canonical form', async (t) => {
  const query = [
    { name: 'b', value: 'x y' },
    { name: 'a', value: '' },
  ]
  const place = buildPlace(TLS, 'virtual', REGION)
  t.equal(buildDestination(place, { ...OBJECT, query }).query, 'a=&b=x%20y')
})

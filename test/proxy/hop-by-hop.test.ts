import t from 'tap'
import { connectionNominees, isHopByHop } from '../../src/proxy/hop-by-hop.ts'

t.test('RFC 9110’s fields are hop-by-hop by themselves', async (t) => {
  for (const name of [
    ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization'],
    ...['proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ]) {
    t.ok(isHopByHop(name), name)
  }
  for (const name of ['host', 'content-length', 'expect', 'x-amz-date', 'trailers', '']) {
    t.notOk(isHopByHop(name), name)
  }
})

const NOMINEES: readonly (readonly [
  headers: readonly string[],
  names: readonly string[] | undefined,
])[] = [
  [[], undefined],
  [['host', 'h', 'x-connection', 'a'], undefined],
  [['connection', 'close'], undefined],
  [['connection', 'Keep-Alive'], undefined],
  [['connection', 'x-a'], ['x-a']],
  [['connection', 'X-Amz-Server-Side-Encryption'], ['x-amz-server-side-encryption']],
  [
    ['connection', 'close, x-a ,\tx-b'],
    ['close', 'x-a', 'x-b'],
  ],
  [['connection', 'close', 'connection', 'x-a'], ['x-a']],
  [
    ['connection', 'x-a', 'connection', 'x-b'],
    ['x-a', 'x-b'],
  ],
]

for (const [headers, names] of NOMINEES) {
  t.test(`Connection of ${JSON.stringify(headers)}`, async (t) => {
    const found = connectionNominees(headers)
    t.strictSame(found === undefined ? undefined : [...found], names)
  })
}

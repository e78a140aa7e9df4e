import { randomBytes } from 'node:crypto'
import t from 'tap'
import { createHostId, RequestIds } from '../../src/telemetry/request-id.ts'

t.test('ids look like those of S3 and differ', async (t) => {
  const ids = new RequestIds()
  const seen = new Set<string>()
  for (let i = 0; i < 2000; i++) seen.add(ids.next())
  t.equal(seen.size, 2000)
  for (const id of seen) t.match(id, /^[0-9A-V]{16}$/)
})

t.test('randomness is fetched for many ids at once, and never used twice', async (t) => {
  let calls = 0
  const ids = new RequestIds((size) => {
    calls++
    return randomBytes(size)
  })
  for (let i = 0; i < 257; i++) ids.next()
  t.equal(calls, 2)
})

t.test('five bits of each octet choose the symbol', async (t) => {
  const octets = Uint8Array.from({ length: 4096 }, (_, i) => i)
  const ids = new RequestIds(() => octets)
  t.equal(ids.next(), '0123456789ABCDEF')
  t.equal(ids.next(), 'GHIJKLMNOPQRSTUV')
  t.equal(ids.next(), '0123456789ABCDEF')
})

t.test('a host id is 64 characters of base64', async (t) => {
  t.match(createHostId(), /^[A-Za-z0-9+/]{64}$/)
  t.not(createHostId(), createHostId())
})

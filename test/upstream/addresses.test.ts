import type { LookupAddress } from 'node:dns'
import t from 'tap'
import { Addresses, type Resolve } from '../../src/upstream/addresses.ts'

const THREE: readonly LookupAddress[] = ['192.0.2.1', '192.0.2.2', '2001:db8::3'].map(
  (address) => ({ address, family: address.includes(':') ? 6 : 4 }),
)

/** A resolver that answers what it is told to, and a clock that stands still. */
function start() {
  const world: { now: number; asked: number; answer: Parameters<Parameters<Resolve>[1]> } = {
    now: 0,
    asked: 0,
    answer: [null, THREE],
  }
  const addresses = new Addresses({
    nowMs: () => world.now,
    resolve: (_hostname, callback) => {
      world.asked++
      setImmediate(() => callback(...world.answer))
    },
  })
  const look = (name = 's3.example'): Promise<readonly string[]> =>
    new Promise((resolve, reject) => {
      addresses.lookup(name, { all: true }, (error, found) => {
        if (error !== null) reject(error)
        else resolve(typeof found === 'string' ? [found] : found.map(({ address }) => address))
      })
    })
  return { world, addresses, look }
}

t.test('the addresses take turns', async (t) => {
  const { look } = start()
  t.strictSame(await look(), ['192.0.2.1', '192.0.2.2', '2001:db8::3'])
  t.strictSame(await look(), ['192.0.2.2', '2001:db8::3', '192.0.2.1'])
  t.strictSame(await look(), ['2001:db8::3', '192.0.2.1', '192.0.2.2'])
  t.strictSame(await look(), ['192.0.2.1', '192.0.2.2', '2001:db8::3'])
})

t.test('one question at a time, and its answer holds for seconds', async (t) => {
  const { world, look } = start()
  await Promise.all([look(), look(), look()])
  t.equal(world.asked, 1)
  world.now = 4_999
  await look()
  t.equal(world.asked, 1)
  world.now = 5_000
  await look()
  t.equal(world.asked, 2)
})

t.test('an address that failed comes last for half a minute', async (t) => {
  const { world, addresses, look } = start()
  addresses.failed('192.0.2.1')
  t.strictSame(await look(), ['192.0.2.2', '2001:db8::3', '192.0.2.1'])
  addresses.failed('192.0.2.2')
  t.strictSame(await look(), ['2001:db8::3', '192.0.2.2', '192.0.2.1'])
  world.now = 29_999
  t.equal((await look())[0], '2001:db8::3')
  world.now = 30_000
  t.strictSame(await look(), ['192.0.2.1', '192.0.2.2', '2001:db8::3'])
})

t.test('addresses that all failed are all tried', async (t) => {
  const { addresses, look } = start()
  for (const { address } of THREE) addresses.failed(address)
  t.equal((await look()).length, 3)
})

t.test('while the resolver fails, what it said last serves for five minutes', async (t) => {
  const { world, look } = start()
  await look()
  world.answer = [Object.assign(new Error('getaddrinfo'), { code: 'EAI_AGAIN' }), []]
  world.now = 299_999
  t.equal((await look()).length, 3)
  world.now = 300_000
  await t.rejects(look(), { code: 'EAI_AGAIN' })
})

t.test('a failure is told, and the next look-up asks again', async (t) => {
  const { world, look } = start()
  world.answer = [Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }), []]
  await t.rejects(look(), { code: 'ENOTFOUND' })
  world.answer = [null, []]
  await t.rejects(look(), { code: 'ENOTFOUND' }, 'no address at all')
  world.answer = [null, THREE]
  t.equal((await look()).length, 3)
  t.equal(world.asked, 3)
})

t.test('who wants one address gets one', async (t) => {
  const { addresses } = start()
  const found = await new Promise((resolve) => {
    addresses.lookup('s3.example', {}, (_error, address, family) => resolve([address, family]))
  })
  t.strictSame(found, ['192.0.2.1', 4])
})

t.test('a name that is asked for again pushes no other one out', async (t) => {
  const { world, look } = start()
  const names = Array.from({ length: 512 }, (_, i) => `${i}.s3.example`)
  await Promise.all(names.map((name) => look(name)))
  world.now = 5_000
  t.strictSame(await look('0.s3.example'), ['192.0.2.2', '2001:db8::3', '192.0.2.1'], 'in turn')
  world.answer = [Object.assign(new Error('getaddrinfo'), { code: 'EAI_AGAIN' }), []]
  t.equal((await look('511.s3.example')).length, 3, 'what was said of the others still serves')
})

import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import { ByteRoom } from '../../src/base/byte-room.ts'

const LIMITS = { bytesMax: 100, ownerBytesMax: 50, waitMs: 60_000 }

t.test('room is given in the order of arrival, and given back', async (t) => {
  const room = new ByteRoom(LIMITS)
  const order: string[] = []
  const take = async (owner: string, bytes: number) => {
    const leave = await room.enter(owner, bytes)
    order.push(`${owner}${bytes}`)
    return leave
  }
  const first = await take('a', 50)
  const second = await take('b', 50)
  t.equal(room.held, 100)
  const third = take('c', 40)
  const fourth = take('d', 10)
  const fifth = take('a', 1)
  await turn()
  t.strictSame(order, ['a50', 'b50'])
  second?.()
  ;(await third)?.()
  ;(await fourth)?.()
  await turn()
  t.strictSame(order, ['a50', 'b50', 'c40', 'd10'], "an owner's share is its own limit")
  first?.()
  ;(await fifth)?.()
  t.equal(room.held, 0)
})

t.test('a small one does not overtake a large one for ever', async (t) => {
  const room = new ByteRoom(LIMITS)
  const a = await room.enter('a', 50)
  const b = await room.enter('b', 20)
  let isIn = false
  const large = room.enter('c', 50).then((leave) => {
    isIn = true
    return leave
  })
  const small = room.enter('d', 10)
  await turn()
  t.equal(room.held, 70, 'neither is in')
  a?.()
  const leaves = [await large, await small]
  t.ok(isIn)
  for (const leave of leaves) leave?.()
  b?.()
  t.equal(room.held, 0)
})

t.test('a wait ends, and those behind it get their turn', async (t) => {
  const room = new ByteRoom({ ...LIMITS, waitMs: 1 })
  const first = await room.enter('a', 50)
  const second = await room.enter('b', 30)
  const [large, small] = await Promise.all([room.enter('c', 40), room.enter('d', 20)])
  t.equal(large, undefined)
  first?.()
  second?.()
  small?.()
  t.equal(room.held, 0)
})

t.test(
  'property: limits hold, nobody waits where there is room, and all is given back',
  async (t) => {
    const step = fc.record({
      owner: fc.constantFrom('a', 'b', 'c'),
      bytes: fc.integer({ min: 1, max: 50 }),
      leaves: fc.nat(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const room = new ByteRoom(LIMITS)
        const inside: { owner: string; bytes: number; leave: () => void }[] = []
        const ofOwner = (owner: string) =>
          inside.reduce((sum, one) => sum + (one.owner === owner ? one.bytes : 0), 0)
        let waiting = 0
        const exits: Promise<void>[] = []
        for (const { owner, bytes, leaves } of steps) {
          waiting++
          exits.push(
            room.enter(owner, bytes).then((leave) => {
              waiting--
              if (leave !== undefined) inside.push({ owner, bytes, leave })
            }),
          )
          await turn()
          t.equal(
            room.held,
            inside.reduce((sum, one) => sum + one.bytes, 0),
          )
          if (room.held > 100 || ['a', 'b', 'c'].some((name) => ofOwner(name) > 50)) return false
          if (leaves % 3 === 0) inside.splice(leaves % Math.max(1, inside.length), 1)[0]?.leave()
          await turn()
        }
        while (inside.length > 0) {
          inside.pop()?.leave()
          await turn()
        }
        await Promise.all(exits)
        return waiting === 0 && room.held === 0
      }),
      { numRuns: 200 },
    )
  },
)

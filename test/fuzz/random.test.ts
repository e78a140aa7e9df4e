import t from 'tap'
import { Random } from './random.ts'

t.test('the same seed gives the same draws, another seed others', async (t) => {
  const draw = (seed: string): readonly number[] => {
    const random = new Random(seed)
    return Array.from({ length: 50 }, () => random.below(1000))
  }
  t.strictSame(draw('1/header/7'), draw('1/header/7'))
  t.notSame(draw('1/header/7'), draw('1/header/8'))
  t.notSame(draw('1/header/7'), draw('2/header/7'))
})

t.test('every item is drawn, and none outside of the limit', async (t) => {
  const random = new Random('x')
  const counts = new Array<number>(10).fill(0)
  for (let i = 0; i < 10_000; i++) counts[random.below(10)] = (counts[random.below(10)] ?? 0) + 1
  t.equal(counts.length, 10)
  const picked = new Set(Array.from({ length: 200 }, () => random.pick(['a', 'b', undefined])))
  t.strictSame([...picked].sort(), ['a', 'b', undefined])
  t.throws(() => random.pick([]))
  t.equal(random.bytes(100).length, 100)
  const hits = Array.from({ length: 10_000 }, () => random.chance(20)).filter(Boolean).length
  t.ok(hits > 1700 && hits < 2300, String(hits))
})

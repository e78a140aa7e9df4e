import fc from 'fast-check'
import t from 'tap'
import { OldestFirst } from '../../src/base/oldest-first.ts'

t.test('the oldest makes room for each that comes beyond', async (t) => {
  const places = new OldestFirst()
  const givenUp: string[] = []
  const enter = (name: string) => places.enter(2, () => givenUp.push(name))
  enter('a')
  const leaveB = enter('b')
  t.strictSame(givenUp, [])
  enter('c')
  t.strictSame(givenUp, ['a'])
  leaveB()
  leaveB()
  enter('d')
  t.strictSame(givenUp, ['a'])
  enter('e')
  t.strictSame(givenUp, ['a', 'c'])
  t.equal(places.size, 2)
})

t.test('never more than the bound, and nobody is given up who has left', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.oneof(fc.constant(undefined), fc.nat(20)), { maxLength: 100 }),
      (max, steps) => {
        const places = new OldestFirst()
        const leaves: (() => void)[] = []
        const model: number[] = []
        for (const step of steps) {
          if (step === undefined) {
            const id = leaves.length
            leaves.push(places.enter(max, () => model.splice(model.indexOf(id), 1)))
            model.push(id)
          } else {
            leaves[step]?.()
            if (model.includes(step)) model.splice(model.indexOf(step), 1)
          }
          if (places.size !== model.length || model.length > max) return false
        }
        return true
      },
    ),
  )
})

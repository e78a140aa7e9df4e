import fc from 'fast-check'
import t from 'tap'
import { SortedKeys } from '../../src/sandbox/sorted-keys.ts'
import { compareUtf8 } from '../../src/sandbox/utf8-order.ts'

t.test('whatever comes and goes, the list is the set in order', async () => {
  const key = fc.constantFrom('a', 'a/b', 'b', 'ü', '\uffee', '😀', '', 'z')
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.boolean())), (steps) => {
      const keys = new SortedKeys()
      const model = new Set<string>()
      return steps.every(([name, isListed]) => {
        if (model.delete(name)) keys.remove(name)
        else {
          model.add(name)
          keys.add(name)
        }
        const expected = [...model].sort(compareUtf8)
        return !isListed || JSON.stringify(keys.list()) === JSON.stringify(expected)
      })
    }),
  )
})

import t from 'tap'
import { SlotList } from '../../src/base/slot-list.ts'

const item = (name: string) => ({ name, slot: -1 })

t.test('holds what was added and not removed', (t) => {
  const list = new SlotList<{ name: string; slot: number }>()
  const [a, b, c, d] = [item('a'), item('b'), item('c'), item('d')]
  for (const one of [a, b, c, d]) list.add(one)
  list.remove(b)
  t.same([...list].map(({ name }) => name).sort(), ['a', 'c', 'd'])
  list.remove(d)
  list.remove(a)
  t.same(
    [...list].map(({ name }) => name),
    ['c'],
  )
  t.equal(list.size, 1)
  list.remove(c)
  t.equal(list.size, 0)
  t.end()
})

t.test('each item in turn can be the one that is removed', (t) => {
  for (let removed = 0; removed < 5; removed++) {
    const list = new SlotList<{ name: string; slot: number }>()
    const items = [...'abcde'].map(item)
    for (const one of items) list.add(one)
    const target = items[removed]
    if (target !== undefined) list.remove(target)
    const left = [...list].map(({ name }) => name).sort()
    t.same(
      left,
      [...'abcde'].filter((_, i) => i !== removed),
    )
    for (const [i, one] of [...list].entries()) t.equal(one.slot, i)
  }
  t.end()
})

import t from 'tap'
import { RecentMap } from '../../src/sts/recent-map.ts'

t.test('what was used last is kept, and there are never more than allowed', async (t) => {
  const map = new RecentMap<number>(8)
  map.set('kept', 0)
  for (let i = 0; i < 100; i++) {
    map.set(`x${i}`, i)
    t.equal(map.get('kept'), 0)
    if (map.size > 8) t.fail(`${map.size} entries`)
  }
  t.equal(map.get('x99'), 99)
  t.equal(map.get('x0'), undefined)
  map.set('x99', 1)
  t.equal(map.get('x99'), 1)
})

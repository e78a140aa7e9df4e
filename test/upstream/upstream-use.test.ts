import t from 'tap'
import { UpstreamUse } from '../../src/upstream/upstream-use.ts'

function make(close: () => Promise<void> = async () => undefined) {
  const seen = { closed: 0, warnings: 0 }
  const upstream = {
    close: () => {
      seen.closed++
      return close()
    },
  }
  const use = new UpstreamUse(upstream, { warn: () => seen.warnings++ })
  return { use, seen }
}

t.test('an upstream is closed with the last exchange after it was retired', async (t) => {
  const { use, seen } = make()
  use.enter()
  use.enter()
  use.leave()
  const closed = use.retire()
  t.equal(seen.closed, 0)
  use.leave()
  await closed
  t.equal(seen.closed, 1)
})

t.test('one that nobody uses is closed at once, and only once', async (t) => {
  const { use, seen } = make()
  use.enter()
  use.leave()
  t.equal(seen.closed, 0, 'not while it is at work')
  await use.retire()
  await use.retire()
  t.equal(seen.closed, 1)
})

t.test('one that cannot be closed is told of and not waited for', async (t) => {
  const { use, seen } = make(() => Promise.reject(new Error('no')))
  await use.retire()
  t.equal(seen.warnings, 1)
})

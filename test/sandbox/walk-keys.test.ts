import fc from 'fast-check'
import t from 'tap'
import { compareUtf8 } from '../../src/sandbox/utf8-order.ts'
import { type KeyWalk, walkKeys } from '../../src/sandbox/walk-keys.ts'

const text = fc.string({ unit: fc.constantFrom('a', 'b', '/', '.', '😀'), maxLength: 6 })

t.test('the walk gives what a plain scan of all keys gives', async () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(text),
      text,
      fc.constantFrom('', '/', '/.'),
      text,
      (set, ...args) => {
        const [prefix, delimiter, from] = args
        const keys = set.toSorted(compareUtf8)
        const hidden = new Set(keys.filter((_, i) => i % 3 === 1))
        const walked = [...walkKeys(keys, { prefix, delimiter, from }, (key) => !hidden.has(key))]
        const names = walked.map((entry) => (entry.kind === 'key' ? entry.key : entry.prefix))
        const expected = scan(keys, hidden, { prefix, delimiter, from })
        return JSON.stringify(names) === JSON.stringify(expected)
      },
    ),
  )
})

t.test('a page costs the same wherever it begins, and rolled-up keys are skipped', async (t) => {
  const keys = Array.from({ length: 20_000 }, (_, n) => {
    return `dir${String(n % 50).padStart(2, '0')}/${String(n).padStart(5, '0')}`
  }).toSorted(compareUtf8)
  let reads = 0
  const counted = new Proxy(keys, {
    get(target, name) {
      if (typeof name === 'string' && /^\d+$/.test(name)) reads++
      return Reflect.get(target, name)
    },
  })
  const cost = (delimiter: string, from: string) => {
    reads = 0
    let left = 100
    for (const _ of walkKeys(counted, { prefix: '', delimiter, from })) if (--left === 0) break
    return reads
  }
  for (const from of ['', keys[10_000] ?? '', keys.at(-101) ?? '']) {
    t.ok(cost('', from) < 300, `from ${from}: ${reads} reads`)
  }
  t.ok(cost('/', '') < 1500, `50 common prefixes: ${reads} reads`)
})

function scan(keys: readonly string[], hidden: ReadonlySet<string>, walk: KeyWalk) {
  const { prefix, delimiter, from } = walk
  const names = keys
    .filter((key) => key.startsWith(prefix) && compareUtf8(key, from) >= 0 && !hidden.has(key))
    .map((key) => {
      const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length)
      return { key, rolled: cut === -1 ? undefined : key.slice(0, cut + delimiter.length) }
    })
    .filter(({ rolled }) => rolled === undefined || rolled !== from)
    .map(({ key, rolled }) => rolled ?? key)
  return names.filter((name, i) => name !== names[i - 1])
}

import t from 'tap'
import { type ListPage, listPage } from '../../../src/sandbox/operations/list-objects.ts'
import { element, elements, send, type TestAnswer } from '../send.ts'
import { BUCKET, startTestSandbox } from '../start-test-sandbox.ts'

const KEYS = ['a', 'a/1', 'a/2', 'a/b/3', 'b', 'c/1', 'd']

function page(query: Partial<Parameters<typeof listPage>[1]>): ListPage {
  return listPage(KEYS, { prefix: '', delimiter: '', after: '', countMax: 1000, ...query })
}

t.test('a page holds what prefix, delimiter and marker select', async (t) => {
  t.match(page({}), { keys: KEYS, prefixes: [], isTruncated: false })
  t.match(page({ prefix: 'a/' }), { keys: ['a/1', 'a/2', 'a/b/3'] })
  t.match(page({ delimiter: '/' }), { keys: ['a', 'b', 'd'], prefixes: ['a/', 'c/'] })
  t.match(page({ prefix: 'a/', delimiter: '/' }), { keys: ['a/1', 'a/2'], prefixes: ['a/b/'] })
  t.match(page({ after: 'a/2' }), { keys: ['a/b/3', 'b', 'c/1', 'd'] })
  t.match(page({ after: 'a/', delimiter: '/' }), { keys: ['b', 'd'], prefixes: ['c/'] })
  t.match(page({ after: 'a/1', delimiter: '/' }), { prefixes: ['a/', 'c/'] })
  t.match(page({ prefix: 'zz' }), { keys: [], prefixes: [] })
  t.match(page({ prefix: 'b', after: 'a' }), { keys: ['b'] })
  t.match(page({ countMax: 0 }), { keys: [], isTruncated: false })
})

t.test('pages put together give the whole, whatever their size', async (t) => {
  for (const delimiter of ['', '/']) {
    const whole = page({ delimiter })
    for (const countMax of [1, 2, 3]) {
      const keys: string[] = []
      const prefixes: string[] = []
      for (let after = '', isTruncated = true, rounds = 0; isTruncated && rounds < 20; rounds++) {
        const next = page({ delimiter, countMax, after })
        keys.push(...next.keys)
        prefixes.push(...next.prefixes)
        isTruncated = next.isTruncated
        after = next.last ?? ''
      }
      t.strictSame({ keys, prefixes }, { keys: whole.keys, prefixes: whole.prefixes })
    }
  }
})

async function filled(test: Parameters<typeof startTestSandbox>[0]) {
  const { sandbox } = await startTestSandbox(test)
  for (const key of ['a%20b', 'a/1', 'a/2', 'c%C3%BC', 'd&amp;'.replace('&amp;', '%26')]) {
    await send(sandbox, { method: 'PUT', target: `/${BUCKET}/${key}`, body: 'x' })
  }
  return (query: string): Promise<TestAnswer> => send(sandbox, { target: `/${BUCKET}?${query}` })
}

t.test('version 2 lists with KeyCount and continuation tokens', async (t) => {
  const list = await filled(t)
  const all = await list('list-type=2')
  t.strictSame(elements(all.body, 'Key'), ['a b', 'a/1', 'a/2', 'cü', 'd&amp;'])
  t.equal(element(all.body, 'KeyCount'), '5')
  t.equal(element(all.body, 'Size'), '1')
  t.notMatch(all.body, /<Owner>/)
  const first = await list('list-type=2&delimiter=%2F&max-keys=2')
  t.strictSame([elements(first.body, 'Key'), elements(first.body, 'Prefix')], [['a b'], ['', 'a/']])
  const token = element(first.body, 'NextContinuationToken')
  const second = await list(`continuation-token=${token}&delimiter=%2F&list-type=2&max-keys=2`)
  t.strictSame(elements(second.body, 'Key'), ['cü', 'd&amp;'])
  t.equal(element(second.body, 'IsTruncated'), 'false')
  const encoded = await list('encoding-type=url&list-type=2')
  t.strictSame(elements(encoded.body, 'Key'), ['a+b', 'a/1', 'a/2', 'c%C3%BC', 'd%26'])
  const after = await list('fetch-owner=true&list-type=2&start-after=a%2F2')
  t.strictSame(elements(after.body, 'Key'), ['cü', 'd&amp;'])
  t.match(after.body, /<Owner>/)
})

t.test('version 1 lists with markers', async (t) => {
  const list = await filled(t)
  const first = await list('delimiter=%2F&max-keys=2')
  t.equal(element(first.body, 'NextMarker'), 'a/')
  const second = await list('delimiter=%2F&marker=a%2F')
  t.strictSame(elements(second.body, 'Key'), ['cü', 'd&amp;'])
  const plain = await list('max-keys=1')
  t.equal(element(plain.body, 'NextMarker'), undefined, 'only with a delimiter')
  t.equal(element(plain.body, 'IsTruncated'), 'true')
})

t.test('a parameter that is wrong is refused', async (t) => {
  const list = await filled(t)
  for (const query of [
    'max-keys=x',
    'max-keys=-1',
    'encoding-type=base64',
    'continuation-token=%21&list-type=2',
  ]) {
    t.match(await list(query), { status: 400, code: 'InvalidArgument' }, query)
  }
})

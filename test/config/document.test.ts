import fc from 'fast-check'
import t from 'tap'
import { parse } from 'yaml'
import { DOCUMENT_CHARS_MAX, parseConfigDocument } from '../../src/config/document.ts'

function parsed(text: string) {
  const result = parseConfigDocument(text)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

function problemsOf(text: string) {
  const result = parseConfigDocument(text)
  return result.ok ? [] : result.error
}

t.test('values come with the places of their keys and entries', async (t) => {
  const document = parsed('a:\n  - b: 1\n  - c: 2\nd: &x { e: 3 }\nf: *x\n')
  t.strictSame(document.value, { a: [{ b: 1 }, { c: 2 }], d: { e: 3 }, f: { e: 3 } })
  t.strictSame(document.positionOf(['a']), { line: 1, column: 1 })
  t.strictSame(document.positionOf(['a', 1, 'c']), { line: 3, column: 5 })
  t.strictSame(document.positionOf(['f', 'e']), { line: 4, column: 9 }, 'through an alias')
})

t.test('property: JSON has the value that it has as YAML, however it is spaced', async () => {
  const space = fc.constantFrom('', ' ', '\n  ', '\r\n')
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 4 }),
      space,
      fc.constantFrom(0, 2, '\t'),
      (value, around, indent) => {
        const text = `${around}${JSON.stringify(value, undefined, indent)}${around}`
        const result = parseConfigDocument(text)
        // Tabs that indent are JSON and no YAML; of the rest a list or an object is taken as JSON.
        if (!result.ok) return indent === '\t' || typeof value !== 'object'
        const asYaml = indent === '\t' ? JSON.parse(text) : parse(text, { version: '1.2' })
        return JSON.stringify(result.value.value) === JSON.stringify(asYaml)
      },
    ),
  )
})

t.test('JSON that YAML refuses, or reads in another way, is no JSON here', async (t) => {
  t.match(problemsOf('{ "a": 1, "a": 2 }'), [{ line: 1, column: 11, message: /must be unique/ }])
  t.match(problemsOf('[{ "a": { "b": 1, "\\u0062": 2 } }]'), [{ message: /must be unique/ }])
  t.match(problemsOf('{ "a": 1 } x'), [{ message: /^not valid YAML: / }])
  t.strictSame(parsed('{ "a": 1.50, b: 2 }').value, { a: 1.5, b: 2 }, 'YAML')
  t.strictSame(parsed('{\n  "a": [1, { "b": 2 }]\n}').positionOf(['a', 1, 'b']), {
    line: 2,
    column: 14,
  })
})

t.test('what does not exist stands where its nearest parent does', async (t) => {
  const document = parsed('a:\n  - b: 1\n')
  t.strictSame(document.positionOf(['a', 0, 'missing', 'deeper']), { line: 2, column: 5 })
  t.strictSame(document.positionOf(['a', 7]), { line: 1, column: 1 })
  t.strictSame(document.positionOf(['a', 0, 'b', 'c']), { line: 2, column: 5 })
})

t.test('an empty file has no value and no places', async (t) => {
  t.equal(parsed('').value, null)
  t.equal(parsed('').positionOf(['a']), undefined)
})

t.test('faults of the syntax are told with their places', async (t) => {
  t.match(problemsOf('a: 1\na: 2\n'), [{ line: 2, column: 1, message: /Map keys must be unique/ }])
  t.match(problemsOf('a: [1\n'), [{ message: /^not valid YAML: / }])
  t.match(problemsOf('a: *nothing\n'), [{ message: /^not valid YAML: .*alias/i }])
  t.match(problemsOf('a: !mine 1\n'), [{ line: 1, message: /Unresolved tag/ }])
  t.match(problemsOf('a:\n\tb: 1\n'), [{ message: /Indent with spaces/ }])
  t.match(problemsOf('a: 1\n---\nb: 1\n'), [
    {
      line: 2,
      message: /^not valid YAML: Source contains multiple documents\. Remove everything after/,
    },
  ])
})

t.test('the unquoted sandbox: gets its remedy', async (t) => {
  t.match(problemsOf('upstream:\n  endpoint: sandbox:\n'), [
    { line: 2, message: /endpoint: 'sandbox:'/ },
  ])
})

t.test('a message of the parser shows no line of the file, which may hold a secret', async (t) => {
  const [problem] = problemsOf('a: [hunter2-secret\nb: c\n')
  t.notMatch(problem?.message, /hunter2/)
})

t.test('aliases that multiply are refused', async (t) => {
  const levels = Array.from({ length: 9 }, (_, i) => {
    const before = i === 0 ? 'x' : `*a${i - 1}`
    return `a${i}: &a${i} [${Array(9).fill(before).join(', ')}]`
  })
  t.match(problemsOf(levels.join('\n')), [{ message: /alias/i }])
})

t.test('the longest text is read and one character more is refused', async (t) => {
  const longest = `a: 1\n#${'x'.repeat(DOCUMENT_CHARS_MAX - 6)}`
  t.equal(longest.length, DOCUMENT_CHARS_MAX)
  t.ok(parseConfigDocument(longest).ok)
  t.match(problemsOf(`${longest}x`), [{ message: /longer than/ }])
})

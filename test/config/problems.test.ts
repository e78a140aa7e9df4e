import t from 'tap'
import { formatConfigError, formatPath, formatProblem } from '../../src/config/problems.ts'

t.test('a path is written as operators read it', async (t) => {
  t.equal(formatPath([]), '')
  t.equal(formatPath(['policy', 'rules', 0, 'encrypt', 'keyId']), 'policy.rules[0].encrypt.keyId')
  t.equal(formatPath(['upstream', 'buckets', 'a.b', 'region']), 'upstream.buckets["a.b"].region')
})

t.test('an error names file, line, column, path and message of every problem', async (t) => {
  const error = {
    file: 'a.yaml',
    problems: [
      { path: 'listen[0]', line: 3, column: 5, message: 'is wrong' },
      { path: '', message: 'is empty' },
    ],
  }
  t.equal(
    formatConfigError(error),
    '2 problems in a.yaml\na.yaml:3:5: listen[0]: is wrong\na.yaml: is empty\n',
  )
})

t.test('a single problem is counted as one', async (t) => {
  t.match(
    formatConfigError({ file: 'a', problems: [{ path: '', message: 'm' }] }),
    /^1 problem in a\n/,
  )
})

t.test('a problem with a line and no column stands in column 1', async (t) => {
  t.equal(formatProblem('a', { path: 'b', line: 2, message: 'm' }), 'a:2:1: b: m')
})

import t from 'tap'
import { errorCodeIn } from '../../src/s3/error-code.ts'
import { buildErrorDocument } from '../../src/s3/error-document.ts'
import { refusal } from '../../src/s3/refusals.ts'

const codeIn = (text: string) => errorCodeIn(Buffer.from(text))

t.test('the code of an error document', async (t) => {
  const context = { resource: '/a<Code>b', requestId: '1', hostId: '2' }
  const own = refusal('anonymous')
  t.equal(codeIn(buildErrorDocument(own, context)), own.code)
  t.equal(codeIn('<Error>\n  <Code> NoSuchKey </Code></Error>'), 'NoSuchKey')
  t.equal(codeIn('<Error><Code>XMinio.Quota_1-a</Code>'), 'XMinio.Quota_1-a', 'unfinished')
})

t.test('no code', async (t) => {
  for (const text of [
    '',
    '<html><body>404</body></html>',
    '<Error><Code></Code></Error>',
    '<Error><Code>two words</Code></Error>',
    '<Error><Message>&lt;Code&gt;Fake&lt;/Code&gt;</Message></Error>',
    `<Error><Code>${'x'.repeat(65)}</Code></Error>`,
  ]) {
    t.equal(codeIn(text), undefined, text.slice(0, 40))
  }
})

t.test('a long document costs linear time', async (t) => {
  const started = performance.now()
  t.equal(codeIn(`${'<Code>  '.repeat(8_000)}${' '.repeat(64_000)}`), undefined)
  t.ok(performance.now() - started < 1_000)
})

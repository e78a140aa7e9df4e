import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { S3Error } from '../../src/s3/error.ts'
import { buildErrorDocument } from '../../src/s3/error-document.ts'
import { childText, parseXml } from '../../src/s3/xml.ts'

/** An error with texts that the table does not have. */
function errorOf(message: string, extras: S3Error['extras'] = []): S3Error {
  return { code: 'AccessDenied', reason: 'internal-error', message, source: 'downstream', extras }
}

const CONTEXT = { resource: '/bucket/key', requestId: 'AW1QCCHASQ37C99N', hostId: 'aG9zdA==' }

t.test("a document has S3's elements in S3's order", async (t) => {
  const error = errorOf('Not here.', [
    ['ArgumentName', 'x-amz-server-side-encryption'],
    ['ArgumentValue', 'AES256'],
  ])
  t.equal(
    buildErrorDocument(error, CONTEXT),
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      '<Error><Code>AccessDenied</Code><Message>Not here. (Sealgate: internal-error)</Message>' +
      '<ArgumentName>x-amz-server-side-encryption</ArgumentName><ArgumentValue>AES256</ArgumentValue>' +
      '<Resource>/bucket/key</Resource>' +
      '<RequestId>AW1QCCHASQ37C99N</RequestId><HostId>aG9zdA==</HostId></Error>',
  )
})

t.test('the resource may be left out, and the cause is not told', async (t) => {
  const error = { ...errorOf('Access Denied'), cause: 'secret' }
  const document = buildErrorDocument(error, { ...CONTEXT, resource: '' })
  for (const word of ['Resource', 'secret']) t.notOk(document.includes(word), word)
})

t.test('what comes from the client cannot leave its element', async (t) => {
  const error = errorOf('a</Message><Code>b', [['ArgumentValue', ']]>&\v\0']])
  const document = buildErrorDocument(error, { ...CONTEXT, resource: '/<script>' })
  t.ok(
    document.includes(
      '<Message>a&lt;/Message&gt;&lt;Code&gt;b (Sealgate: internal-error)</Message>',
    ),
  )
  t.ok(document.includes('<ArgumentValue>]]&gt;&amp;&#11;&#0;</ArgumentValue>'))
  t.ok(document.includes('<Resource>/&lt;script&gt;</Resource>'))
})

t.test('what is written is read back', async () => {
  const text = fc.string({ unit: 'binary' }).filter((s) => !/[\ufffe\uffff]/.test(s))
  fc.assert(
    fc.property(text, text, (message, resource) => {
      const document = buildErrorDocument(errorOf(message), {
        ...CONTEXT,
        resource,
      })
      const read = parseXml(document, 65_536)
      if (!read.ok) throw new Error(document)
      assert.equal(childText(read.value, 'Code'), 'AccessDenied')
      assert.equal(childText(read.value, 'Message'), `${message} (Sealgate: internal-error)`)
    }),
    { numRuns: 50 },
  )
})

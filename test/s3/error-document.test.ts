import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { refusal } from '../../src/s3/error.ts'
import { buildErrorDocument, readErrorDocument } from '../../src/s3/error-document.ts'

const CONTEXT = { resource: '/bucket/key', requestId: 'AW1QCCHASQ37C99N', hostId: 'aG9zdA==' }

t.test("a document has S3's elements in S3's order", async (t) => {
  const error = refusal('InvalidArgument', 'encryption-headers-misplaced', 'Not here.', [
    ['ArgumentName', 'x-amz-server-side-encryption'],
    ['ArgumentValue', 'AES256'],
  ])
  t.equal(
    buildErrorDocument(error, CONTEXT),
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
      '<Error><Code>InvalidArgument</Code><Message>Not here.</Message>' +
      '<ArgumentName>x-amz-server-side-encryption</ArgumentName><ArgumentValue>AES256</ArgumentValue>' +
      '<Resource>/bucket/key</Resource>' +
      '<RequestId>AW1QCCHASQ37C99N</RequestId><HostId>aG9zdA==</HostId></Error>',
  )
})

t.test('the resource may be left out, and neither cause nor reason is told', async (t) => {
  const error = { ...refusal('AccessDenied', 'some-reason', 'Access Denied'), cause: 'secret' }
  const document = buildErrorDocument(error, { ...CONTEXT, resource: '' })
  for (const word of ['Resource', 'secret', 'some-reason']) t.notOk(document.includes(word), word)
})

t.test('what comes from the client cannot leave its element', async (t) => {
  const error = refusal('InvalidURI', 'x', 'a</Message><Code>b', [['ArgumentValue', ']]>&\v\0']])
  const document = buildErrorDocument(error, { ...CONTEXT, resource: '/<script>' })
  t.ok(document.includes('<Message>a&lt;/Message&gt;&lt;Code&gt;b</Message>'))
  t.ok(document.includes('<ArgumentValue>]]&gt;&amp;&#11;&#0;</ArgumentValue>'))
  t.ok(document.includes('<Resource>/&lt;script&gt;</Resource>'))
})

t.test("S3's own documents are read", async (t) => {
  t.strictSame(
    readErrorDocument(
      '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AuthorizationHeaderMalformed</Code><Message>The authorization header is malformed; the region &apos;us-east-1&apos; is wrong; expecting &apos;eu-central-1&apos;</Message><Region>eu-central-1</Region><RequestId>R</RequestId><HostId>H</HostId></Error>',
    ),
    {
      code: 'AuthorizationHeaderMalformed',
      message:
        "The authorization header is malformed; the region 'us-east-1' is wrong; expecting 'eu-central-1'",
      region: 'eu-central-1',
      endpoint: undefined,
      bucket: undefined,
      requestId: 'R',
    },
  )
  t.match(
    readErrorDocument(
      '\n \r\n<Error><Code>PermanentRedirect</Code><Message>m</Message><Bucket>b</Bucket><Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint></Error>',
    ),
    { code: 'PermanentRedirect', bucket: 'b', endpoint: 'b.s3.eu-west-1.amazonaws.com' },
  )
  t.match(
    readErrorDocument('<Error><Code>NoSuchBucket</Code><BucketName>b</BucketName></Error>'),
    { code: 'NoSuchBucket', message: '', bucket: 'b' },
    'Ceph sends no message',
  )
})

t.test('anything else is no error document', async (t) => {
  const others = [
    '',
    'Bad Gateway',
    '<html><body>502</body></html>',
    '<CopyObjectResult><ETag>e</ETag></CopyObjectResult>',
    '<Error><Message>m</Message></Error>',
    '<Error><Code></Code></Error>',
    '<Error><Code>A</Code>',
    '<!DOCTYPE x><Error><Code>A</Code></Error>',
    `<Error><Code>A</Code><Message>${'m'.repeat(70_000)}</Message></Error>`,
  ]
  for (const text of others) t.equal(readErrorDocument(text), undefined, text.slice(0, 40))
})

t.test('what is written is read back', async () => {
  const text = fc.string({ unit: 'binary' }).filter((s) => !/[\ufffe\uffff]/.test(s))
  fc.assert(
    fc.property(text, text, (message, resource) => {
      const document = buildErrorDocument(refusal('AccessDenied', 'r', message), {
        ...CONTEXT,
        resource,
      })
      const read = readErrorDocument(document)
      assert.equal(read?.code, 'AccessDenied')
      assert.equal(read?.message, message)
    }),
    { numRuns: 50 },
  )
})

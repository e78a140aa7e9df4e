import t from 'tap'
import { S3Fault } from '../../src/sandbox/fault.ts'
import {
  children,
  childText,
  escapeXml,
  readXml,
  writeError,
  writeXml,
} from '../../src/sandbox/xml.ts'

t.test('a document has a declaration, a namespace and its elements in order', async (t) => {
  t.equal(
    writeXml('Root', [['A', 'x'], undefined, ['B', [['C', 1]]], ['D', true]]),
    '<?xml version="1.0" encoding="UTF-8"?>\n<Root xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><A>x</A><B><C>1</C></B><D>true</D></Root>',
  )
})

t.test('markup and control characters are escaped', async (t) => {
  t.equal(escapeXml('<a & "b">\u000b\r\n'), '&lt;a &amp; &quot;b&quot;&gt;&#11;&#13;\n')
})

t.test('an error document has code, message, extras and ids', async (t) => {
  t.equal(
    writeError(new S3Fault('NoSuchKey', undefined, [['Key', 'a&b']]), 'ID', 'HOST'),
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a&amp;b</Key><RequestId>ID</RequestId><HostId>HOST</HostId></Error>',
  )
})

t.test('what was written is read again', async (t) => {
  const keys = ['a', ' two  blanks ', '1e3', '<&>"', 'tab\tcr\rend', 'ü/日本']
  const document = writeXml(
    'Delete',
    keys.map((key) => ['Object', [['Key', key]]] as const),
  )
  const read = children(readXml(document, 'Delete'), 'Object').map((node) => childText(node, 'Key'))
  t.strictSame(read, keys)
})

t.test('an element without text has the empty text, a missing one has none', async (t) => {
  const root = readXml('<R><A/><B></B></R>', 'R')
  t.equal(childText(root, 'A'), '')
  t.equal(childText(root, 'B'), '')
  t.equal(childText(root, 'C'), undefined)
  t.strictSame(children(root, 'C'), [])
})

t.test('what is no such document is MalformedXML', async (t) => {
  for (const document of [
    '',
    'text',
    '<R>',
    '<R></S>',
    '<Other/>',
    '<!DOCTYPE R [<!ENTITY a "b">]><R>&a;</R>',
    '<R><__proto__>a</__proto__></R>',
  ]) {
    t.throws(() => readXml(document, 'R'), { code: 'MalformedXML' }, document)
  }
})

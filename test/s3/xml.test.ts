import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  buildXml,
  childOf,
  childText,
  escapeXml,
  hasDescendant,
  parseXml,
  XML_DEPTH_MAX,
  XML_TAGS_MAX,
  type XmlElement,
} from '../../src/s3/xml.ts'

const LIMIT = 10_000

function parsed(text: string): XmlElement {
  const result = parseXml(text, LIMIT)
  if (!result.ok) throw new Error(`refused: ${text}`)
  return result.value
}

function reasonOf(text: string, limit = LIMIT): string {
  const result = parseXml(text, limit)
  return result.ok ? 'accepted' : `${result.error.code} ${result.error.reason}`
}

t.test('a document becomes a tree of elements', async (t) => {
  const root = parsed(
    '<?xml version="1.0" encoding="UTF-8"?>\n<A xmlns="http://x/"><B> 1 </B><s:C xmlns:s="y"><D/></s:C><B>2</B></A>\n',
  )
  t.equal(root.name, 'A')
  t.equal(childText(root, 'B'), ' 1 ')
  t.equal(childOf(root, 'C')?.children[0]?.name, 'D', 'prefixes are left out')
  t.equal(childText(root, 'D'), undefined)
  t.ok(hasDescendant(root, 'D'))
  t.notOk(hasDescendant(root, 'A'))
  t.strictSame(
    root.children.map((child) => child.name),
    ['B', 'C', 'B'],
  )
})

t.test('text is decoded once', async (t) => {
  const rows = [
    ['<a>&lt;&gt;&amp;&quot;&apos;</a>', `<>&"'`],
    ['<a>&amp;lt;</a>', '&lt;'],
    ['<a>&#10;&#x41;&#x1F600;</a>', '\nA😀'],
    ['<a>x<![CDATA[<&amp;>]]>y</a>', 'x<&amp;>y'],
    ['<a>x<!-- c -->y</a>', 'xy'],
    ['<a>007</a>', '007'],
    ['<a></a>', ''],
    ['<a>\u00fc日本</a>', 'ü日本'],
  ] as const
  for (const [text, expected] of rows) t.equal(parsed(text).text, expected, text)
})

t.test('what is no strict XML is refused', async (t) => {
  const bad = [
    '',
    'text',
    '<a>',
    '<a></b>',
    '<a><b></a></b>',
    '<a/><b/>',
    '<a/>text',
    'text<a/>',
    '<a></a>text',
    '<a>&nbsp;</a>',
    '<a>& b</a>',
    '<a>&#xd800;</a>',
    '<a>&#x110000;</a>',
    '<a>&#;</a>',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<!DOCTYPE a><a/>',
    '<?xml version="1.0" encoding="UTF-16"?><a/>',
    "<?xml version='1.0' encoding='utf-7'?><a/>",
    '\ufeff<?xml version="1.0" encoding="UTF-16"?><a/>',
    '<?xml version="1.0" encoding="UTF-8" "?><a/><b c="?><a/>',
    '<a><?p x?></a>',
    '<a><?p " ?><b/><?p " ?></a>',
    "<a><?p ' ?><b/><?p ' ?></a>",
    '<a/><?p?>',
    '<__proto__>x</__proto__>',
  ]
  for (const text of bad) t.equal(reasonOf(text), 'MalformedXML xml-malformed', text)
  for (const prolog of [
    '',
    '\ufeff',
    "<?xml version='1.0' encoding='utf-8'?>",
    '\ufeff<?xml version="1.1"?>\n',
    '<?xml version = "1.0" encoding = "UTF-8" standalone="yes" ?>\r\n',
  ]) {
    t.equal(reasonOf(`${prolog}<a/>`), 'accepted', prolog)
  }
})

t.test('size and depth have limits', async (t) => {
  t.equal(reasonOf('<a>12</a>', 9), 'accepted')
  t.equal(reasonOf('<a>123</a>', 9), 'MalformedXML xml-too-large')
  const many = (count: number) => `<a>${'<b/>'.repeat(count - 2)}</a>`
  t.equal(reasonOf(many(XML_TAGS_MAX)), 'accepted')
  for (const [name, text] of [
    ['elements', many(XML_TAGS_MAX + 1)],
    ['elements that are never closed', '<b>'.repeat(XML_TAGS_MAX + 1)],
    ['elements with prefixes', `<a>${'<x:b/>'.repeat(XML_TAGS_MAX)}</a>`],
    ['comments', `<a>${'<!---->'.repeat(XML_TAGS_MAX)}</a>`],
    ['CDATA sections', `<a>${'<![CDATA[]]>'.repeat(XML_TAGS_MAX)}</a>`],
  ] as const) {
    t.equal(reasonOf(text, 20_000), 'MalformedXML xml-too-large', name)
  }
  const nested = (depth: number) => '<a>'.repeat(depth) + '</a>'.repeat(depth)
  t.equal(reasonOf(nested(XML_DEPTH_MAX)), 'accepted')
  t.equal(reasonOf(nested(XML_DEPTH_MAX + 5)), 'MalformedXML xml-malformed')
  const bomb = `<!DOCTYPE a [<!ENTITY a "${'x'.repeat(50)}">]><a>${'&a;'.repeat(100)}</a>`
  t.equal(reasonOf(bomb), 'MalformedXML xml-malformed')
})

t.test('a document is written as S3 writes it', async (t) => {
  t.equal(
    buildXml([
      'PostResponse',
      [
        ['Location', 'http://b/k?a&b'],
        ['Bucket', 'b'],
        ['Empty', ''],
        ['ETag', '"e"'],
      ],
    ]),
    '<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse><Location>http://b/k?a&amp;b</Location><Bucket>b</Bucket><Empty></Empty><ETag>&quot;e&quot;</ETag></PostResponse>',
  )
})

t.test('control characters are escaped as S3 escapes them', async (t) => {
  t.equal(escapeXml('a\vb\0\r\n\x7f\x85'), 'a&#11;b&#0;&#13;&#10;&#127;&#133;')
  t.equal(escapeXml(`<'">&`), '&lt;&apos;&quot;&gt;&amp;')
  t.equal(escapeXml('a\ud800b\uffff😀'), 'a\ufffdb\ufffd😀')
  t.equal(escapeXml('plain ü'), 'plain ü')
})

t.test('any text survives writing and reading', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      if (/[\ufffe\uffff]/.test(text)) return
      assert.equal(childText(parsed(buildXml(['A', [['B', text]]])), 'B'), text)
    }),
    { numRuns: 100 },
  )
})

t.test('no text makes the parser throw', async () => {
  const text = fc.string({
    unit: fc.constantFrom('<', '>', '/', 'a', '&', ';', '#', '!', '[', '?', '"', '=', ' ', '-'),
  })
  fc.assert(
    fc.property(text, (s) => {
      parseXml(s, LIMIT)
      parseXml(`<a>${s}</a>`, LIMIT)
    }),
    { numRuns: 200 },
  )
})

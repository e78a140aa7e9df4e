import fc from 'fast-check'
import t from 'tap'
import { readDeletion } from '../../src/s3/deletion.ts'
import { buildXml, childText, parseXml, type XmlNode } from '../../src/s3/xml.ts'

const NONE = { versionId: undefined, code: undefined }

const DOCUMENTS: readonly (readonly [name: string, text: string, found: unknown])[] = [
  ['a > in an attribute', '<Delete><Object><Key xmlns:a=">x">y</Key></Object></Delete>', undefined],
  ['an entry of an answer', '<Delete><Deleted><Key>ghost</Key></Deleted></Delete>', undefined],
  ['an unknown element', '<Delete><Entry><Key>x</Key></Entry></Delete>', undefined],
  [
    'as the SDKs write it',
    '<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a b</Key></Object><Object><Key>c</Key><VersionId>v</VersionId></Object><Quiet>true</Quiet></Delete>',
    [
      { ...NONE, key: 'a b' },
      { ...NONE, key: 'c', versionId: 'v' },
    ],
  ],
  [
    'with a declaration, a prefix, lines and empty fields',
    '\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<s:Delete xmlns:s="x">\n  <s:Object>\n    <s:Key>a&amp;&#x20;b</s:Key>\n    <s:VersionId/>\n  </s:Object>\n  <s:Quiet/>\n</s:Delete >\n',
    [{ ...NONE, key: 'a& b' }],
  ],
  [
    'a key with spaces around',
    '<Delete><Object><Key> a </Key></Object></Delete>',
    [{ ...NONE, key: ' a ' }],
  ],
  ['none', '<Delete/>', []],
  ['none, in two tags', '<Delete></Delete>', []],
  ['another root', '<Remove><Object><Key>a</Key></Object></Remove>', undefined],
  ['a comment', '<Delete><!-- <Object> --></Delete>', undefined],
  ['CDATA', '<Delete><Object><Key><![CDATA[a]]></Key></Object></Delete>', undefined],
  ['a DOCTYPE', '<!DOCTYPE Delete><Delete/>', undefined],
  ['two keys in one', '<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>', undefined],
  ['no key', '<Delete><Object><VersionId>a</VersionId></Object></Delete>', undefined],
  ['an end that is missing', '<Delete><Object><Key>a</Key></Object>', undefined],
  ['another end', '<Delete><Object><Key>a</Object></Key></Delete>', undefined],
  ['text behind', '<Delete/>x', undefined],
  ['an unknown entity', '<Delete><Object><Key>&x;</Key></Object></Delete>', undefined],
  ['nothing', '', undefined],
  [
    'more than S3 takes',
    `<Delete>${'<Object><Key>a</Key></Object>'.repeat(1001)}</Delete>`,
    undefined,
  ],
]

for (const [name, text, found] of DOCUMENTS) {
  t.test(`objects to delete: ${name}`, async (t) => {
    t.strictSame(readDeletion(text, 'Delete'), found)
  })
}

t.test('an answer says which were not deleted', async (t) => {
  const text =
    '<?xml version="1.0" encoding="UTF-8"?>\n<DeleteResult><Deleted><Key>a</Key><DeleteMarker>true</DeleteMarker></Deleted><Error><Key>b</Key><Code>AccessDenied</Code><Message>no</Message></Error></DeleteResult>'
  t.strictSame(readDeletion(text, 'DeleteResult'), [
    { ...NONE, key: 'a' },
    { ...NONE, key: 'b', code: 'AccessDenied' },
  ])
})

t.test('what it reads is what a parser of XML reads', async () => {
  const key = fc.string({ unit: 'binary', minLength: 1 }).filter((s) => !/[\ufffe\uffff]/.test(s))
  const object = fc.record({
    key,
    versionId: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
  })
  fc.assert(
    fc.property(fc.array(object, { maxLength: 5 }), (objects) => {
      const nodes = objects.map(({ key: name, versionId }): XmlNode => {
        const version: readonly XmlNode[] =
          versionId === undefined ? [] : [['VersionId', versionId]]
        return ['Object', [['Key', name], ...version]]
      })
      const text = buildXml(['Delete', nodes])
      const parsed = parseXml(text, 1_000_000)
      if (!parsed.ok) throw new Error(text)
      const expected = parsed.value.children.map((child) => [
        childText(child, 'Key'),
        childText(child, 'VersionId'),
      ])
      const read = readDeletion(text, 'Delete')?.map((entry) => [entry.key, entry.versionId])
      return JSON.stringify(read) === JSON.stringify(expected)
    }),
    { numRuns: 100 },
  )
})

t.test(
  'a document that is changed anywhere is read as a parser reads it, or not at all',
  async () => {
    const text =
      '<Delete xmlns="urn:x"><Object><Key>a</Key></Object><Object><Key>b</Key></Object></Delete>'
    const put = fc.constantFrom('<', '>', '/', '&', ' ', 'x', '', '"', "'", ' a=">"', " a='>\"'")
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.boolean(), put, (at, replaces, piece) => {
        const changed = text.slice(0, at) + piece + text.slice(replaces ? at + 1 : at)
        const read = readDeletion(changed, 'Delete')
        if (read === undefined) return true
        const parsed = parseXml(changed, 1000)
        if (!parsed.ok) return false
        const objects = parsed.value.children.filter(({ name }) => name === 'Object')
        const keys = objects.map((child) => childText(child, 'Key'))
        return JSON.stringify(read.map(({ key }) => key)) === JSON.stringify(keys)
      }),
      { numRuns: 1000 },
    )
  },
)

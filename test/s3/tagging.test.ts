import t from 'tap'
import { parseTaggingDocument, parseTaggingHeader } from '../../src/s3/tagging.ts'

const HEADERS: readonly (readonly [string, Readonly<Record<string, string>> | undefined])[] = [
  ['', {}],
  ['team=a', { team: 'a' }],
  ['team=a&env=prod', { team: 'a', env: 'prod' }],
  ['team=a&', { team: 'a' }],
  ['team', { team: '' }],
  ['team=a=b', { team: 'a=b' }],
  ['te%61m=a+b%20c', { team: 'a b c' }],
  ['team=%C3%A9', { team: 'é' }],
  ['team=a&team=b', undefined],
  ['team=a&te%61m=b', undefined],
  ['team=%zz', undefined],
  ['team=%ff', undefined],
]

for (const [value, expected] of HEADERS) {
  t.test(`the header ${value}`, async (t) => {
    const tags = parseTaggingHeader(value)
    t.strictSame(tags === undefined ? undefined : Object.fromEntries(tags), expected)
  })
}

const TAG = '<Tag><Key>team</Key><Value>a</Value></Tag>'
const DOCUMENT = `<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet>${TAG}</TagSet></Tagging>`

t.test('a document has its tags', async (t) => {
  const tags = (text: string) => {
    const parsed = parseTaggingDocument(text)
    return parsed.ok ? Object.fromEntries(parsed.value) : parsed.error.reason
  }
  t.strictSame(tags(DOCUMENT), { team: 'a' })
  t.strictSame(tags(DOCUMENT.replace('team', 't&#101;am')), { team: 'a' })
  t.strictSame(tags(DOCUMENT.replace('<Value>a</Value>', '')), { team: '' })
  t.strictSame(tags('<Tagging><TagSet/></Tagging>'), {})
  for (const odd of [
    DOCUMENT.replace(TAG, TAG + TAG),
    DOCUMENT.replace('</TagSet>', `</TagSet><TagSet>${TAG}</TagSet>`),
    DOCUMENT.replace('<Key>team</Key>', '<Key>team</Key><Key>env</Key>'),
    DOCUMENT.replace('<Key>team</Key>', '<key>team</key>'),
    DOCUMENT.replace('<Key>', '<Key><!-- -->'),
    DOCUMENT.replace('team', '<![CDATA[team]]>'),
    DOCUMENT.replace(TAG, `${TAG}<Other/>`),
    DOCUMENT.replaceAll('Tagging', 'Tags'),
    '<Tagging/>',
    '',
  ]) {
    t.equal(tags(odd), 'xml-malformed', odd)
  }
})

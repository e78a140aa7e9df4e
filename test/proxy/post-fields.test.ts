import t from 'tap'
import type { EncryptionEdit } from '../../src/policy/decision.ts'
import {
  buildPostAnswer,
  type PostAnswerFacts,
  upstreamFields,
} from '../../src/proxy/post-fields.ts'
import { answerHead } from '../../src/upstream/upstream-answer.ts'

const SSE = 'x-amz-server-side-encryption'
const KEEP: EncryptionEdit = { kind: 'keep' }
const SET: EncryptionEdit = {
  kind: 'set',
  headers: [SSE, 'aws:kms', `${SSE}-aws-kms-key-id`, 'k'],
  sourceKeys: false,
}

function fieldsOf(names: Readonly<Record<string, string>>, edit: EncryptionEdit = KEEP) {
  const fields = Object.entries(names).map(([name, value]) => ({
    name,
    key: name.toLowerCase(),
    value,
  }))
  const obligation = { encryption: edit, guards: undefined }
  return upstreamFields(fields, 'the key', obligation).map(({ name, value }) => `${name}=${value}`)
}

t.test(
  'the key as it was judged, then what means something to S3, then the wish for a 201',
  async (t) => {
    t.strictSame(
      fieldsOf({
        key: 'other',
        'Content-Type': 'text/plain',
        acl: 'private',
        'x-amz-meta-a': 'b',
        'x-ignore-c': 'd',
        submit: 'Upload',
      }),
      [
        'key=the key',
        'Content-Type=text/plain',
        'acl=private',
        'x-amz-meta-a=b',
        'success_action_status=201',
      ],
    )
  },
)

t.test('what speaks of the answer or the address stays here', async (t) => {
  t.strictSame(
    fieldsOf({
      bucket: 'x',
      Redirect: 'https://a.example/',
      success_action_redirect: 'https://a.example/',
      Success_Action_Status: '200',
    }),
    ['key=the key', 'success_action_status=201'],
  )
})

t.test('a name that could be read as another one’s spelling stays here', async (t) => {
  const spelt = {
    'x-amz-server_side_encryption': 'AES256',
    'X-Amz-Server-Side_Encryption': 'AES256',
    x_amz_server_side_encryption: 'AES256',
    'x-amz-server-side-encryption ': 'AES256',
    'x-amz-server.side.encryption': 'AES256',
    'x-amz-server-side-encryption\u00ad': 'AES256',
    'x-amz-acl_': 'public-read',
    content_type: 'text/html',
    'content-type_': 'text/html',
    success_action_other: '1',
  }
  t.strictSame(fieldsOf(spelt).slice(1, -1), [])
  t.strictSame(fieldsOf(spelt, SET).slice(1, -3), [])
  const metadata = { 'x-amz-meta-a_b': '1', 'X-Amz-Meta-ü': '2', 'x-amz-meta-a.b': '3' }
  t.strictSame(fieldsOf(metadata).slice(1, -1), [
    'x-amz-meta-a_b=1',
    'X-Amz-Meta-ü=2',
    'x-amz-meta-a.b=3',
  ])
})

t.test('encryption: kept, taken off, or set', async (t) => {
  const asked = { [SSE.toUpperCase()]: 'AES256', [`${SSE}-customer-key`]: 'c' }
  t.strictSame(fieldsOf(asked).slice(1, -1), [
    `${SSE.toUpperCase()}=AES256`,
    `${SSE}-customer-key=c`,
  ])
  const strip = { kind: 'strip', ownHeaders: true, customerKeys: true, sourceKeys: true } as const
  t.strictSame(fieldsOf(asked, strip).slice(1, -1), [])
  t.strictSame(fieldsOf(asked, SET).slice(1, -1), [`${SSE}=aws:kms`, `${SSE}-aws-kms-key-id=k`])
})

const LOCATION = 'http://s3.corp.example:8080/bucket/a%20key/%C3%BC%26%3C'

const FACTS: PostAnswerFacts = {
  resource: { bucket: 'bucket', key: 'a key/ü&<', style: 'path' },
  location: LOCATION,
  successStatus: undefined,
  successRedirect: undefined,
  upstreamDocument: '<PostResponse/>',
  upstreamHead: answerHead(201, [
    ...['ETag', '"e"', 'Location', 'http://s3/bucket/x', 'Content-Length', '9'],
    ...['Content-Type', 'application/xml', 'x-amz-version-id', 'v'],
  ]),
}

function answerOf(change: Partial<PostAnswerFacts> = {}) {
  const { head, body } = buildPostAnswer({ ...FACTS, ...change })
  const headers: Record<string, string> = {}
  for (let i = 0; i < head.headers.length; i += 2) {
    t.notOk(Object.hasOwn(headers, head.headers[i] ?? ''), 'no field twice')
    headers[head.headers[i] ?? ''] = head.headers[i + 1] ?? ''
  }
  return { status: head.status, headers, body: body.toString() }
}

t.test('status 204 has our own Location and S3’s other fields', async (t) => {
  t.strictSame(answerOf(), {
    status: 204,
    headers: { etag: '"e"', 'x-amz-version-id': 'v', location: LOCATION },
    body: '',
  })
})

t.test('the status that is asked for, where S3 knows it', async (t) => {
  t.match(answerOf({ successStatus: '200' }), { status: 200, headers: { 'content-length': '0' } })
  for (const successStatus of ['204', '', '202', '301', '2O1', ' 201']) {
    t.equal(answerOf({ successStatus }).status, 204, successStatus)
  }
})

t.test('status 201 has a document with the Location, bucket, key and ETag', async (t) => {
  const { status, headers, body } = answerOf({ successStatus: '201' })
  t.equal(status, 201)
  t.equal(headers['content-type'], 'application/xml')
  t.equal(headers['content-length'], String(Buffer.byteLength(body)))
  t.match(body, `<PostResponse><Location>${LOCATION.replaceAll('&', '&amp;')}</Location>`)
  t.match(body, '<Bucket>bucket</Bucket><Key>a key/ü&amp;&lt;</Key>')
  t.match(body, /<ETag>(&quot;|")e(&quot;|")<\/ETag><\/PostResponse>/)
})

t.test('a redirect wins over a status', async (t) => {
  const redirected = (successRedirect: string) =>
    answerOf({ successRedirect, successStatus: '201' })
  const appended = 'bucket=bucket&key=a%20key%2F%C3%BC%26%3C&etag=%22e%22'
  t.match(redirected('https://a.example/done'), {
    status: 303,
    headers: { location: `https://a.example/done?${appended}`, 'content-length': '0' },
    body: '',
  })
  t.match(redirected('HTTP://a.example/?x=1'), {
    headers: { location: `HTTP://a.example/?x=1&${appended}` },
  })
  for (const [asked, expected] of [
    ['https://a.example', `https://a.example?${appended}`],
    ['https://a.example/ok#done', `https://a.example/ok?${appended}#done`],
    ['https://a.example/?a=1#f', `https://a.example/?a=1&${appended}#f`],
    ['https://a.example/?#f', `https://a.example/?${appended}#f`],
    ['https://a.example/?', `https://a.example/?${appended}`],
    ['https://a.example/?a=1&', `https://a.example/?a=1&${appended}`],
    ['https://a.example/#a?b&c', `https://a.example/?${appended}#a?b&c`],
    ['https://a.example/#', `https://a.example/?${appended}#`],
    ['https://a.example/#a#b', `https://a.example/?${appended}#a#b`],
    [
      'https://a.example/%7E/../x?q=%20+|{}#%41',
      `https://a.example/%7E/../x?q=%20+|{}&${appended}#%41`,
    ],
    ['https://u:p@A.example:443/?bucket=x', `https://u:p@A.example:443/?bucket=x&${appended}`],
  ] as const) {
    t.equal(redirected(asked).headers['location'], expected, `${asked}: no other byte changes`)
  }
  for (const spoilt of [
    '',
    '/done',
    'javascript:alert(1)',
    'ftp://a',
    'https://a\r\nx: y',
    'https://ü',
  ]) {
    t.equal(redirected(spoilt).status, 201, `${JSON.stringify(spoilt)} is none`)
  }
})

t.test('a silent S3 gives an empty ETag, not none', async (t) => {
  t.match(
    answerOf({ upstreamHead: answerHead(201, []), successStatus: '201' }).body,
    /<ETag ?\/>|<ETag><\/ETag>/,
  )
  const upstreamDocument = '<PostResponse><Key>k</Key><ETag>9dd4</ETag></PostResponse>'
  const fromDocument = answerOf({
    upstreamHead: answerHead(201, []),
    upstreamDocument,
    successStatus: '201',
  })
  t.match(fromDocument.body, '<ETag>9dd4</ETag>', 'as Ceph RGW tells it')
})

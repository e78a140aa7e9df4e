import { type Draft, type Edit, encode, newDraft, type Pair, type Subject } from './draft.ts'
import type { Random } from './random.ts'
import { APP, CLIENTS, FOREIGN_KEY, HR_KEY, KEY, NARROW } from './world.ts'

/*
 * Requests that a client may send, and edits that make others of them: pure and seeded, so that other
 * tests can draw from them too.
 */

const SSE = 'x-amz-server-side-encryption'

const KEYS = [
  ...[
    'k',
    'k',
    'k',
    'a/b',
    'hr/pay',
    'a b',
    'a+b',
    "~*()!'",
    '\xc3\xa4',
    'k;v',
    'k=v',
    'k&v',
    'k?v',
  ],
  ...['..', '.', '../other/k', 'hr/../k', '/k', 'k/', 'k//v', '%2F', 'uploads', 'k#v', 'k:v', '"'],
  ...['k'.repeat(1024), '\xe2\x82\xac', 'HR/pay', 'hr', 'hr%2Fpay', ' ', '\\', 'x\ty', '@', 'k,v'],
] as const

const BUCKETS = ['bucket', 'bucket', 'bucket', 'bucket', 'free', 'other'] as const

/** A raw path of a bucket and key, percent-encoded in one of the ways that mean the same. */
function pathOf(random: Random, bucket: string, key: string): string {
  const path = encode(key, true)
  if (!random.chance(15)) return `/${bucket}/${path}`
  return `/${bucket}/${respell(random, path)}`
}

/** Other escapes for the same bytes: lower-case hex, an escape that nobody needs. */
function respell(random: Random, text: string): string {
  switch (random.below(3)) {
    case 0:
      return text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())
    case 1:
      return text.replace(/[A-Za-z]/, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    default:
      return text.replace(/%(20|2B|3A|40|2C|21|27|28|29|2A)/g, decodeURIComponent)
  }
}

/** Edits write on pairs. */
function copyOf(query: readonly Pair[]): Pair[] {
  return query.map(([name, value]) => [name, value])
}

type Base = (random: Random, bucket: string, key: string) => Partial<Draft>

const XML = (name: string, content = '') => Buffer.from(`<${name}>${content}</${name}>`)
const COMPLETE = XML(
  'CompleteMultipartUpload',
  '<Part><PartNumber>1</PartNumber><ETag>"e"</ETag></Part>',
)

/** A request to an object with a literal query. */
const onObject =
  (method: string, query: readonly Pair[] = [], body?: Buffer): Base =>
  (random, bucket, key) => ({
    method,
    path: pathOf(random, bucket, key),
    query: copyOf(query),
    ...(body && { body }),
  })

const onBucket =
  (method: string, query: readonly Pair[] = [], body?: Buffer): Base =>
  (_, bucket) => ({ method, path: `/${bucket}`, query: copyOf(query), ...(body && { body }) })

const put: Base = (random, bucket, key) => ({
  path: pathOf(random, bucket, key),
  body: random.bytes(random.pick([0, 1, 5, 5, 100, 1000, 5000])),
  payloadHash: random.pick(['hash', 'hash', 'unsigned']),
  fields: random.chance(50) ? [['content-type', 'text/plain']] : [],
})

const copy: Base = (random, bucket, key) => ({
  path: pathOf(random, bucket, key),
  fields: [['x-amz-copy-source', random.pick(COPY_SOURCES)]],
})

const COPY_SOURCES = [
  ...['/bucket/k', 'bucket/k', '/bucket/a%20b', '/other/k', 'free/k', '/bucket/k?versionId=v1'],
  ...[
    'bucket%2Fk',
    '/bucket/../other/k',
    '%2Fbucket%2Fk',
    'bucket/a+b',
    '//bucket/k',
    '/other%2Fk',
  ],
  ...[
    'bucket/%C3%A4',
    'bucket/\xc3\xa4',
    '/bucket/k?versionId=',
    'other/k?x=/bucket/k',
    '/Bucket/k',
  ],
  ...['arn:aws:s3:us-east-1:111122223333:accesspoint/ap/object/k', 'bucket', '/bucket/', '', '/'],
  ...[
    'https://other/k',
    'bucket/k?versionId=a&versionId=b',
    'bucket/%00',
    'bucket/%zz',
    '/./other/k',
  ],
] as const

const PART: readonly Pair[] = [
  ['partNumber', '1'],
  ['uploadId', 'u1'],
]

/** Each as often as it stands here. */
const BASES: readonly Base[] = [
  ...[put, put, put, put, put, put, copy, copy, copy],
  ...[onObject('POST', [['uploads', undefined]]), onObject('POST', [['uploads', '']])],
  onObject('PUT', PART, Buffer.from('part')),
  (random, bucket, key) => ({ ...copy(random, bucket, key), query: copyOf(PART) }),
  onObject('POST', [['uploadId', 'u1']], COMPLETE),
  onObject('DELETE', [['uploadId', 'u1']]),
  ...[onObject('GET'), onObject('GET'), onObject('HEAD'), onObject('HEAD'), onObject('DELETE')],
  onObject('GET', [['versionId', 'v1']]),
  ...[onObject('GET', [['acl', undefined]]), onObject('PUT', [['acl', undefined]], XML('A'))],
  onObject('PUT', [['tagging', '']], XML('Tagging')),
  onObject('GET', [['uploadId', 'u1']]),
  onObject('POST', [['restore', undefined]], XML('RestoreRequest', '<Days>1</Days>')),
  ...[onBucket('GET'), onBucket('HEAD'), onBucket('PUT'), onBucket('DELETE')],
  onBucket('GET', [
    ['list-type', '2'],
    ['prefix', 'a+b'],
  ]),
  onBucket('POST', [['delete', undefined]], XML('Delete', '<Object><Key>k</Key></Object>')),
  onBucket('GET', [['uploads', undefined]]),
  onBucket('GET', [['encryption', undefined]]),
  onBucket('PUT', [['versioning', undefined]], XML('VersioningConfiguration')),
  () => ({ method: 'GET', path: '/' }),
  (random, bucket, key) => ({
    method: 'OPTIONS',
    path: pathOf(random, bucket, key),
    auth: 'none',
    fields: [
      ['Origin', 'https://a.example'],
      ['Access-Control-Request-Method', 'PUT'],
    ],
  }),
  // What is closed, or was never open.
  ...[
    onBucket('PUT', [['encryption', undefined]], XML('a')),
    onBucket('DELETE', [['encryption', '']]),
  ],
  onObject('PUT', [['encryption', undefined]], XML('a')),
  (random, bucket, key) => ({
    path: pathOf(random, bucket, key),
    query: [['renameObject', undefined]],
    fields: [['x-amz-rename-source', '/bucket/a']],
  }),
  onBucket('GET', [['session', undefined]]),
  onObject(
    'PUT',
    [
      ['annotation', undefined],
      ['annotationName', 'a'],
    ],
    Buffer.from('x'),
  ),
  onBucket('PUT', [['replication', undefined]], XML('a')),
  onBucket('PUT', [['logging', undefined]], XML('a')),
  onBucket(
    'PUT',
    [
      ['inventory', undefined],
      ['id', '1'],
    ],
    XML('a'),
  ),
  onBucket('POST', [['metadataTable', undefined]], XML('a')),
  onObject(
    'POST',
    [
      ['select', undefined],
      ['select-type', '2'],
    ],
    XML('a'),
  ),
  onObject('POST', [['restore', '']], XML('RestoreRequest', '<OutputLocation/>')),
  () => ({
    method: 'POST',
    path: '/WriteGetObjectResponse',
    fields: [
      ['x-amz-request-route', 'r'],
      ['x-amz-request-token', 't'],
    ],
  }),
]

/** A request that its client signed as it should; whether it is allowed is another question. */
export function drawRequest(random: Random): Draft {
  const bucket = random.pick(BUCKETS)
  const key = random.pick(KEYS)
  const draft = newDraft(random.pick(BASES)(random, bucket, key))
  if (random.chance(20)) draft.signer = random.pick(CLIENTS)
  return draft
}

/** A PutObject, for modes that are about its body. */
export function drawUpload(random: Random): Draft {
  return newDraft(put(random, random.pick(BUCKETS), random.pick(KEYS)))
}

/** The edits that fit any request. */
export function drawEdit(random: Random): Edit {
  return random.pick(EDITS)(random)
}

type Maker = (random: Random) => Edit

/** An edit of the draft: before it is signed, or, one time in five, behind its back. */
function edit(random: Random, name: string, apply: (draft: Draft) => void): Edit {
  const at = random.chance(20) ? 'tamper' : 'draft'
  return {
    name: at === 'draft' ? name : `${name}, behind the signature`,
    at,
    apply: ({ draft }) => apply(draft),
  }
}

const SSE_NAMES = [
  ...[SSE, SSE, SSE, `${SSE}-aws-kms-key-id`, `${SSE}-context`, `${SSE}-bucket-key-enabled`],
  ...[`${SSE}-customer-algorithm`, `${SSE}-customer-key`, `${SSE}-customer-key-MD5`],
  ...['X-Amz-Server-Side-Encryption', 'x_amz_server_side_encryption', `${SSE}-aws_kms_key_id`],
  ...['x-amz-server-side_encryption', `${SSE}s`, `${SSE}-`, `${SSE}-aws-bucket-key-enabled`],
  ...[`x-amz-copy-source-server-side-encryption-customer-algorithm`, `x-amz-meta-${SSE}`],
  ...[
    'X-AMZ-SERVER-SIDE-ENCRYPTION',
    'x-amz-server-side-encryption.',
    'x-amz-server-side-encryption~',
  ],
] as const

const SSE_VALUES = [
  ...[
    'AES256',
    'AES256',
    'aws:kms',
    'aws:kms:dsse',
    'aws:fsx',
    '',
    'none',
    'AWS:KMS',
    'aws:kms, AES256',
  ],
  ...[
    KEY,
    HR_KEY,
    FOREIGN_KEY,
    'alias/mine',
    'true',
    'false',
    'eyJhIjoiYiJ9',
    'eA==',
    'aws:kms\t',
    '*',
  ],
] as const

const FIELDS: readonly (readonly [string, string])[] = [
  ['x-amz-acl', 'private'],
  ['x-amz-meta-a', '\xc3\xa4 \xff'],
  ['x-amz-meta-b', '  two   blanks\t'],
  ['x-amz-meta-c', ''],
  ['x-amz-meta_d', 'underscore'],
  ['x_amz_copy_source', '/other/k'],
  ['x-amz-copy_source', '/other/k'],
  ['x-amz-tagging', 'a=b&c=d'],
  ['x-amz-storage-class', 'STANDARD'],
  ['x-amz-metadata-directive', 'REPLACE'],
  ['x-amz-object-attributes', 'ETag'],
  ['x-amz-rename-source', '/bucket/a'],
  ['x-amz-write-offset-bytes', '5'],
  ['x-amz-meta-snowball-auto-extract', 'true'],
  ['x-amz-account-id', '111122223333'],
  ['x-amz-security-token', 'nobodys-token'],
  ['x-amz-s3session-token', 'nobodys-token'],
  ['x-amz-decoded-content-length', '5'],
  ['x-amz-trailer', 'x-amz-checksum-crc32'],
  ['x-amz-checksum-crc32', 'AAAAAA=='],
  ['x-amz-sdk-checksum-algorithm', 'CRC32'],
  ['x-amz-website-redirect-location', '/a'],
  ['x-amz-expected-bucket-owner', '111122223333'],
  ['x-amz-request-payer', 'requester'],
  ['x-amz-new-in-2030', 'who knows'],
  ['x-amz-content-sha256', 'UNSIGNED-PAYLOAD'],
  ['x-amz-date', '20260101T000000Z'],
  ['Date', 'Thu, 01 Jan 2026 00:00:00 GMT'],
  ['If-None-Match', '*'],
  ['If-Match', '"e"'],
  ['Range', 'bytes=0-0'],
  ['Content-MD5', 'x'],
  ['Content-Encoding', 'gzip, aws-chunked'],
  ['Content-Encoding', 'aws-chunked'],
  ['Content-Type', 'multipart/form-data; boundary=b'],
  ['Content-Type', 'application/xml'],
  ['Cache-Control', 'no-store'],
  ['Content-Disposition', 'attachment; filename="\xc3\xa4"'],
  ['Cookie', 'a=b'],
  ['X-HTTP-Method-Override', 'PUT'],
  ['X-HTTP-Method', 'DELETE'],
  ['X-Method-Override', 'PUT'],
  ['X-Forwarded-Host', 'other.s3.fuzz.test'],
  ['X-Forwarded-For', '10.0.0.1'],
  ['X-Original-URL', '/other/k'],
  ['X-Rewrite-URL', '/other/k'],
  ['Forwarded', 'host=other'],
  ['Destination', '/other/k'],
  ['Expect', '100-continue'],
  ['Expect', 'something'],
  ['Upgrade', 'h2c'],
  ['TE', 'trailers'],
  ['Trailer', SSE],
  ['Keep-Alive', 'max=1'],
  ['Proxy-Connection', 'keep-alive'],
  ['Proxy-Authorization', 'Basic eDp5'],
  ['Authorization', 'Basic eDp5'],
  ['Connection', `close, ${SSE}`],
  ['Connection', `${SSE}-aws-kms-key-id, authorization, host, x-amz-date`],
  ['Connection', 'x-amz-copy-source'],
  ['Connection', 'upgrade'],
  ['Connection', 'content-length'],
  ['Origin', 'https://a.example'],
  ['Sec-Fetch-Site', 'cross-site'],
]

const PARAMETERS: readonly Pair[] = [
  ['uploads', undefined],
  ['uploads', ''],
  ['upload%73', undefined],
  ['%75ploads', ''],
  ['UPLOADS', undefined],
  ['uploads ', undefined],
  ['uploads%20', undefined],
  ['uploads%00', undefined],
  ['uploadId', 'u1'],
  ['uploadId', ''],
  ['uploadid', 'u1'],
  ['partNumber', '1'],
  ['partNumber', '0'],
  ['partNumber', '10001'],
  ['acl', undefined],
  ['acl', 'x'],
  ['tagging', undefined],
  ['%74agging', undefined],
  ['versionId', 'v1'],
  ['versionId', '%0d%0aX: y'],
  ['encryption', undefined],
  ['encryptio%6e', undefined],
  ['Encryption', undefined],
  ['retention', undefined],
  ['legal-hold', undefined],
  ['delete', undefined],
  ['restore', undefined],
  ['select', undefined],
  ['select-type', '2'],
  ['annotation', undefined],
  ['renameObject', undefined],
  ['rename%4fbject', undefined],
  ['session', undefined],
  ['append', undefined],
  ['position', '0'],
  ['torrent', undefined],
  ['attributes', undefined],
  ['policy', undefined],
  ['replication', undefined],
  ['inventory', undefined],
  ['logging', undefined],
  ['id', '1'],
  ['list-type', '2'],
  ['list-type', '1'],
  ['prefix', '%C3%A4+b'],
  ['prefix', '%ff'],
  ['prefix', '%zz'],
  ['x-id', 'PutObject'],
  ['x-id', 'GetObject'],
  ['response-content-type', 'text%2Fhtml'],
  ['response-expires', 'x'],
  ['newthing', undefined],
  ['newthing', '1'],
  ['x-tracking', '1'],
  ['utm_source', 'a'],
  ['', 'v'],
  ['', undefined],
  ['a;uploads', undefined],
  ['a', '1;acl'],
  ['a', 'b#c'],
  [`${SSE}`, 'AES256'],
  ['X-Amz-Server-Side-Encryption', 'AES256'],
  [`${SSE}-customer-algorithm`, 'AES256'],
  ['x-amz-copy-source', 'other%2Fk'],
  ['X-Amz-Acl', 'public-read'],
  ['x-amz-meta-q', '1'],
  ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
  ['X-Amz-Signature', '0'.repeat(64)],
  ['X-Amz-Security-Token', 'nobodys-token'],
  ['AWSAccessKeyId', 'a'],
  ['_method', 'PUT'],
]

const PATHS = [
  ...['/', '//', '//bucket/k', '/bucket//k', '/bucket', '/bucket/', '/bucket%2Fk', '/%62ucket/k'],
  ...[
    '/bucket/../other/k',
    '/bucket/..%2Fother/k',
    '/../bucket/k',
    '/./bucket/k',
    '/other/../bucket/k',
  ],
  ...[
    '/bucket/%2e%2e/other/k',
    '/bucket/%00',
    '/bucket/%zz',
    '/bucket/%',
    '/bucket/%ff',
    '/BUCKET/k',
  ],
  ...[
    '/bucket/\xc3\xa4',
    '/bucket/\xff',
    '/bucket;x/k',
    '/bucket/k;x',
    '*',
    'bucket/k',
    '/bucket\\k',
  ],
  ...[
    'http://127.0.0.1/bucket/k',
    'http://other.s3.fuzz.test/k',
    'https://s3.amazonaws.com/other/k',
  ],
  ...['/v20180820/jobs', '/soap', '/WriteGetObjectResponse', '/bucket/k#f', '/other/k', '/hr/k'],
  ...[
    '/ap-1234567890abcdef-s3alias/k',
    '/bucket--use1-az4--x-s3/k',
    '/arn%3Aaws%3As3/k',
    '/free/k',
  ],
] as const

const HOSTS = [
  ...['bucket.s3.fuzz.test', 'other.s3.fuzz.test', 's3.fuzz.test', 'S3.FUZZ.TEST', 's3.fuzz.test.'],
  ...[
    'bucket.localhost',
    'hr.bucket.s3.fuzz.test',
    'evil.example',
    '127.0.0.1',
    '127.0.0.1:80',
    '',
  ],
  ...[
    '127.0.0.1.',
    'bucket.127.0.0.1',
    '.s3.fuzz.test',
    'bucket..s3.fuzz.test',
    '127.0.0.1, other',
    '[::1]',
  ],
  ...[
    '127.0.0.1:99999',
    'bucket.s3.fuzz.test:443',
    'xs3.fuzz.test',
    '127.0.0.1/other',
    'a@127.0.0.1',
  ],
] as const

const METHODS = [
  ...['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'get', 'Put'],
  ...['PROPFIND', 'COPY', 'MOVE', 'LOCK', 'REPORT', 'QUERY', 'SOURCE', 'PURGE'],
] as const

const HASHES = [
  ...[
    'unsigned',
    undefined,
    'hash',
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  ],
  ...[
    'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'unsigned-payload',
    '',
  ],
  ...[
    'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD',
    'UNSIGNED-PAYLOAD ',
    'STREAMING-SIGNED-EVENT',
    'x',
  ],
] as const

/** Lines that two parsers may read in two ways, or that none should read at all. */
const ODD_LINES = [
  ...[
    ` folded: ${SSE}`,
    '\tfolded',
    'Transfer-Encoding : chunked',
    'Content-Length : 3',
    'NoColon',
    ': v',
  ],
  ...[
    'Content-Length: 0',
    'Content-Length: 3',
    'Content-Length: +3',
    'Content-Length: 3, 3',
    'a b: c',
  ],
  ...[
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: identity',
    'Transfer-Encoding: chunked, identity',
  ],
  ...['Transfer-Encoding: xchunked', 'Transfer-Encoding:\tchunked', 'Transfer-Encoding: CHUNKED'],
  ...[
    'Host: other.s3.fuzz.test',
    'host: 127.0.0.1',
    'X-A: b\rX-B: c',
    'X-A: b\nX-B: c',
    'X-A: \x00',
  ],
  ...[
    `X-A: b\r\n${SSE}: AES256`,
    `${SSE}:AES256`,
    `${SSE}\t: AES256`,
    'x-amz-copy-source: /other/k',
  ],
  ...[
    'x-amz-date: 20260101T000000Z',
    'Content-Length: 0x3',
    'Content-Length: ',
    'X-A: \x7f',
    '\x00: a',
  ],
  ...[
    'Upgrade: websocket',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    'Connection: close',
    '\xff: a',
    'X-A: ',
  ],
] as const

const SMUGGLED = [
  'GET /bucket/smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
  'PUT /other/smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\nx',
  '0\r\n\r\nGET /bucket/smuggled HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
  '\r\n\r\n',
  '\r\n',
  'x',
  '0\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
] as const

const addField: Maker = (random) => {
  const [name, value] = random.pick(FIELDS)
  const isSigned = random.chance(70)
  return edit(random, `field ${name}${isSigned ? '' : ', not signed'}`, (draft) => {
    draft.fields.push([name, value])
    if (!isSigned) draft.unsigned.add(name.toLowerCase())
  })
}

const addEncryption: Maker = (random) => {
  const name = random.pick(SSE_NAMES)
  const value = random.pick(SSE_VALUES)
  const isSigned = random.chance(75)
  return edit(random, `${name}: ${value}${isSigned ? '' : ', not signed'}`, (draft) => {
    draft.fields.push([name, value])
    if (!isSigned) draft.unsigned.add(name.toLowerCase())
  })
}

const addParameter: Maker = (random) => {
  const [name, value] = random.pick(PARAMETERS)
  const first = random.chance(30)
  return edit(random, `parameter ${name}`, (draft) => {
    const pair: Pair = [name, value]
    if (first) draft.query.unshift(pair)
    else draft.query.push(pair)
  })
}

const repeatField: Maker = (random) => {
  const which = random.below(100)
  const isOther = random.chance(50)
  const upper = random.chance(50)
  return edit(random, 'field twice', ({ fields }) => {
    const field = fields[which % Math.max(1, fields.length)]
    if (field === undefined) return
    const name = upper ? field[0].toUpperCase() : field[0]
    fields.push([name, isOther ? `${field[1]}x` : field[1]])
  })
}

const repeatParameter: Maker = (random) => {
  const which = random.below(100)
  const isOther = random.chance(50)
  return edit(random, 'parameter twice', ({ query }) => {
    const pair = query[which % Math.max(1, query.length)]
    if (pair !== undefined) query.push([pair[0], isOther ? `${pair[1] ?? ''}x` : pair[1]])
  })
}

const dropField: Maker = (random) => {
  const which = random.below(100)
  return edit(random, 'field dropped', ({ fields }) => {
    fields.splice(which % Math.max(1, fields.length), 1)
  })
}

const respellField: Maker = (random) => {
  const which = random.below(100)
  const how = random.below(5)
  return edit(random, `field spelled otherwise (${how})`, ({ fields }) => {
    const field = fields[which % Math.max(1, fields.length)]
    if (field === undefined) return
    switch (how) {
      case 0:
        field[0] = field[0].toUpperCase()
        break
      case 1:
        field[0] = field[0].replaceAll('-', '_')
        break
      case 2:
        field[1] = `  ${field[1]}\t`
        break
      case 3:
        field[1] = field[1].replaceAll(' ', '   ')
        break
      default:
        field[0] = field[0].replace(/-(?=[^-]*$)/, '_')
    }
  })
}

const unsignField: Maker = (random) => {
  const which = random.below(100)
  return {
    name: 'field not signed',
    at: 'draft',
    apply: ({ draft }) => {
      const field = draft.fields[which % Math.max(1, draft.fields.length)]
      if (field !== undefined) draft.unsigned.add(field[0].toLowerCase())
    },
  }
}

const unsignNamed: Maker = (random) => {
  const name = random.pick(['host', 'x-amz-date', 'x-amz-content-sha256', 'x-amz-copy-source', SSE])
  return { name: `${name} not signed`, at: 'draft', apply: ({ draft }) => draft.unsigned.add(name) }
}

const set =
  <K extends keyof Draft>(name: K, values: readonly Draft[K][]): Maker =>
  (random) => {
    const value = random.pick(values)
    return edit(random, `${name}: ${String(value)}`, (draft) => {
      draft[name] = value
    })
  }

const setSigner: Maker = (random) => {
  const signer = random.pick([NARROW, ...CLIENTS, { ...APP, secretAccessKey: 'another secret' }])
  const other = random.pick([signer, { ...signer, accessKeyId: 'SGFUZZNOBODY000001' }])
  return edit(random, `signer ${other.accessKeyId}`, (draft) => {
    draft.signer = other
  })
}

const setCopySource: Maker = (random) => {
  const value = random.pick(COPY_SOURCES)
  return edit(random, `copy source ${value}`, ({ fields }) => {
    const field = fields.find(([name]) => name === 'x-amz-copy-source')
    if (field === undefined) fields.push(['x-amz-copy-source', value])
    else field[1] = value
  })
}

const encodeParameter: Maker = (random) => {
  const which = random.below(100)
  return edit(random, 'parameter encoded', ({ query }) => {
    const pair = query[which % Math.max(1, query.length)]
    if (pair === undefined) return
    pair[0] = pair[0].replace(/[a-z]/i, (char) => `%${char.charCodeAt(0).toString(16)}`)
  })
}

const changeBody: Maker = (random) => {
  const bytes = random.bytes(random.pick([0, 1, 4, 5, 70_000]))
  return edit(random, `body of ${bytes.length}`, (draft) => {
    draft.body = bytes
  })
}

const oddLine: Maker = (random) => {
  const line = random.pick(ODD_LINES)
  const at = random.below(100)
  return {
    name: `line ${JSON.stringify(line)}`,
    at: 'lines',
    apply: ({ lines }) => lines.splice(1 + (at % lines.length), 0, line),
  }
}

const oddRequestLine: Maker = (random) => {
  const how = random.pick([
    ...[
      ' HTTP/1.0',
      ' HTTP/1.2',
      ' HTTP/2.0',
      ' http/1.1',
      '  HTTP/1.1',
      '\tHTTP/1.1',
      '',
      ' HTTP/1.1 x',
    ],
    ...[' HTTP/11', ' HTTP/0.9', ' HTTP/1.1\t'],
  ])
  return {
    name: `request line ends ${JSON.stringify(how)}`,
    at: 'lines',
    apply: (subject: Subject) => {
      subject.lines[0] = (subject.lines[0] ?? '').replace(/ HTTP\/1\.1$/, how)
    },
  }
}

const changeByte: Maker = (random) => {
  const at = random.below(1 << 20)
  const byte = random.pick([0, 9, 10, 13, 32, 34, 37, 38, 58, 61, 95, 127, 255, random.below(256)])
  const how = random.below(3)
  return {
    name: `byte ${at} (${how}: ${byte})`,
    at: 'bytes',
    apply: (subject) => {
      const { bytes } = subject
      const place = at % Math.max(1, bytes.length)
      const skip = how === 0 ? 0 : 1
      const middle = how === 2 ? [] : [byte]
      subject.bytes = Buffer.concat([
        bytes.subarray(0, place),
        Buffer.from(middle),
        bytes.subarray(place + skip),
      ])
    },
  }
}

const cutShort: Maker = (random) => {
  const at = random.below(1 << 20)
  return {
    name: `cut at ${at}`,
    at: 'bytes',
    apply: (subject) => {
      subject.bytes = subject.bytes.subarray(0, 1 + (at % Math.max(1, subject.bytes.length)))
    },
  }
}

const addBytes: Maker = (random) => {
  const text = random.pick(SMUGGLED)
  return {
    name: `followed by ${JSON.stringify(text)}`,
    at: 'bytes',
    apply: (subject) => {
      subject.bytes = Buffer.concat([subject.bytes, Buffer.from(text, 'latin1')])
    },
  }
}

const repeatAll: Maker = () => ({
  name: 'twice',
  at: 'bytes',
  apply: (subject) => {
    subject.bytes = Buffer.concat([subject.bytes, subject.bytes])
  },
})

/** Each as often as it stands here. */
const EDITS: readonly Maker[] = [
  ...[
    addField,
    addField,
    addField,
    addField,
    addEncryption,
    addEncryption,
    addEncryption,
    addEncryption,
    addEncryption,
    addEncryption,
  ],
  ...[addParameter, addParameter, addParameter, addParameter, repeatField, repeatParameter],
  ...[
    respellField,
    respellField,
    dropField,
    unsignField,
    unsignNamed,
    encodeParameter,
    setCopySource,
  ],
  set('path', PATHS),
  set('path', PATHS),
  set('host', HOSTS),
  set('method', METHODS),
  set('method', METHODS.slice(0, 6)),
  set('payloadHash', HASHES),
  set('framing', ['chunked', 'both', 'none', 'length']),
  set('region', ['eu-west-1', 'US-EAST-1', '', '*']),
  set('service', ['s3express', 's3-object-lambda', 'S3', '']),
  set('skewMs', [-86_400_000, -1_200_000, 1_200_000, 60_000, -60_000]),
  set('auth', ['none', 'query', 'header']),
  ...[
    setSigner,
    changeBody,
    oddLine,
    oddLine,
    oddRequestLine,
    changeByte,
    cutShort,
    addBytes,
    repeatAll,
  ],
]

import { KEY, OTHER_KEY } from '../support/rig.ts'
import { type Draft, isChunked } from './draft.ts'

const SSE = 'x-amz-server-side-encryption'
const CUSTOMER_KEY = Buffer.alloc(32, 1).toString('base64')

/** A change to a request, by what it does. */
type Edit = (draft: Draft) => void

const field =
  (name: string, value: string): Edit =>
  ({ fields }) => {
    fields.push([name, value])
  }
const query =
  (text: string): Edit =>
  (draft) => {
    draft.query.push(text)
  }
const path =
  (text: string): Edit =>
  (draft) => {
    draft.path = text
  }
const bucket =
  (name: string): Edit =>
  (draft) => {
    draft.path = draft.path.replace('/bucket', `/${name}`)
  }
const method =
  (name: string): Edit =>
  (draft) => {
    draft.method = name
  }
const over =
  (change: Partial<Draft>): Edit =>
  (draft) => {
    Object.assign(draft, change)
  }
/** Behind the signature's back. */
const tamper =
  (edit: Edit): Edit =>
  (draft) => {
    draft.tamper = edit
  }

/** What can be wrong, odd or special about a request whose body is right. */
export const EDITS = {
  'method GET': method('GET'),
  'method PUT': method('PUT'),
  'method POST': method('POST'),
  'method DELETE': method('DELETE'),
  'method HEAD': method('HEAD'),
  'method OPTIONS': method('OPTIONS'),
  'method PATCH': method('PATCH'),
  'path service': path('/'),
  'path bucket': path('/bucket'),
  'path bucket slash': path('/bucket/'),
  'path escape': path('/bucket/%zz'),
  'path nul': path('/bucket/a%00b'),
  'path dots': path('/bucket/a/../b//c'),
  'path plus': path('/bucket/a+b'),
  'path latin1': path('/bucket/%ff'),
  'path long': path(`/bucket/${'k'.repeat(1025)}`),
  'path unnamed': path('//k'),
  'bucket other': bucket('other'),
  'bucket strict': bucket('strict'),
  'bucket exempt': bucket('exempt'),
  'bucket guarded': bucket('guarded'),
  'bucket without rule': bucket('no-rule'),
  'bucket invalid': bucket('Bad_Bucket..'),
  'bucket reserved': bucket('name--x-s3'),
  'host missing': over({ host: '' }),
  'host unknown': over({ host: 's3.example' }),
  'host virtual': over({ host: 'bucket.localhost', path: '/k' }),
  'query unknown bare': query('newthing'),
  'query unknown': query('newthing=1'),
  'query ignored': query('x-user=a'),
  'query amz': query('x-amz-newthing=1'),
  'query acl': query('acl'),
  'query uploads': query('uploads'),
  'query version': query('versionId=v'),
  'query part': query('partNumber=1'),
  'query upload': query('uploadId=u'),
  'query twice': query('versionId=a&versionId=b'),
  'query escape': query('versionId=%zz'),
  'query override': query('response-expires=x'),
  'query encoded name': query('%61cl'),
  'query encryption': query(`${SSE}=AES256`),
  'encryption AES256': field(SSE, 'AES256'),
  'encryption kms': field(SSE, 'aws:kms'),
  'encryption empty': field(SSE, ''),
  'encryption unknown': field(SSE, 'rot13'),
  'encryption key': field(`${SSE}-aws-kms-key-id`, KEY),
  'encryption other key': field(`${SSE}-aws-kms-key-id`, OTHER_KEY),
  'encryption bucket key': field(`${SSE}-bucket-key-enabled`, 'true'),
  'encryption context': field(`${SSE}-context`, 'e30='),
  'encryption new': field(`${SSE}-newthing`, '1'),
  'encryption spelling': field('x-amz-server_side-encryption', 'AES256'),
  'customer algorithm': field(`${SSE}-customer-algorithm`, 'AES256'),
  'customer key': field(`${SSE}-customer-key`, CUSTOMER_KEY),
  'copy source': field('x-amz-copy-source', '/bucket/src'),
  'copy source other': field('x-amz-copy-source', 'other/src'),
  'copy source odd': field('x-amz-copy-source', 'nothing'),
  'copy customer key': field(
    'x-amz-copy-source-server-side-encryption-customer-algorithm',
    'AES256',
  ),
  append: field('x-amz-write-offset-bytes', '0'),
  origin: field('origin', 'http://page.example'),
  'request method': field('access-control-request-method', 'PUT'),
  'other site': field('sec-fetch-site', 'cross-site'),
  'same site': field('sec-fetch-site', 'same-origin'),
  'content type form': field('content-type', 'multipart/form-data; boundary=b'),
  'content type twice': (draft) => {
    draft.unsigned.push(['content-type', 'a/b'], ['content-type', 'c/d'])
  },
  'content encoding chunked': field('content-encoding', 'aws-chunked'),
  'content encoding gzip': field('content-encoding', 'gzip'),
  'decoded length': field('x-amz-decoded-content-length', '3'),
  'decoded length odd': over({ decodedLength: '-1' }),
  'trailer field': field('x-amz-trailer', 'x-amz-checksum-crc32'),
  'trailer unknown': over({ trailer: 'x-amz-checksum-unknown' }),
  'token field': field('x-amz-security-token', 'a-token-of-somebody'),
  'date field': field('date', 'Mon, 01 Jan 2024 00:00:00 GMT'),
  metadata: field('x-amz-meta-a', 'b'),
  'acl field': field('x-amz-acl', 'private'),
  'bucket tagged': bucket('tagged'),
  'bucket locked': bucket('locked'),
  'tagged well': (draft) => {
    bucket('tagged')(draft)
    draft.fields.push(['x-amz-tagging', 'team=a'], ['x-amz-tagging-directive', 'REPLACE'])
  },
  'checksum field': field('x-amz-checksum-crc32', 'AAAAAA=='),
  'content md5': field('content-md5', '1B2M2Y8AsgTpgAmY7PhCfg=='),
  'retention odd': field('x-amz-object-lock-mode', 'GOVERNANCE'),
  'retention bypass': field('x-amz-bypass-governance-retention', 'true'),
  'long body': (draft) => {
    if (draft.body.length > 0) draft.body = Buffer.alloc(21)
  },
  'acl public': field('x-amz-acl', 'public-read'),
  'acl public, guarded': (draft) => {
    bucket('guarded')(draft)
    draft.fields.push(['x-amz-acl', 'public-read'])
  },
  'acl in the query, guarded': (draft) => {
    bucket('guarded')(draft)
    draft.query.push('x-amz-acl=public-read')
  },
  'grant, guarded': (draft) => {
    bucket('guarded')(draft)
    draft.fields.push(['x-amz-grant-read', 'id=a'])
  },
  'storage class, guarded': (draft) => {
    bucket('guarded')(draft)
    draft.fields.push(['x-amz-storage-class', 'GLACIER_IR'])
  },
  'other storage class, guarded': (draft) => {
    bucket('guarded')(draft)
    draft.fields.push(['x-amz-storage-class', 'GLACIER'])
  },
  'expect continue': (draft) => {
    draft.unsigned.push(['expect', '100-continue'])
  },
  'expect unknown': (draft) => {
    draft.unsigned.push(['expect', 'something'])
  },
  body: (draft) => {
    if (draft.body.length === 0) draft.body = Buffer.from('a body')
  },
  'no body': over({ body: Buffer.alloc(0) }),
  'framing chunked': over({ framing: 'chunked' }),
  'framing none': (draft) => {
    // An aws-chunked body that is not there is the body's fault.
    if (!isChunked(draft)) draft.framing = 'none'
  },
  'payload unsigned': over({ payload: 'unsigned' }),
  'payload none': over({ payload: 'none' }),
  'payload unknown': over({ payload: 'unknown' }),
  'not signed': over({ auth: 'none' }),
  'key unknown': over({
    keys: { accessKeyId: 'SGNOBODY0000000001', secretAccessKey: 'nobody-nobody-nobody' },
  }),
  'secret wrong': (draft) => {
    draft.keys = { ...draft.keys, secretAccessKey: 'another-secret-another' }
  },
  'region wrong': over({ region: 'eu-west-1' }),
  'service wrong': over({ service: 'sts' }),
  'clock behind': over({ skewMs: -3_600_000 }),
  'clock ahead': over({ skewMs: 3_600_000 }),
  'expires long': over({ expires: '604801' }),
  'expires odd': over({ expires: 'never' }),
  'tampered path': tamper((draft) => {
    draft.path = `${draft.path}x`
  }),
  'tampered query': tamper((draft) => {
    draft.query.push('versionId=w')
  }),
  'tampered encryption': tamper((draft) => {
    draft.fields.push([SSE, 'AES256'])
  }),
  'tampered field': tamper((draft) => {
    draft.fields.push(['x-amz-meta-b', 'c'])
  }),
  'tampered method': tamper((draft) => {
    draft.method = draft.method === 'GET' ? 'DELETE' : 'GET'
  }),
  'authorization odd': tamper((draft) => {
    draft.fields.push(['Authorization', 'AWS4-HMAC-SHA256 Credential=a'])
  }),
  'authorization other': tamper((draft) => {
    draft.fields = draft.fields.filter(([name]) => name !== 'Authorization')
    draft.fields.push(['Authorization', 'Bearer a'])
  }),
} as const satisfies Readonly<Record<string, Edit>>

export type EditName = keyof typeof EDITS

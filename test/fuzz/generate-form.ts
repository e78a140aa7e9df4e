// biome-ignore-all lint/suspicious/noTemplateCurlyInString: S3's variable has this form.
import { type Draft, type Edit, type FormDraft, fieldPart, newDraft } from './draft.ts'
import { drawEdit } from './generate-request.ts'
import type { Random } from './random.ts'
import { CLIENTS, FOREIGN_KEY } from './world.ts'

/* Browser forms. Pure and seeded. */

const SSE = 'x-amz-server-side-encryption'

const KEYS = [
  ...[
    'k',
    'k',
    'hr/pay',
    'a b',
    'up/${filename}',
    '${filename}',
    '\xc3\xa4',
    '../other/k',
    '/k',
    '',
  ],
  ...['k\x00', 'k\r\nX: y', 'hr/${filename}', '${FILENAME}', 'k${filename}${filename}', ' ', '"k"'],
] as const

const FIELDS: readonly (readonly [string, string])[] = [
  [SSE, 'AES256'],
  [SSE, 'aws:kms'],
  [`${SSE}-aws-kms-key-id`, FOREIGN_KEY],
  [`${SSE}-context`, 'e30='],
  [`${SSE}-bucket-key-enabled`, 'false'],
  [`${SSE}-customer-algorithm`, 'AES256'],
  [`${SSE}-customer-key`, 'eA=='],
  ['X-Amz-Server-Side-Encryption', 'AES256'],
  ['x_amz_server_side_encryption', 'AES256'],
  ['x-amz-server-side_encryption', 'AES256'],
  [`${SSE}[]`, 'AES256'],
  [`${SSE} `, 'AES256'],
  ['acl', 'private'],
  ['ACL', 'private'],
  ['Content-Type', 'text/plain'],
  ['Cache-Control', 'no-store'],
  ['x-amz-meta-a', '\xc3\xa4'],
  ['x-amz-meta-b', 'a\r\nb'],
  ['x-amz-tagging', '<Tagging/>'],
  ['tagging', '<Tagging/>'],
  ['x-amz-storage-class', 'STANDARD'],
  ['x-amz-copy-source', '/other/k'],
  ['x-amz-website-redirect-location', '/a'],
  ['success_action_status', '201'],
  ['success_action_status', '200'],
  ['success_action_redirect', 'https://a.example/done?x=1#f'],
  ['redirect', 'https://a.example/'],
  ['bucket', 'bucket'],
  ['bucket', 'other'],
  ['key', 'other'],
  ['Key', 'other'],
  ['file', 'not the file'],
  ['x-ignore-a', 'anything'],
  ['x-amz-security-token', 'nobodys-token'],
  ['AWSAccessKeyId', 'a'],
  ['x-amz-new-in-2030', 'who knows'],
  ['submit', 'Upload'],
]

const DISPOSITIONS = [
  ...[
    'form-data; name="file"',
    'form-data; name="file"; filename=""',
    'form-data; name=file; filename=a',
  ],
  ...['form-data; name="file"; filename="..\\..\\x"', 'form-data; name="file"; filename="a/../b"'],
  ...[
    'form-data; name="file"; filename="\xc3\xa4 b"',
    'form-data; name="file"; filename*=UTF-8\'\'x',
  ],
  ...['form-data; name="FILE"; filename="a"', 'form-data; filename="a"; name="file"', 'form-data'],
  ...[
    'form-data; name="file"; name="key"; filename="a"',
    'attachment; name="file"',
    'form-data; name="other"',
  ],
  ...[
    'form-data; name="file"; filename="a"; filename="b"',
    'form-data; name="file"; filename="${filename}"',
  ],
] as const

const TYPES = [
  ...[
    'multipart/form-data; boundary="BOUNDARY"',
    'multipart/form-data;boundary=BOUNDARY; charset=utf-8',
  ],
  ...[
    'Multipart/Form-Data; BOUNDARY=BOUNDARY',
    'multipart/form-data',
    'multipart/form-data; boundary=',
  ],
  ...['multipart/form-data; boundary=x; boundary=BOUNDARY', 'multipart/mixed; boundary=BOUNDARY'],
  ...['multipart/form-data; boundary=BOUNDARYx', 'application/x-www-form-urlencoded'],
] as const

/** A form that its client signed as it should. */
export function drawForm(random: Random): Draft {
  const boundary = random.pick(['----WebKitFormBoundaryabcdefgh', 'b', 'a--b'])
  const form: FormDraft = {
    fields: [['key', random.pick(KEYS)]],
    conditions: random.chance(50) ? [['content-length-range', 0, 100_000]] : [],
    unconditioned: new Set(),
    fileDisposition: 'form-data; name="file"; filename="a file.bin"',
    before: [],
    after: random.chance(20) ? [fieldPart('submit', 'Upload')] : [],
    boundary,
    contentType: `multipart/form-data; boundary=${boundary}`,
    end: '--\r\n',
    expirationMs: 600_000,
    tamperPolicy: false,
  }
  // Only a beginning can be signed of a name that is not known yet.
  const [[, key] = ['', '']] = form.fields
  if (key.includes('${filename}')) {
    form.unconditioned.add('key')
    form.conditions.push(['starts-with', '$key', key.slice(0, key.indexOf('$'))])
  }
  const fields = random.below(3)
  for (let i = 0; i < fields; i++) {
    const [name, value] = random.pick(FIELDS)
    form.fields.push([name, value])
  }
  return newDraft({
    method: 'POST',
    path: `/${random.pick(['bucket', 'bucket', 'bucket', 'free', 'other'])}`,
    auth: 'form',
    body: random.bytes(random.pick([0, 1, 5, 100, 5000])),
    signer: random.chance(80) ? (CLIENTS[0] ?? random.pick(CLIENTS)) : random.pick(CLIENTS),
    form,
  })
}

/** An edit for forms; others fit as well. */
export function drawFormEdit(random: Random): Edit {
  return random.chance(75) ? random.pick(EDITS)(random) : drawEdit(random)
}

type Maker = (random: Random) => Edit

function edit(name: string, apply: (form: FormDraft, draft: Draft) => void): Edit {
  return {
    name,
    at: 'draft',
    apply: ({ draft }) => {
      if (draft.form !== undefined) apply(draft.form, draft)
    },
  }
}

const addField: Maker = (random) => {
  const [name, value] = random.pick(FIELDS)
  const isConditioned = random.chance(70)
  return edit(`field ${name}${isConditioned ? '' : ' without a condition'}`, (form) => {
    form.fields.push([name, value])
    if (!isConditioned) form.unconditioned.add(name)
  })
}

/** After the fields, before the file: without a condition, behind the signature. */
const addPart: Maker = (random) => {
  const [name, value] = random.pick(FIELDS)
  const isAfter = random.chance(50)
  const head = random.pick([
    `Content-Disposition: form-data; name="${name}"`,
    `Content-Disposition: form-data; name="${name}"; filename="${name}"`,
    `content-disposition:form-data;name=${name}`,
    `Content-Disposition: form-data; name="${name}"\r\nContent-Type: text/plain; charset=utf-7`,
    `Content-Disposition: form-data; name="${name}"\r\nContent-Transfer-Encoding: base64`,
    `Content-Disposition: form-data; name="x"\r\nContent-Disposition: form-data; name="${name}"`,
    `X: y\r\nContent-Disposition: form-data;\r\n name="${name}"`,
    `Content-Type: multipart/mixed; boundary=inner`,
  ])
  return edit(`part ${JSON.stringify(head)} ${isAfter ? 'behind' : 'before'} the file`, (form) => {
    const part = { head, content: Buffer.from(value, 'latin1') }
    if (isAfter) form.after.push(part)
    else form.before.push(part)
  })
}

const replace =
  <K extends keyof FormDraft>(name: K, values: readonly FormDraft[K][]): Maker =>
  (random) => {
    const value = random.pick(values)
    return edit(`${name}: ${JSON.stringify(value)}`, (form) => {
      form[name] = value
    })
  }

const setType: Maker = (random) => {
  const type = random.pick(TYPES)
  return edit(`content type ${type}`, (form) => {
    form.contentType = type
      .replace('=BOUNDARY', `=${form.boundary}`)
      .replace('"BOUNDARY"', `"${form.boundary}"`)
  })
}

const addCondition: Maker = (random) => {
  const condition = random.pick<unknown>([
    ...[
      ['content-length-range', 10, 20],
      ['content-length-range', 0, 4],
      ['eq', '$key', 'k'],
      { acl: 'private' },
    ],
    ...[
      ['starts-with', '$key', ''],
      ['starts-with', '$key', 'hr/'],
      ['starts-with', '$x-amz-meta-a', ''],
    ],
    ...[
      { bucket: 'other' },
      ['starts-with', `$${SSE}`, ''],
      [],
      {},
      null,
      'x',
      ['gt', '$key', 'a'],
      { key: ['k'] },
    ],
  ])
  return edit(`condition ${JSON.stringify(condition)}`, (form) => form.conditions.push(condition))
}

const embedBoundary: Maker = (random) => {
  const text = random.pick([
    '\r\n--BOUNDARY',
    '\r\n--BOUNDARY--',
    '--BOUNDARY',
    '\r\n--BOUNDARYx',
    '\r\n-',
    '\r\n--',
  ])
  return edit(`file with ${JSON.stringify(text)}`, (form, draft) => {
    const inner = `x${text.replace('BOUNDARY', form.boundary)}\r\nContent-Disposition: form-data; name="key"\r\n\r\nother`
    draft.body = Buffer.from(inner, 'latin1')
  })
}

const otherAuthentication: Maker = (random) => {
  const auth = random.pick(['none', 'header', 'query'] as const)
  return edit(`auth ${auth}`, (_, draft) => {
    draft.auth = auth
  })
}

const EDITS: readonly Maker[] = [
  ...[addField, addField, addField, addPart, addPart, addPart, setType, addCondition, addCondition],
  replace('fileDisposition', DISPOSITIONS),
  replace('fileDisposition', DISPOSITIONS),
  replace('end', ['--', '', '\r\n', '--\r\nepilogue', '-- \r\n', '--x', '--\r\n\r\n']),
  replace('expirationMs', [-1000, 5000, 60_000]),
  replace('tamperPolicy', [true]),
  replace('boundary', ['other', '']),
  ...[embedBoundary, otherAuthentication],
]

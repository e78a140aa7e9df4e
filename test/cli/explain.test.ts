import { join } from 'node:path'
import aws4 from 'aws4'
import t, { type Test } from 'tap'
import { SealingKey } from '../../src/sts/sealing-key.ts'
import { ACCESS_KEY_BYTES, SALT_BYTES, sealSession } from '../../src/sts/session-token.ts'
import { run } from './fake-terminal.ts'

const KEY = 'arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'
const SECRET = 'the-secret-of-the-client-app'
const MULTI_REGION = 'arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab'
const SSE = 'x-amz-server-side-encryption'

const FILE = `version: 1
listen: [{ address: '127.0.0.1:8080', hosts: [localhost] }]
upstream: { endpoint: 'sandbox:', region: us-east-1 }
clients:
  - { name: app, accessKeyId: SGAPP0000000000001, secretAccessKey: ${SECRET}, buckets: ['app-*', 'logs'], allow: [read, write, delete, list, create, configure] }
  - { name: other, accessKeyId: SGOTHER00000000001, secretAccessKey: ${SECRET}2, buckets: ['other'] }
policy:
  rules:
    - { name: own-keys, match: { buckets: [app-own-keys] }, encrypt: { keyId: '${KEY}' }, customerKeys: override }
    - { name: replicated, match: { buckets: [app-replicated] }, encrypt: { keyId: '${MULTI_REGION}', replicas: accept } }
    - { name: logs, match: { buckets: [logs] }, exempt: written by a load balancer }
    - { name: strict, match: { buckets: [app-strict] }, encrypt: { keyId: '${KEY}' }, conflict: reject }
    - { name: guarded, match: { buckets: [app-guarded] }, encrypt: { keyId: '${KEY}' }, guards: { publicAcl: refuse, storageClasses: [STANDARD_IA] } }
    - name: all
      match: { buckets: ['app-*'] }
      encrypt: { keyId: '${KEY}', bucketKey: true, context: { who: '{client}' } }
`

/** The facts of an explanation, by name; one that comes twice is a list. */
async function explain(
  t: Test,
  args: readonly string[],
  file = FILE,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const directory = t.testdir({ 'sealgate.yaml': file })
  const config = join(directory, 'sealgate.yaml')
  const { code, stdout, stderr } = await run(['explain', '--config', config, ...args])
  t.equal(stderr, '')
  t.equal(code, /^decision: +allow/m.test(stdout) ? 0 : 3)
  t.notOk(stdout.includes(SECRET), 'no secret is printed')
  const facts = new Map<string, string[]>()
  for (const line of stdout.trimEnd().split('\n')) {
    const [, name = '', value = ''] = /^([a-z ]+):\s*(.*)$/.exec(line) ?? []
    t.not(name, '', `a fact: ${line}`)
    facts.set(name, [...(facts.get(name) ?? []), value])
  }
  return facts
}

interface Explained {
  readonly args: readonly string[]
  readonly says: Readonly<Record<string, string | RegExp | readonly string[] | undefined>>
}

const SET = [`${SSE}: aws:kms`, `${SSE}-aws-kms-key-id: ${KEY}`] as const
const CONTEXT = Buffer.from('{"who":"app"}').toString('base64')

const TABLE: readonly Explained[] = [
  {
    args: ['PUT', '/app-guarded/k', '-H', 'x-amz-storage-class: STANDARD_IA'],
    says: { rule: 'guarded', decision: 'allow', guards: 'publicAcl, storageClasses' },
  },
  {
    args: ['PUT', '/app-guarded/k', '-H', 'x-amz-acl: public-read'],
    says: { decision: 'refuse', guards: 'publicAcl', answer: /^403 AccessDenied \(public-acl\)/ },
  },
  {
    args: ['PUT', '/app-guarded/k?acl'],
    says: { rule: 'guarded', 'guarded body': 'the acl in the body is judged when it arrives' },
  },
  {
    args: ['PUT', '/app-data/k', '-H', 'x-amz-acl: public-read'],
    says: { decision: 'allow', guards: undefined, 'guarded body': undefined },
  },
  {
    args: ['PUT', '/app-data/a key'.replace(' ', '%20')],
    says: {
      operation: 'PutObject',
      bucket: 'app-data',
      key: '"a key"',
      client: 'app (the first; choose with --client)',
      rule: 'all',
      decision: 'allow',
      encryption: 'added',
      'header set': [...SET, `${SSE}-bucket-key-enabled: true`, `${SSE}-context: ${CONTEXT}`],
      'header removed': undefined,
      'must confirm': `aws:kms under ${KEY}`,
    },
  },
  {
    args: ['put', 'http://app-data.localhost:8080/k', '-H', `X-Amz-Server-Side-Encryption: AES256`],
    says: {
      operation: 'PutObject',
      bucket: 'app-data',
      encryption: 'overridden',
      'header changed': `${SSE}: AES256 → aws:kms`,
      'header removed': undefined,
    },
  },
  {
    args: ['PUT', '/app-strict/k', '-H', `${SSE}: AES256`],
    says: {
      rule: 'strict',
      decision: 'refuse',
      answer:
        '403 AccessDenied (encryption-conflict): The request asks for other encryption than the rule strict requires for the bucket app-strict: aws:kms under the key of the rule.',
      encryption: undefined,
    },
  },
  {
    args: ['PUT', '/app-data/k', '-H', `${SSE}-customer-algorithm: AES256`],
    says: {
      rule: 'all',
      decision: 'refuse',
      answer:
        '400 InvalidRequest (customer-keys-refused): Server Side Encryption with Customer provided keys is refused by the rule all for the bucket app-data: the object could not be read with that key. Send the request without the key.',
    },
  },
  {
    args: ['PUT', '/app-own-keys/k', '-H', `${SSE}-customer-algorithm: AES256`],
    says: {
      rule: 'own-keys',
      decision: 'allow',
      encryption: 'overridden',
      'header removed': `${SSE}-customer-algorithm`,
    },
  },
  {
    args: ['PUT', '/app-replicated/k'],
    says: {
      rule: 'replicated',
      'must confirm': `aws:kms under ${MULTI_REGION} or a replica of it in another Region`,
    },
  },
  {
    args: ['PUT', '/logs/k', '-H', `${SSE}: AES256`],
    says: {
      rule: 'logs',
      decision: 'allow',
      encryption: 'exempt',
      exempt: 'written by a load balancer',
      'header set': undefined,
      'header removed': undefined,
    },
  },
  {
    args: ['PUT', '/elsewhere/k'],
    says: {
      rule: undefined,
      decision: 'refuse',
      answer:
        '403 AccessDenied (bucket-not-allowed): Access Denied: this client may not use the bucket elsewhere.',
      'as it stands': '403 AccessDenied (anonymous): Access Denied',
    },
  },
  {
    args: ['--client', 'other', 'PUT', '/app-data/k'],
    says: {
      client: 'other',
      decision: 'refuse',
      'header set': undefined,
      answer:
        '403 AccessDenied (bucket-not-allowed): Access Denied: this client may not use the bucket app-data.',
    },
  },
  {
    args: ['PUT', '/app-data/copy', '-H', 'x-amz-copy-source: /other/k'],
    says: {
      operation: 'CopyObject',
      decision: 'refuse',
      answer:
        '403 AccessDenied (copy-source-not-allowed): Access Denied: this client may not use the bucket other, the source of the copy.',
    },
  },
  {
    args: ['GET', '/app-data/k', '-H', `${SSE}: aws:kms`],
    says: {
      operation: 'GetObject',
      decision: 'refuse',
      answer: `400 BadRequest (encryption-headers-on-read): ${SSE} header is not supported for this operation.`,
    },
  },
  {
    args: ['GET', '/app-data/k?response-content-disposition=attachment;filename=x'],
    says: { operation: 'GetObject', decision: 'allow', answer: undefined },
  },
  {
    args: ['GET', '/app-data/k?x-user=johndoe&v=3&versionId=1'],
    says: {
      operation: 'GetObject',
      decision: 'allow',
      'parameter left out': ['x-user', 'v'],
    },
  },
  {
    args: ['PUT', '/app-data/k?newthing=1'],
    says: {
      decision: 'refuse',
      answer:
        '400 InvalidArgument (unknown-parameter): The query parameter newthing is unknown and could select a sub-resource.',
    },
  },
  {
    args: ['POST', '/app-data/k?uploads'],
    says: { operation: 'CreateMultipartUpload', encryption: 'added' },
  },
  {
    args: ['PUT', '/app-data/k?partNumber=1&uploadId=u', '-H', `${SSE}: aws:kms`],
    says: {
      operation: 'UploadPart',
      decision: 'refuse',
      answer: `400 InvalidArgument (encryption-headers-misplaced): ${SSE} header is not supported for this operation.`,
    },
  },
  {
    args: ['PUT', '/app-data/k?partNumber=1'],
    says: { operation: undefined, decision: 'refuse' },
  },
  {
    args: ['PUT', '/app-data?encryption'],
    says: {
      operation: 'PutBucketEncryption',
      key: '(none)',
      answer:
        '403 AccessDenied (operation-closed): PutBucketEncryption is closed by the encryption policy.',
    },
  },
  {
    args: ['GET', '/'],
    says: {
      operation: 'ListBuckets',
      bucket: '(none)',
      key: '(none)',
      decision: 'allow',
      answer: undefined,
    },
  },
  {
    args: ['PUT', '/other?policy', '--client', 'other'],
    says: {
      operation: 'PutBucketPolicy',
      answer:
        '403 AccessDenied (access-not-allowed): Access Denied: this client may not use PutBucketPolicy like this: it lacks the class configure.',
    },
  },
  { args: ['GET', '/app-data/k?newthing'], says: { decision: 'refuse' } },
  {
    args: ['PUT', '/app-data/k', '-H', 'transfer-encoding: chunked'],
    says: { decision: 'refuse', answer: /^411 MissingContentLength / },
  },
  {
    args: ['GET', '/app-data/k', '-H', 'content-length: 1'],
    says: { decision: 'refuse', answer: /^400 InvalidRequest \(unexpected-body\)/ },
  },
  { args: ['GET', 'http://unknown.example/b/k'], says: { decision: 'refuse' } },
  { args: ['GET', '/app-data/%zz'], says: { decision: 'refuse' } },
  {
    args: ['GET', 'https://localhost/app-data/a/%2e%2e/b//c'],
    says: { operation: 'GetObject', key: '"a/../b//c"' },
  },
  { args: ['GET', 'app-data/k'], says: { operation: 'GetObject', key: '"k"' } },
  {
    args: [
      ...['OPTIONS', '/app-data/k', '-H', 'origin: http://page.example'],
      ...['-H', 'access-control-request-method: PUT'],
    ],
    says: { client: '(none: a preflight is not authenticated)', decision: 'allow' },
  },
  {
    args: [
      ...['OPTIONS', '/nobodys/k', '-H', 'origin: http://page.example'],
      ...['-H', 'access-control-request-method: PUT'],
    ],
    says: {
      answer:
        '403 AccessDenied (bucket-not-allowed): Access Denied: this client may not use the bucket nobodys.',
      decision: 'refuse',
    },
  },
]

for (const { args, says } of TABLE) {
  t.test(`explain ${args.join(' ')}`, async (t) => {
    const facts = await explain(t, args)
    for (const [name, expected] of Object.entries(says)) {
      const found = facts.get(name)
      if (expected instanceof RegExp) t.match(found?.[0], expected, name)
      else t.strictSame(found, typeof expected === 'string' ? [expected] : expected, name)
    }
  })
}

const REFUSED_KEY =
  '403 AccessDenied (bucket-not-allowed): Access Denied: this client may not use the bucket app-data.'

t.test('limits of a client are named, not what is left of them', async (t) => {
  const file = FILE.replace(
    "buckets: ['other']",
    "buckets: ['other'], requests: 600/m, bandwidth: 1MiB/s",
  )
  const args = ['--client', 'other', 'GET', 'http://localhost/other/k']
  const facts = await explain(t, args, file)
  const text = '600/m, 1048576 bytes/s; beyond them, 503 SlowDown or slower bodies'
  t.strictSame(facts.get('limits'), [text])
  t.equal((await explain(t, args)).get('limits'), undefined)
})

t.test('s3://bucket/key names an object as the AWS CLI does: the key is not encoded', async (t) => {
  const facts = await explain(t, ['PUT', 's3://app-data/a key/100%.txt'])
  t.strictSame(facts.get('operation'), ['PutObject'])
  t.strictSame(facts.get('bucket'), ['app-data'])
  t.strictSame(facts.get('key'), ['"a key/100%.txt"'])
  const bucket = await explain(t, ['GET', 's3://app-data'])
  t.strictSame(bucket.get('operation'), ['ListObjects'])
})

t.test('--client judges as if that client had signed, whoever did', async (t) => {
  const url = presign('another secret', 'SGAPP0000000000001')
  const app = await explain(t, ['--client', 'app', 'GET', url])
  t.strictSame(app.get('signature'), ['not looked at: as if app had signed it'])
  t.strictSame(app.get('decision'), ['allow'])
  t.match(app.get('as it stands')?.[0], /^403 SignatureDoesNotMatch \(signature-mismatch\)/)
  const other = await explain(t, ['--client', 'other', 'GET', url])
  t.strictSame(other.get('answer'), [REFUSED_KEY])
})

t.test('--form: the fields of a POST form', async (t) => {
  const form = `# what a browser sends\nkey=up/\${filename}\n${SSE}=AES256\nfile=a.txt\n`
  const directory = t.testdir({ 'sealgate.yaml': FILE, form, 'twice.form': 'key=a\nKEY=b\n' })
  const base = ['explain', '--config', join(directory, 'sealgate.yaml'), 'POST', '/app-data']
  const { code, stdout } = await run([...base, '--form', join(directory, 'form')])
  t.equal(code, 0)
  t.match(stdout, /^operation: +PostObject$/m)
  t.match(stdout, /^key: +"up\/a\.txt"$/m)
  t.match(stdout, /^encryption: +overridden$/m)
  t.match(stdout, /^header changed: *x-amz-server-side-encryption: AES256 → aws:kms$/m)
  t.notMatch(stdout, 'header removed')

  const missing = await run([...base, '-H', 'content-type: multipart/form-data; boundary=b'])
  t.match(missing, { code: 2, stderr: /--form FILE/ }, 'a form without its fields')
  const twice = await run([...base, '--form', join(directory, 'twice.form')])
  t.match(twice, { code: 2, stderr: /twice\.form: line 2: duplicate field KEY/ })
  const absent = await run([...base, '--form', join(directory, 'absent')])
  t.match(absent, { code: 2, stderr: /absent: no such file/ })
  const put = [...base.slice(0, 3), 'PUT', '/app-data/k', '--form', join(directory, 'form')]
  t.match(await run(put), { code: 2, stderr: /this request is PutObject/ })
})

t.test('--json: the same facts under fixed names; 0 allows, 3 refuses', async (t) => {
  const directory = t.testdir({ 'sealgate.yaml': FILE })
  const base = ['explain', '--config', join(directory, 'sealgate.yaml'), '--json']
  const allowed = await run([...base, '--client', 'app', 'PUT', '/app-data/k'])
  t.equal(allowed.code, 0)
  t.match(JSON.parse(allowed.stdout), {
    decision: 'allow',
    operation: 'PutObject',
    bucket: 'app-data',
    key: 'k',
    client: 'app',
    rule: 'all',
    encryption: 'added',
    mustConfirm: { algorithm: 'aws:kms', keyId: KEY },
    asItStands: { status: 403, code: 'AccessDenied', reason: 'anonymous' },
  })
  const refused = await run([...base, 'PUT', '/app-strict/k', '-H', `${SSE}: AES256`])
  t.equal(refused.code, 3)
  t.match(JSON.parse(refused.stdout), {
    decision: 'refuse',
    rule: 'strict',
    answer: { status: 403, code: 'AccessDenied', reason: 'encryption-conflict' },
    headersSet: [],
  })
})

t.test('--no-secrets: no secret is read, and no signature verified', async (t) => {
  const file = FILE.replace(`secretAccessKey: ${SECRET},`, 'secretAccessKey: { file: absent },')
  const url = presign('any secret', 'SGAPP0000000000001')
  const facts = await explain(t, ['--no-secrets', 'GET', url], file)
  t.strictSame(facts.get('client'), ['app'])
  t.strictSame(facts.get('signature'), ['not looked at: no secret was read (--no-secrets)'])
  t.strictSame(facts.get('decision'), ['allow'])
  const unknown = await explain(
    t,
    ['--no-secrets', 'GET', presign('any', 'SGNOBODY000000001')],
    file,
  )
  t.match(unknown.get('answer')?.[0], /^403 InvalidAccessKeyId/)
  const piped = await run(['explain', '--config', '-', '--no-secrets', 'PUT', '/logs/k'], {}, file)
  t.match(piped, { code: 0, stdout: /^rule: +logs$/m }, 'from the standard input')
})

t.test('mode observe says that nothing changes, and what would', async (t) => {
  const file = FILE.replace('policy:', 'policy:\n  mode: observe')
  const upload = await explain(t, ['PUT', '/app-data/k'], file)
  t.strictSame(upload.get('decision'), ['allow, unchanged (mode observe)'])
  t.equal(upload.get('header set'), undefined)
  const closed = await explain(t, ['PUT', '/app-data?encryption'], file)
  t.match(closed.get('would refuse')?.[0], /^403 AccessDenied \(operation-closed\)/)
})

/** A presigned URL, signed by aws4. */
function presign(secretAccessKey: string, accessKeyId: string, sessionToken?: string): string {
  const { path = '' } = aws4.sign(
    {
      service: 's3',
      region: 'us-east-1',
      method: 'GET',
      host: 'localhost:8080',
      path: '/app-data/k?X-Amz-Expires=600',
      signQuery: true,
      headers: {},
    },
    { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) },
  )
  return `http://localhost:8080${path}`
}

t.test('a presigned URL: whose it is, and whether it would hold', async (t) => {
  const good = await explain(t, ['GET', presign(SECRET, 'SGAPP0000000000001')])
  t.strictSame(good.get('client'), ['app'])
  t.strictSame(good.get('signature'), ['good'])
  t.equal(good.get('because'), undefined)
  t.strictSame(good.get('decision'), ['allow'])
})

t.test('a signature that would be refused: why, and never the expected one', async (t) => {
  const wrong = await explain(t, ['GET', presign('another secret', 'SGAPP0000000000001')])
  t.strictSame(wrong.get('signature'), ['would be refused'])
  t.ok(wrong.get('because')?.some((text) => text.includes('signature-mismatch')))
  t.strictSame(wrong.get('decision'), ['refuse'], 'whatever the policy says')
  const expected = /X-Amz-Signature=([0-9a-f]{64})/.exec(presign(SECRET, 'SGAPP0000000000001'))?.[1]
  t.ok(expected !== undefined)
  t.notMatch([...wrong.values()].flat().join('\n'), /[0-9a-f]{64}/, 'no signature is printed')

  const unknown = await explain(t, ['GET', presign(SECRET, 'SGNOBODY000000001')])
  t.strictSame(unknown.get('client'), ['no client has the access key SGNOBODY000000001'])
  t.ok(unknown.get('because')?.some((text) => text.includes('unknown-access-key')))

  const old = presign(SECRET, 'SGAPP0000000000001').replace(/(X-Amz-Date=)\d{4}/, '$12013')
  const expired = await explain(t, ['GET', old])
  t.strictSame(expired.get('signature'), ['would be refused'])
})

t.test('a key that no client has, where no signature is asked for', async (t) => {
  const file = FILE.replace(
    'clients:',
    "clients:\n  - { name: sidecar, anonymous: true, buckets: ['*'] }",
  )
  const facts = await explain(t, ['GET', presign('any', 'SGNOBODY000000001')], file)
  t.strictSame(facts.get('client'), ['sidecar'])
  t.strictSame(facts.get('signature'), [
    'not looked at: no client has the access key SGNOBODY000000001',
  ])
  t.strictSame(facts.get('decision'), ['allow'])
  const wrong = await explain(t, ['GET', presign('any', 'SGAPP0000000000001')], file)
  t.strictSame(wrong.get('decision'), ['refuse'], 'a known one has to hold')
})

t.test('session keys: whose they are, and why their token would be refused', async (t) => {
  const secret = Buffer.alloc(32, 5)
  const file = `${FILE.replace(
    'clients:',
    `clients:
  - name: job
    webIdentity: { issuer: ci, subjects: ['job:*'] }
    buckets: [app-data]`,
  )}
sts:
  issuers: [{ name: ci, issuer: 'https://oidc.example', audiences: [a] }]
  sealingKeys: ['${secret.toString('base64')}']
`
  const keysFor = (subject: string) =>
    sealSession(
      new SealingKey(secret),
      {
        ...{
          client: 'job',
          issuer: 'https://oidc.example',
          subject,
          sessionName: 'n',
          tokenId: 'a',
        },
        expiresAt: 4_000_000_000,
      },
      { salt: Buffer.alloc(SALT_BYTES, 1), accessKey: Buffer.alloc(ACCESS_KEY_BYTES, 2) },
    )
  const urlFor = (subject: string): string => {
    const { secretAccessKey, accessKeyId, sessionToken } = keysFor(subject)
    return presign(secretAccessKey, accessKeyId, sessionToken)
  }
  const good = await explain(t, ['GET', urlFor('job:1')], file)
  t.strictSame(good.get('client'), ['job'])
  t.strictSame(good.get('decision'), ['allow'])
  const gone = await explain(t, ['GET', urlFor('root')], file)
  t.strictSame(gone.get('signature'), ['would be refused'])
  t.strictSame(gone.get('decision'), ['refuse'])
  const supposed = await explain(t, ['--client', 'job', 'PUT', '/app-data/k'], file)
  t.strictSame(supposed.get('decision'), ['allow'])
})

t.test('a client that is not there, and a file that is not good, exit 2', async (t) => {
  const directory = t.testdir({ 'sealgate.yaml': FILE, 'bad.yaml': 'version: 2\n' })
  const good = join(directory, 'sealgate.yaml')
  t.match(await run(['explain', '--config', good, '--client', 'nobody', 'GET', '/b/k']), {
    code: 2,
    stdout: '',
    stderr: /no client 'nobody' in .*sealgate\.yaml/,
  })
  const bad = join(directory, 'bad.yaml')
  t.match(await run(['explain', '--config', bad, 'GET', '/b/k']), {
    code: 2,
    stdout: '',
    stderr: /bad\.yaml:1:\d+: version: /,
  })
})

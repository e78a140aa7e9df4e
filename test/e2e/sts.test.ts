import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import aws4 from 'aws4'
import t, { type Test } from 'tap'
import { Issuer, makeIssuerKey } from '../support/issuer.ts'
import { KEY, REGION, type Rig, type RigOptions, startRig } from '../support/rig.ts'
import { type Answer, send, sendRaw } from '../support/signed-request.ts'

const SEALING_KEY = randomBytes(32).toString('base64')

interface Scene {
  readonly rig: Rig
  readonly issuer: Issuer
  readonly stsPort: number
}

interface SceneOptions extends RigOptions {
  readonly sealingKey?: string
  readonly claims?: string
}

/** A gateway with a client `billing` that the issuer's service accounts of `billing` are. */
async function sceneOf(t: Test, options: SceneOptions = {}): Promise<Scene> {
  const issuer = await Issuer.open()
  const rig = await startRig({
    listen: "  - { kind: sts, address: '127.0.0.1:0' }",
    clients: `
  - name: billing
    webIdentity: { issuer: cluster, subjects: ['system:serviceaccount:billing:*'], claims: ${options.claims ?? '{}'} }
    buckets: [bucket]
  - name: audit
    webIdentity: { issuer: cluster, subjects: ['system:serviceaccount:audit:*'] }
    buckets: ['*']`,
    ...options,
    more: `
sts:
  issuers:
    - { name: cluster, issuer: '${issuer.url}', audiences: [sealgate] }
  sealingKeys: ['${options.sealingKey ?? SEALING_KEY}']
${options.more ?? ''}`,
  })
  t.teardown(async () => {
    await rig.close()
    issuer.close()
  })
  return { rig, issuer, stsPort: rig.ports[1] ?? 0 }
}

/** Sends the parameters as a form. */
function call(port: number, parameters: Readonly<Record<string, string>>): Promise<Answer> {
  const body = Buffer.from(new URLSearchParams(parameters).toString())
  const headers = {
    host: `127.0.0.1:${port}`,
    'content-type': 'application/x-www-form-urlencoded; charset=utf-8',
    'content-length': String(body.length),
  }
  return sendRaw(port, 'POST', '/', headers, body)
}

const ASK = {
  Action: 'AssumeRoleWithWebIdentity',
  Version: '2011-06-15',
  RoleArn: 'arn:aws:iam::000000000000:role/billing',
  RoleSessionName: 'app-7',
}

function assume(
  port: number,
  token: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return call(port, { ...ASK, WebIdentityToken: token, ...more })
}

function textOf({ text }: Answer, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? ''
}

interface Keys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

function keysOf(answer: Answer): Keys {
  return {
    accessKeyId: textOf(answer, 'AccessKeyId'),
    secretAccessKey: textOf(answer, 'SecretAccessKey'),
    sessionToken: textOf(answer, 'SessionToken'),
  }
}

/** Status, code and reason of an answer of either listener. */
function verdictOf(answer: Answer): string {
  const words = [answer.status, textOf(answer, 'Code'), answer.headers['x-sealgate-reason']]
  return words.filter((word) => word !== '' && word !== undefined).join(' ')
}

function put(rig: Rig, keys: Keys, key = 'k', bucket = 'bucket'): Promise<Answer> {
  const headers = { 'x-amz-security-token': keys.sessionToken }
  const path = `/${bucket}/${key}`
  return send(rig.port, { method: 'PUT', path, headers, body: 'x', credentials: keys })
}

t.test('a token is exchanged for keys, and these write under the policy', async (t) => {
  const { rig, issuer, stsPort } = await sceneOf(t)
  const token = await issuer.token()
  const answer = await assume(stsPort, token)
  t.equal(answer.status, 200, answer.text)
  t.match(answer.headers, { 'content-type': 'text/xml', 'cache-control': 'no-store' })
  t.match(
    answer.text,
    /^<AssumeRoleWithWebIdentityResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/">/,
  )
  t.equal(textOf(answer, 'SubjectFromWebIdentityToken'), 'system:serviceaccount:billing:app')
  t.equal(textOf(answer, 'Arn'), 'arn:aws:sts::000000000000:assumed-role/billing/app-7')
  t.equal(textOf(answer, 'Audience'), 'sealgate')
  t.equal(textOf(answer, 'Provider'), issuer.url)
  const leftMs = Date.parse(textOf(answer, 'Expiration')) - Date.now()
  t.ok(leftMs > 3_590_000 && leftMs <= 3_600_000, `${leftMs}`)
  const keys = keysOf(answer)
  t.equal((await put(rig, keys)).status, 200)
  t.match(rig.sandbox.inspect('bucket', 'k'), { encryption: 'aws:kms', keyId: KEY })
  t.equal(verdictOf(await put(rig, keys, 'k', 'other')), '403 AccessDenied bucket-not-allowed')

  const heads = JSON.stringify(rig.received)
  const tokenId = createHash('sha256').update(token).digest('hex').slice(0, 32)
  const lines = await rig.audit()
  const session = {
    issuer: 'cluster',
    subject: 'system:serviceaccount:billing:app',
    sessionName: 'app-7',
    tokenId,
  }
  t.match(lines, [
    {
      operation: 'AssumeRoleWithWebIdentity',
      client: 'billing',
      decision: 'allow',
      status: 200,
      ...session,
    },
    { operation: 'PutObject', client: 'billing', decision: 'allow', status: 200, ...session },
    { operation: 'PutObject', client: 'billing', reason: 'bucket-not-allowed', ...session },
  ])
  for (const secret of [token, keys.sessionToken, keys.secretAccessKey]) {
    const parts = [secret, encodeURIComponent(secret), secret.slice(0, 60)]
    for (const text of [heads, JSON.stringify(lines), rig.log()]) {
      t.notOk(parts.some((part) => text.includes(part)))
    }
  }
})

t.test('hostile tokens get the codes of STS, and nothing else', async (t) => {
  const { issuer, stsPort, rig } = await sceneOf(t)
  const other = await makeIssuerKey('ES256', 'key-1')
  const now = Math.floor(Date.now() / 1000)
  const [head = '', payload = '', signature = ''] = (await issuer.token()).split('.')
  const none = Buffer.from('{"alg":"none"}').toString('base64url')
  const twice = Buffer.from('{"sub":"a","sub":"b"}').toString('base64url')
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'signed by another key',
      await issuer.token({}, other),
      '400 InvalidIdentityToken token-signature',
    ],
    ['alg none', `${none}.${payload}.AA`, '400 InvalidIdentityToken token-algorithm'],
    ['not signed', `${head}.${payload}.`, '400 InvalidIdentityToken token-malformed'],
    ['a claim twice', `${head}.${twice}.${signature}`, '400 InvalidIdentityToken token-malformed'],
    [
      'another issuer',
      await issuer.token({ iss: 'https://evil.example' }),
      '400 InvalidIdentityToken token-issuer-unknown',
    ],
    [
      'another audience',
      await issuer.token({ aud: 'sts.amazonaws.com' }),
      '400 InvalidIdentityToken token-audience',
    ],
    ['expired', await issuer.token({ exp: now - 60 }), '400 ExpiredTokenException token-expired'],
    [
      'not yet valid',
      await issuer.token({ nbf: now + 600 }),
      '400 InvalidIdentityToken token-not-yet-valid',
    ],
    [
      'another subject',
      await issuer.token({ sub: 'system:serviceaccount:audit:app' }),
      '403 AccessDenied role-not-allowed',
    ],
    [
      'a longer subject',
      await issuer.token({ sub: 'xsystem:serviceaccount:billing:app' }),
      '403 AccessDenied role-not-allowed',
    ],
    [
      'a subject in upper case',
      await issuer.token({ sub: 'system:serviceaccount:Billing:app' }),
      '403 AccessDenied role-not-allowed',
    ],
    [
      'a look-alike',
      await issuer.token({ sub: 'system:serviceaccount:b\u0456lling:app' }),
      '400 InvalidIdentityToken token-claims',
    ],
    [
      'a wide look-alike',
      await issuer.token({ sub: 'system\uff1aserviceaccount:billing:app' }),
      '400 InvalidIdentityToken token-claims',
    ],
    [
      'huge',
      await issuer.token({ x: 'a'.repeat(20_000) }),
      '400 InvalidIdentityToken token-malformed',
    ],
    ['no token', '', '400 ValidationError parameter-invalid'],
  ]
  for (const [name, token, verdict] of cases) {
    t.equal(verdictOf(await assume(stsPort, token)), verdict, name)
  }
  const lines = await rig.audit()
  t.equal(lines.length, cases.length)
  t.ok(lines.every(({ decision, reason }) => decision === 'deny' && typeof reason === 'string'))
  const text = await rig.metrics.registry.getSingleMetricAsString('sealgate_sts_requests_total')
  t.match(text, /\{issuer="cluster",result="token-expired"\} 1/)
  t.match(text, /\{issuer="",result="token-issuer-unknown"\} 1/)
})

t.test('a role that does not exist is answered like one of somebody else', async (t) => {
  const { issuer, stsPort } = await sceneOf(t)
  const token = await issuer.token()
  const answers = ['audit', 'nobody', 'app'].map((name) =>
    assume(stsPort, token, { RoleArn: `arn:aws:iam::000000000000:role/${name}` }),
  )
  for (const answer of await Promise.all(answers)) {
    t.equal(verdictOf(answer), '403 AccessDenied role-not-allowed')
  }
})

t.test('parameters that mean something else, or more, are refused', async (t) => {
  const { issuer, stsPort } = await sceneOf(t)
  const token = await issuer.token()
  const cases: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [{ Action: 'AssumeRole' }, '400 InvalidAction action-unknown'],
    [{ Action: 'assumerolewithwebidentity' }, '400 InvalidAction action-unknown'],
    [{ Version: '2011-06-16' }, '400 MissingAction action-missing'],
    [{ Policy: '{}' }, '400 MalformedPolicyDocument session-policy'],
    [
      { 'PolicyArns.member.1.arn': 'arn:aws:iam::aws:policy/x' },
      '400 MalformedPolicyDocument session-policy',
    ],
    [{ ProviderId: 'graph.facebook.com' }, '400 ValidationError parameter-invalid'],
    [{ RoleArn: 'billing' }, '400 ValidationError parameter-invalid'],
    [
      { RoleArn: 'arn:aws:iam::000000000000:user/billing' },
      '400 ValidationError parameter-invalid',
    ],
    [{ RoleArn: 'arn:aws:iam::000000000000:role/' }, '400 ValidationError parameter-invalid'],
    [{ RoleArn: 'arn:aws:iam::000000000000:role/team/billing' }, '200'],
    [{ RoleArn: 'arn:aws-cn:iam::111122223333:role/billing' }, '200'],
    [{ DurationSeconds: '899' }, '400 ValidationError parameter-invalid'],
    [{ DurationSeconds: '3601' }, '400 ValidationError parameter-invalid'],
    [{ DurationSeconds: '1e3' }, '400 ValidationError parameter-invalid'],
    [{ DurationSeconds: '-900' }, '400 ValidationError parameter-invalid'],
    [{ DurationSeconds: '' }, '400 ValidationError parameter-invalid'],
    [{ DurationSeconds: '900' }, '200'],
    [{ RoleSessionName: 'a' }, '400 ValidationError parameter-invalid'],
    [{ RoleSessionName: 'a/b' }, '400 ValidationError parameter-invalid'],
    [{ RoleSessionName: 'a b' }, '400 ValidationError parameter-invalid'],
    [{ RoleSessionName: 'app\r\n7' }, '400 ValidationError parameter-invalid'],
    [{ RoleSessionName: 'app\u20287' }, '400 ValidationError parameter-invalid'],
    [{ RoleSessionName: 'äpp' }, '400 ValidationError parameter-invalid'],
    [{ RoleSessionName: 'a'.repeat(65) }, '400 ValidationError parameter-invalid'],
    [{ RoleSessionName: 'a=b,c.d@e-f_g+h' }, '200'],
  ]
  for (const [more, verdict] of cases) {
    const name = encodeURIComponent(JSON.stringify(more))
    t.equal(verdictOf(await assume(stsPort, token, more)), verdict, name)
  }
})

t.test('requests are read strictly: once, as a form or a query, at the root', async (t) => {
  const { issuer, stsPort } = await sceneOf(t)
  const token = await issuer.token()
  const query = new URLSearchParams({ ...ASK, WebIdentityToken: token }).toString()
  const host = `127.0.0.1:${stsPort}`
  const get = (target: string) => sendRaw(stsPort, 'GET', target, { host })
  t.equal(verdictOf(await get(`/?${query}`)), '200')
  t.equal(
    verdictOf(await get(`/?${query}&RoleArn=x`)),
    '404 MalformedQueryString request-malformed',
  )
  t.equal(verdictOf(await get(`/x?${query}`)), '404 MalformedQueryString request-malformed')
  t.equal(verdictOf(await get(`/?${query}&a=%zz`)), '404 MalformedQueryString request-malformed')
  t.equal(verdictOf(await get('/')), '400 MissingAction action-missing')
  const form = { host, 'content-type': 'application/x-www-form-urlencoded' }
  const post = (body: string, headers: Readonly<Record<string, string>> = form, target = '/') =>
    sendRaw(
      stsPort,
      'POST',
      target,
      { 'content-length': String(body.length), ...headers },
      Buffer.from(body),
    )
  t.equal(verdictOf(await post(query)), '200')
  t.equal(
    verdictOf(await post(query, form, `/?${query}`)),
    '404 MalformedQueryString request-malformed',
  )
  t.equal(
    verdictOf(await post(query, { ...form, 'content-type': 'text/plain' })),
    '404 MalformedQueryString request-malformed',
  )
  t.equal(verdictOf(await post('a'.repeat(65_537))), '413 RequestEntityTooLarge request-too-large')
  t.equal(
    verdictOf(await sendRaw(stsPort, 'PUT', '/', { host })),
    '404 MalformedQueryString request-malformed',
  )
})

t.test('claims of a client must be there, of the right type', async (t) => {
  const { issuer, stsPort } = await sceneOf(t, {
    claims: "{ ref: 'refs/heads/*', environment: [prod, stage], protected: true, groups: [ops] }",
  })
  const good = {
    ref: 'refs/heads/main',
    environment: 'prod',
    protected: true,
    groups: ['x', 'ops'],
  }
  const cases: readonly (readonly [object, string])[] = [
    [{}, '200'],
    [{ environment: 'stage' }, '200'],
    [{ groups: 'ops' }, '200'],
    [{ ref: 'refs/tags/main' }, '403 AccessDenied role-not-allowed'],
    [{ ref: undefined }, '403 AccessDenied role-not-allowed'],
    [{ protected: 'true' }, '403 AccessDenied role-not-allowed'],
    [{ protected: 1 }, '403 AccessDenied role-not-allowed'],
    [{ groups: [['ops']] }, '403 AccessDenied role-not-allowed'],
    [{ groups: { ops: 'ops' } }, '403 AccessDenied role-not-allowed'],
    [{ environment: ['dev'] }, '403 AccessDenied role-not-allowed'],
  ]
  for (const [claims, verdict] of cases) {
    const token = await issuer.token({ ...good, ...claims })
    t.equal(verdictOf(await assume(stsPort, token)), verdict, JSON.stringify(claims))
  }
})

t.test(
  'altered keys, keys of others and keys without their token are refused as S3 does',
  async (t) => {
    const { rig, issuer, stsPort } = await sceneOf(t)
    const stranger = await sceneOf(t, { sealingKey: randomBytes(32).toString('base64') })
    const keys = keysOf(await assume(stsPort, await issuer.token()))
    const others = keysOf(await assume(stsPort, await issuer.token()))
    const foreign = keysOf(await assume(stranger.stsPort, await stranger.issuer.token()))
    const { sessionToken, accessKeyId, secretAccessKey } = keys
    const withoutToken = { accessKeyId, secretAccessKey }
    const at = sessionToken.length - 30
    const altered = `${sessionToken.slice(0, at)}${sessionToken[at] === 'A' ? 'B' : 'A'}${sessionToken.slice(at + 1)}`
    const invalid = '400 InvalidToken session-token-invalid'
    t.equal(verdictOf(await put(rig, { ...keys, sessionToken: altered })), invalid)
    t.equal(verdictOf(await put(rig, { ...keys, sessionToken: others.sessionToken })), invalid)
    t.equal(verdictOf(await put(rig, foreign)), invalid)
    t.equal(verdictOf(await put(rig, { ...keys, sessionToken: 'x' })), invalid)
    const secret = { ...keys, secretAccessKey: others.secretAccessKey }
    t.equal(verdictOf(await put(rig, secret)), '403 SignatureDoesNotMatch signature-mismatch')
    const bare = await send(rig.port, {
      method: 'PUT',
      path: '/bucket/k',
      body: 'x',
      credentials: withoutToken,
    })
    t.equal(verdictOf(bare), '403 InvalidAccessKeyId unknown-access-key')
    const unsigned = { 'x-amz-security-token': sessionToken }
    const late = await send(rig.port, {
      method: 'PUT',
      path: '/bucket/k',
      body: 'x',
      credentials: withoutToken,
      unsigned,
    })
    t.equal(verdictOf(late), '403 AccessDenied headers-not-signed')
    t.equal(rig.received.length, 0)
    t.equal((await put(rig, keys)).status, 200)
    t.equal((await put(rig, keys)).status, 200, 'from the cache')
    t.equal(
      verdictOf(await put(rig, { ...keys, sessionToken: altered })),
      invalid,
      'with a full cache',
    )
  },
)

t.test('presigned URLs, forms and chunks are signed with session keys too', async (t) => {
  const { rig, issuer, stsPort } = await sceneOf(t)
  const credentials = keysOf(await assume(stsPort, await issuer.token()))
  const client = new S3Client({
    endpoint: rig.url,
    region: REGION,
    forcePathStyle: true,
    credentials,
  })
  await client.send(
    new PutObjectCommand({
      Bucket: 'bucket',
      Key: 'k',
      Body: 'chunked',
      ChecksumAlgorithm: 'CRC32',
    }),
  )
  const url = await getSignedUrl(client, new GetObjectCommand({ Bucket: 'bucket', Key: 'k' }))
  t.match(url, /X-Amz-Security-Token=/)
  t.equal(await (await fetch(url)).text(), 'chunked')
  const spoilt = await fetch(url.replace(/(X-Amz-Security-Token=.)./, '$1_'))
  t.equal(spoilt.status, 400)
  t.match(await spoilt.text(), /<Code>InvalidToken</)
  const form = await createPresignedPost(client, { Bucket: 'bucket', Key: 'form' })
  const body = new FormData()
  for (const [name, value] of Object.entries(form.fields)) body.append(name, value)
  body.append('file', new Blob(['posted']))
  t.equal((await fetch(form.url, { method: 'POST', body })).status, 204)
  t.match(rig.sandbox.inspect('bucket', 'form'), { encryption: 'aws:kms', keyId: KEY })
  t.notOk(JSON.stringify(rig.received).toLowerCase().includes('security-token'))
  client.destroy()
})

t.test('GetCallerIdentity says whose keys these are', async (t) => {
  const { issuer, stsPort } = await sceneOf(t)
  const keys = keysOf(await assume(stsPort, await issuer.token()))
  const ask = (
    signer: Keys,
    service = 'sts',
    body = 'Action=GetCallerIdentity&Version=2011-06-15',
  ) => {
    const signed = aws4.sign(
      {
        service,
        region: 'eu-west-9',
        method: 'POST',
        path: '/',
        host: `127.0.0.1:${stsPort}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body,
      },
      signer,
    )
    const headers = Object.fromEntries(
      Object.entries(signed.headers ?? {}).map(([name, value]) => [name, String(value)]),
    )
    return sendRaw(stsPort, 'POST', '/', headers, Buffer.from(body))
  }
  const answer = await ask(keys)
  t.equal(answer.status, 200, answer.text)
  t.equal(textOf(answer, 'Arn'), 'arn:aws:sts::000000000000:assumed-role/billing/app-7')
  t.equal(textOf(answer, 'UserId'), `${keys.accessKeyId}:app-7`)
  t.equal(
    verdictOf(await ask({ ...keys, secretAccessKey: 'x' })),
    '403 SignatureDoesNotMatch signature-mismatch',
  )
  t.equal(
    verdictOf(await ask({ ...keys, sessionToken: 'x' })),
    '403 InvalidClientTokenId session-token-invalid',
  )
  t.equal(verdictOf(await ask(keys, 's3')), '400 IncompleteSignature signature-malformed')
  const unsigned = await call(stsPort, { Action: 'GetCallerIdentity', Version: '2011-06-15' })
  t.equal(verdictOf(unsigned), '403 MissingAuthenticationToken unsigned')
})

t.test('keys of an issuer that cannot be read are a fault of the issuer', async (t) => {
  const { issuer, stsPort, rig } = await sceneOf(t)
  issuer.answer = { status: 302, location: `${issuer.url}/.well-known/openid-configuration` }
  const verdict = '400 IDPCommunicationError keys-unavailable'
  t.equal(verdictOf(await assume(stsPort, await issuer.token())), verdict)
  t.equal(verdictOf(await assume(stsPort, await issuer.token())), verdict, 'asked once more')
  issuer.answer = { status: 200 }
  t.equal(
    verdictOf(await assume(stsPort, await issuer.token())),
    verdict,
    'not asked again at once',
  )
  t.equal(issuer.reads, 2)
  const text = await rig.metrics.registry.getSingleMetricAsString(
    'sealgate_sts_key_set_reads_total',
  )
  t.match(text, /\{issuer="cluster",result="failure"\} 2/)
  t.match(rig.log(), /the keys of an issuer cannot be read/)
})

t.test('SDK v3 gets keys by three variables of the environment', async (t) => {
  const { rig, issuer, stsPort } = await sceneOf(t)
  const folder = await mkdtemp(join(tmpdir(), 'sealgate-token-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'token')
  await writeFile(file, await issuer.token())
  const program = `
    import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
    const client = new S3Client({ forcePathStyle: true })
    await client.send(new PutObjectCommand({ Bucket: 'bucket', Key: 'k', Body: 'by a token' }))`
  const env = {
    AWS_WEB_IDENTITY_TOKEN_FILE: file,
    AWS_ROLE_ARN: ASK.RoleArn,
    AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${stsPort}`,
    AWS_ENDPOINT_URL_S3: rig.url,
    AWS_REGION: REGION,
    AWS_EC2_METADATA_DISABLED: 'true',
    HOME: folder,
  }
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], { env })
  t.match(rig.sandbox.inspect('bucket', 'k'), { encryption: 'aws:kms', keyId: KEY })
})

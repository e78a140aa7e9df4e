import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { CredentialsConfig } from '../../src/config/schema-credentials.ts'
import { fetchCredentials } from '../../src/credentials/fetch-credentials.ts'
import {
  containerEndpoint,
  instanceMetadata,
  issue,
  securityTokenService,
  stsError,
} from './aws-protocols.ts'
import { type Answer, startStandIn } from './stand-in.ts'
import { withEnvironment } from './with-environment.ts'

const ROLE = 'arn:aws:iam::111122223333:role/sealgate'
const FUTURE = new Date('2099-01-01T00:00:00Z')

/** What a source gives when it fails: each is an error, none hangs. */
const FAULTS: readonly (readonly [string, Answer])[] = [
  ['an error', { status: 500, body: 'oops' }],
  ['a refusal', { status: 403, body: '{}' }],
  ['no JSON or XML', { status: 200, body: '}{<' }],
  ['another document', { status: 200, body: '{"a":1}' }],
  ['nothing', { status: 200, body: '' }],
  ['a cut connection', 'reset'],
  ['silence', 'hang'],
]

function fetch(
  config: CredentialsConfig,
  variables: Readonly<Record<string, string>>,
  ca?: string,
) {
  const options = { region: 'eu-central-1', ca, requestTimeoutMs: 300, warn: () => undefined }
  return withEnvironment(variables, (env) => fetchCredentials(config, { ...options, env }))
}

t.test('fixed credentials are given as they stand', async (t) => {
  const fixed = {
    source: 'static',
    accessKeyId: 'A',
    secretAccessKey: 'S',
    sessionToken: undefined,
  } as const
  t.match(await fetch(fixed, {}), { accessKeyId: 'A', secretAccessKey: 'S' })
})

t.test('credentials are read from the environment', async (t) => {
  const variables = {
    AWS_ACCESS_KEY_ID: 'AKIA1',
    AWS_SECRET_ACCESS_KEY: 'S',
    AWS_SESSION_TOKEN: 'T',
  }
  const expected = {
    accessKeyId: 'AKIA1',
    secretAccessKey: 'S',
    sessionToken: 'T',
    expiration: undefined,
  }
  t.strictSame(await fetch({ source: 'env' }, variables), expected)
  t.strictSame(await fetch({ source: 'default' }, variables), expected)
  await t.rejects(fetch({ source: 'env' }, {}), /environment variable/)
})

t.test('shared files, read anew each time', async (t) => {
  const folder = t.testdir({ credentials: '', config: '' })
  const credentialsFile = join(folder, 'credentials')
  const write = (id: string) =>
    writeFileSync(
      credentialsFile,
      `[default]\naws_access_key_id=${id}\naws_secret_access_key=S\n[other]\naws_access_key_id=OTHER\naws_secret_access_key=S\n`,
    )
  const file = {
    source: 'file',
    profile: undefined,
    credentialsFile,
    configFile: join(folder, 'config'),
  } as const
  write('FIRST')
  t.match(await fetch(file, {}), { accessKeyId: 'FIRST' })
  write('SECOND')
  t.match(await fetch(file, {}), { accessKeyId: 'SECOND' })
  t.match(await fetch({ ...file, profile: 'other' }, {}), { accessKeyId: 'OTHER' })
  await t.rejects(fetch({ ...file, profile: 'missing' }, {}), /missing/)
  const variables = { AWS_SHARED_CREDENTIALS_FILE: credentialsFile }
  t.match(await fetch({ source: 'default' }, variables), { accessKeyId: 'SECOND' })
})

t.test('credentials are read from the instance metadata service, version 2', async (t) => {
  let answer: () => ReturnType<typeof issue> | Answer = () => issue(1, FUTURE)
  const standIn = await startStandIn(instanceMetadata(() => answer()))
  t.teardown(() => standIn.close())
  const variables = { AWS_EC2_METADATA_SERVICE_ENDPOINT: standIn.origin }
  for (const source of ['instance', 'default'] as const) {
    t.strictSame(await fetch({ source }, variables), issue(1, FUTURE), source)
  }
  t.match(
    standIn.seen.slice(0, 3).map(({ method, path }) => `${method} ${path}`),
    [
      'PUT /latest/api/token',
      'GET /latest/meta-data/iam/security-credentials/',
      'GET /latest/meta-data/iam/security-credentials/sealgate-role',
    ],
  )
  for (const [name, fault] of FAULTS) {
    answer = () => fault
    await t.rejects(fetch({ source: 'instance' }, variables), name)
  }
})

t.test('credentials that the SDK would prolong keep their true end', async (t) => {
  const past = new Date('2020-01-01T00:00:00Z')
  const standIn = await startStandIn(instanceMetadata(() => issue(1, past)))
  t.teardown(() => standIn.close())
  const variables = { AWS_EC2_METADATA_SERVICE_ENDPOINT: standIn.origin }
  const { expiration } = await fetch({ source: 'instance' }, variables)
  t.strictSame(expiration, past)
})

t.test('version 1 of the instance metadata service is never asked', async (t) => {
  for (const status of [400, 403, 404, 405, 500]) {
    const standIn = await startStandIn(({ method }) =>
      method === 'PUT' ? { status } : { status: 200, body: 'role' },
    )
    const variables = { AWS_EC2_METADATA_SERVICE_ENDPOINT: standIn.origin }
    await t.rejects(fetch({ source: 'instance' }, variables), String(status))
    t.strictSame(
      standIn.seen.map(({ method }) => method),
      ['PUT'],
      `${status}`,
    )
    standIn.close()
  }
})

t.test(
  'credentials are read from the container endpoint, with a token file that rotates',
  async (t) => {
    const tokenFile = join(t.testdir({ token: 'first-token' }), 'token')
    let answer: () => ReturnType<typeof issue> | Answer = () => issue(2, FUTURE)
    const standIn = await startStandIn(containerEndpoint(tokenFile, () => answer()))
    t.teardown(() => standIn.close())
    const variables = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${standIn.origin}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile,
    }
    t.strictSame(await fetch({ source: 'container' }, variables), issue(2, FUTURE))
    writeFileSync(tokenFile, 'second-token')
    t.strictSame(await fetch({ source: 'container' }, variables), issue(2, FUTURE))
    t.strictSame(await fetch({ source: 'default' }, variables), issue(2, FUTURE))
    t.strictSame(
      standIn.seen.map(({ headers }) => headers.authorization),
      ['first-token', 'second-token', 'second-token'],
    )
    for (const [name, fault] of FAULTS) {
      answer = () => fault
      await t.rejects(fetch({ source: 'container' }, variables), name)
    }
    await t.rejects(fetch({ source: 'container' }, {}), /names no container endpoint/)
  },
)

t.test('a web identity: STS gives a role for the token of the file, over TLS', async (t) => {
  const tokenFile = join(t.testdir({ token: 'jwt.one.x' }), 'token')
  let answer: () => ReturnType<typeof issue> | Answer = () => issue(3, FUTURE)
  const asked: (string | null)[][] = []
  const standIn = await startStandIn(
    securityTokenService({
      credentials: (parameters) => {
        asked.push(['Action', 'RoleArn', 'WebIdentityToken'].map((name) => parameters.get(name)))
        return answer()
      },
    }),
    true,
  )
  t.teardown(() => standIn.close())
  const variables = {
    AWS_ENDPOINT_URL_STS: standIn.origin,
    AWS_ROLE_ARN: ROLE,
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
  }
  const bare = {
    source: 'web-identity',
    roleArn: undefined,
    tokenFile: undefined,
    sessionName: undefined,
  } as const
  t.match(await fetch(bare, variables, standIn.ca), issue(3, FUTURE))
  writeFileSync(tokenFile, 'jwt.two.x')
  t.match(await fetch({ source: 'default' }, variables, standIn.ca), issue(3, FUTURE))
  const other = `${ROLE}-2`
  const given = { ...bare, roleArn: other, tokenFile, sessionName: 'me' }
  t.match(
    await fetch(given, { AWS_ENDPOINT_URL_STS: standIn.origin }, standIn.ca),
    issue(3, FUTURE),
  )
  t.strictSame(asked, [
    ['AssumeRoleWithWebIdentity', ROLE, 'jwt.one.x'],
    ['AssumeRoleWithWebIdentity', ROLE, 'jwt.two.x'],
    ['AssumeRoleWithWebIdentity', other, 'jwt.two.x'],
  ])
  t.match(standIn.seen[2]?.body, /RoleSessionName=me/)
  for (const [name, fault] of FAULTS) {
    answer = () => fault
    await t.rejects(fetch(bare, variables, standIn.ca), name)
  }
  await t.rejects(fetch(bare, variables), /certificate/, 'an authority that is not known')
  await t.rejects(fetch(bare, {}), /not specified/)
})

t.test('a role that is assumed with other credentials, its call signed with them', async (t) => {
  let answer: () => ReturnType<typeof issue> | Answer = () => issue(4, FUTURE)
  const standIn = await startStandIn(
    securityTokenService({
      callerSecret: 'the-caller-secret',
      callerToken: 'the-caller-token',
      credentials: () => answer(),
    }),
    true,
  )
  t.teardown(() => standIn.close())
  const variables = {
    AWS_ENDPOINT_URL_STS: standIn.origin,
    AWS_ACCESS_KEY_ID: 'AKIACALLER',
    AWS_SECRET_ACCESS_KEY: 'the-caller-secret',
    AWS_SESSION_TOKEN: 'the-caller-token',
  }
  const role = {
    source: 'assume-role',
    roleArn: ROLE,
    externalId: 'partner-42',
    sessionName: 'sealgate',
    durationSeconds: 900,
    from: { source: 'env' },
  } as const
  t.match(await fetch(role, variables, standIn.ca), issue(4, FUTURE))
  t.match(Object.fromEntries(new URLSearchParams(standIn.seen[0]?.body)), {
    Action: 'AssumeRole',
    RoleArn: ROLE,
    ExternalId: 'partner-42',
    RoleSessionName: 'sealgate',
    DurationSeconds: '900',
  })
  t.match(
    standIn.seen[0]?.headers.authorization,
    /AKIACALLER\/\d{8}\/eu-central-1\/sts\/aws4_request/,
  )
  const wrong = { ...variables, AWS_SECRET_ACCESS_KEY: 'another-secret' }
  await t.rejects(fetch(role, wrong, standIn.ca), { name: 'SignatureDoesNotMatch' })
  answer = () => stsError('AccessDenied', 403)
  await t.rejects(fetch(role, variables, standIn.ca), { name: 'AccessDenied' })
  for (const [name, fault] of FAULTS) {
    answer = () => fault
    await t.rejects(fetch(role, variables, standIn.ca), name)
  }
  await t.rejects(fetch(role, {}, standIn.ca), /environment variable/, 'the source beneath fails')
})

t.test('a role can be assumed with the credentials of another role', async (t) => {
  const standIn = await startStandIn(
    securityTokenService({
      callerSecret: 'the-caller-secret',
      credentials: (parameters) => issue(parameters.get('RoleArn') === ROLE ? 5 : 6, FUTURE),
    }),
    true,
  )
  t.teardown(() => standIn.close())
  const fixed = {
    source: 'static',
    accessKeyId: 'AKIA',
    secretAccessKey: 'the-caller-secret',
    sessionToken: undefined,
  } as const
  const common = {
    source: 'assume-role',
    externalId: undefined,
    sessionName: 'sealgate',
    durationSeconds: 900,
  } as const
  const inner = { ...common, roleArn: `${ROLE}-inner`, from: fixed }
  const chained = { ...common, roleArn: ROLE, from: inner }
  // The second call is signed with what the first gave: another secret, so the stand-in refuses it.
  await t.rejects(fetch(chained, { AWS_ENDPOINT_URL_STS: standIn.origin }, standIn.ca), {
    name: 'SignatureDoesNotMatch',
  })
  t.match(standIn.seen[1]?.headers, {
    authorization: /Credential=ASIA0000000000000006\//,
    'x-amz-security-token': issue(6, FUTURE).sessionToken,
  })
})

t.test('where there is nothing at all, the default says so', async (t) => {
  const standIn = await startStandIn(() => ({ status: 404 }))
  t.teardown(() => standIn.close())
  const variables = { AWS_EC2_METADATA_SERVICE_ENDPOINT: standIn.origin }
  await t.rejects(
    fetch({ source: 'default' }, variables),
    /Could not load credentials from any providers/,
  )
})

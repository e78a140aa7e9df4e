import t from 'tap'
import { buildCredentials } from '../../src/config/build-credentials.ts'
import { loaded, problems, SOUND } from '../support/load-config.ts'

t.equal(typeof buildCredentials, 'function')

function using(credentials: unknown) {
  return { ...SOUND, upstream: { region: 'eu-central-1', credentials } }
}

const ROLE = 'arn:aws:iam::111122223333:role/path/sealgate'

t.test('every source is taken with what is left out filled in', async (t) => {
  for (const [raw, expected] of [
    [{ source: 'default' }, { source: 'default' }],
    [{ source: 'env' }, { source: 'env' }],
    [{ source: 'container' }, { source: 'container' }],
    [{ source: 'instance' }, { source: 'instance' }],
    [
      { source: 'file', profile: 'p', credentialsFile: 'aws/credentials' },
      {
        source: 'file',
        profile: 'p',
        credentialsFile: '/etc/sealgate/aws/credentials',
        configFile: undefined,
      },
    ],
    [
      { source: 'web-identity', roleArn: ROLE, tokenFile: '/run/token' },
      { source: 'web-identity', roleArn: ROLE, tokenFile: '/run/token', sessionName: undefined },
    ],
    [
      { source: 'assume-role', roleArn: ROLE },
      {
        source: 'assume-role',
        roleArn: ROLE,
        externalId: undefined,
        sessionName: 'sealgate',
        durationSeconds: 3600,
        from: { source: 'default' },
      },
    ],
    [
      {
        source: 'assume-role',
        roleArn: ROLE,
        externalId: 'x',
        sessionName: 'me',
        duration: '15m',
        from: {
          source: 'assume-role',
          roleArn: ROLE,
          from: {
            source: 'static',
            accessKeyId: 'AKIA',
            secretAccessKey: { file: 's' },
            sessionToken: 'token-token-token',
          },
        },
      },
      {
        source: 'assume-role',
        roleArn: ROLE,
        externalId: 'x',
        sessionName: 'me',
        durationSeconds: 900,
        from: {
          source: 'assume-role',
          roleArn: ROLE,
          externalId: undefined,
          sessionName: 'sealgate',
          durationSeconds: 3600,
          from: {
            source: 'static',
            accessKeyId: 'AKIA',
            secretAccessKey: 'a-secret-of-some-length',
            sessionToken: 'token-token-token',
          },
        },
      },
    ],
  ] as const) {
    const files = { '/etc/sealgate/s': 'a-secret-of-some-length\n' }
    t.strictSame((await loaded(using(raw), { files })).upstream.credentials, expected)
  }
})

t.test('what is wrong is told with its place', async (t) => {
  for (const [raw, expected] of [
    ['default', [/credentials: must be a mapping with source: default \|/]],
    [{}, [/credentials\.source: is missing: must be one of/]],
    [{ source: 'instanse' }, [/credentials\.source: .*did you mean instance\?/]],
    [{ source: 'env', profile: 'x' }, [/credentials\.profile: unknown key/]],
    [
      { source: 'static' },
      [
        /credentials\.(accessKeyId|secretAccessKey): /,
        /credentials\.(accessKeyId|secretAccessKey): /,
      ],
    ],
    ...['a b', 'AKI\u0141'].map(
      (accessKeyId) =>
        [
          { source: 'static', accessKeyId, secretAccessKey: 'x'.repeat(20) },
          [/credentials\.accessKeyId: must be printable ASCII without spaces/],
        ] as const,
    ),
    [
      { source: 'static', accessKeyId: 'A', secretAccessKey: 'short' },
      [/credentials\.secretAccessKey: too short/],
    ],
    [
      { source: 'static', accessKeyId: 'A', secretAccessKey: 'x'.repeat(20), sessionToken: 'y' },
      [/credentials\.sessionToken: too short/],
    ],
    [{ source: 'assume-role', roleArn: 'sealgate' }, [/roleArn: write the full ARN/]],
    [
      { source: 'assume-role', roleArn: ROLE, duration: '14m' },
      [/duration: must be from 15m to 12h/],
    ],
    [
      { source: 'assume-role', roleArn: ROLE, sessionName: 'a b' },
      [/sessionName: must be 2 to 64/],
    ],
    [
      {
        source: 'assume-role',
        roleArn: ROLE,
        from: { source: 'static', accessKeyId: 'A', secretAccessKey: '' },
      },
      [/credentials\.from\.secretAccessKey: too short/],
    ],
    [
      { source: 'assume-role', roleArn: ROLE, from: { source: 'no' } },
      [/credentials\.from\.source: must be one of/],
    ],
  ] as const) {
    t.match(await problems(using(raw)), expected, JSON.stringify(raw))
  }
})

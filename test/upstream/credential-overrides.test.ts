import t from 'tap'
import type { BucketUpstream, Client } from '../../src/config/config.ts'
import type { CredentialsConfig } from '../../src/config/schema-credentials.ts'
import { openCredentialOverrides } from '../../src/upstream/credential-overrides.ts'
import { clientConfig, upstreamConfig } from './upstream-config.ts'

function keys(accessKeyId: string): CredentialsConfig {
  return { source: 'static', accessKeyId, secretAccessKey: 'secret', sessionToken: undefined }
}

function bucket(credentials: CredentialsConfig | undefined): BucketUpstream {
  return { region: undefined, endpoint: undefined, credentials }
}

const PLAIN: Client = clientConfig('plain', undefined)
const OWN: Client = clientConfig('own', keys('CLIENT'))
const SAME: Client = clientConfig('same', keys('CLIENT'))

const overrides = openCredentialOverrides(
  {
    upstream: upstreamConfig({
      buckets: new Map([
        ['theirs', bucket(keys('BUCKET'))],
        ['elsewhere', bucket(undefined)],
      ]),
    }),
    clients: [PLAIN, OWN, SAME],
  },
  { region: 'us-east-1' },
)

t.test('the bucket comes before the client, the client before the upstream', async (t) => {
  const rows: readonly (readonly [Client | undefined, string | undefined, string | undefined])[] = [
    [PLAIN, 'bucket', undefined],
    [PLAIN, 'theirs', 'BUCKET'],
    [PLAIN, 'elsewhere', undefined],
    [OWN, 'bucket', 'CLIENT'],
    [OWN, 'theirs', 'BUCKET'],
    [OWN, undefined, 'CLIENT'],
    [undefined, 'theirs', 'BUCKET'],
    [undefined, undefined, undefined],
  ]
  for (const [client, name, expected] of rows) {
    const source = overrides.sourceOf(client?.name, name)
    t.equal(source?.current()?.accessKeyId, expected, `${client?.name} ${name}`)
  }
})

t.test('what several name is opened once', async (t) => {
  t.equal(overrides.size, 2)
  t.equal(overrides.sourceOf(OWN.name, undefined), overrides.sourceOf(SAME.name, undefined))
  t.equal(overrides.expiresAt, undefined)
})

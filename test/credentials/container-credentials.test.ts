import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import {
  fetchContainerCredentials,
  hasContainerEndpoint,
} from '../../src/credentials/container-credentials.ts'
import { containerEndpoint, issue } from './aws-protocols.ts'
import { startStandIn } from './stand-in.ts'

const FUTURE = new Date('2099-01-01T00:00:00Z')

t.test('the endpoint is named by one of two variables', async (t) => {
  t.ok(hasContainerEndpoint({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/v2' }))
  t.ok(hasContainerEndpoint({ AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1' }))
  t.notOk(hasContainerEndpoint({ AWS_CONTAINER_CREDENTIALS_FULL_URI: '' }))
  t.ok(
    hasContainerEndpoint({
      AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '',
      AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://127.0.0.1',
    }),
    'an empty one is none',
  )
  t.notOk(hasContainerEndpoint({}))
})

t.test(
  'a token may stand in the environment or in a file, which wins and may end with a newline',
  async (t) => {
    const folder = t.testdir({ token: 'of-the-file', expected: 'of-the-file' })
    const tokenFile = join(folder, 'token')
    const sent = join(folder, 'expected')
    const standIn = await startStandIn(containerEndpoint(sent, () => issue(1, FUTURE)))
    t.teardown(() => standIn.close())
    const env = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${standIn.origin}/v1/credentials`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'of-the-environment',
    }
    const withFile = { ...env, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile }
    t.strictSame(await fetchContainerCredentials(withFile, 5000), issue(1, FUTURE))
    writeFileSync(tokenFile, 'of-the-file\n')
    t.strictSame(await fetchContainerCredentials(withFile, 5000), issue(1, FUTURE))
    await t.rejects(fetchContainerCredentials(env, 5000), /status 401/)
    writeFileSync(sent, 'of-the-environment')
    t.strictSame(await fetchContainerCredentials(env, 5000), issue(1, FUTURE))
    writeFileSync(tokenFile, 'two\nlines')
    await t.rejects(fetchContainerCredentials(withFile, 5000), /token .* is malformed/)
  },
)

t.test(
  'credentials go over plain HTTP only to loopback and to the addresses of ECS and EKS',
  async (t) => {
    for (const url of [
      'http://creds.example/',
      'http://169.254.169.254/',
      'http://127.0.0.1.example/',
      'http://user@127.0.0.1/',
      'http://[fd00:ec2::254]/',
      'ftp://127.0.0.1/',
    ]) {
      const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: url }
      await t.rejects(
        fetchContainerCredentials(env, 5000),
        /must be https, or http to loopback/,
        url,
      )
    }
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'nonsense' }
    await t.rejects(fetchContainerCredentials(env, 5000), /is not a URL/)
    await t.rejects(fetchContainerCredentials({}, 5000), /names no container endpoint/)
  },
)

t.test('answers that are of no use are errors, in time and without their text', async (t) => {
  for (const [answer, expected] of [
    [{ status: 200, body: 'hunter2' }, /is not JSON/],
    [{ status: 200, body: '[]' }, /has no credentials/],
    [{ status: 200, body: '{"AccessKeyId":"a","SecretAccessKey":5}' }, /has no credentials/],
    [{ status: 200, body: 'x'.repeat(64 * 1024 + 1) }, /is too long/],
    [{ status: 302, body: '' }, /status 302|fetch failed/],
    [{ status: 500, body: 'hunter2' }, /status 500/],
    ['reset', /fetch failed/],
    ['hang', /timeout/],
  ] as const) {
    const standIn = await startStandIn(() => answer)
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: standIn.origin }
    const error = await fetchContainerCredentials(env, 200).then(
      () => new Error('no error'),
      (reason: unknown) => reason,
    )
    t.match(error, { message: expected }, JSON.stringify(answer).slice(0, 60))
    t.notMatch(String(error), /hunter2/)
    standIn.close()
  }
})

import t from 'tap'
import { send } from '../support/signed-request.ts'
import { startProxy } from './rig.ts'
import { startStandIn } from './stand-in.ts'

const TEAM = { accessKeyId: 'SGTEAM000000000001', secretAccessKey: 'team-secret-team-secret' }
const LOST = { accessKeyId: 'SGLOST000000000001', secretAccessKey: 'lost-secret-lost-secret' }

function client(name: string, keys: typeof TEAM, upstream: string): string {
  return `  - { name: ${name}, accessKeyId: ${keys.accessKeyId}, secretAccessKey: ${keys.secretAccessKey}, buckets: ['*'], upstream: ${upstream} }\n`
}

t.test('who signs upstream: the bucket, then the client, then the upstream', async (t) => {
  const s3 = await startStandIn((_request, response) => response.end())
  const rig = await startProxy({
    endpoint: `http://127.0.0.1:${s3.port}`,
    upstream: `  buckets:
    theirs: { credentials: { source: static, accessKeyId: UPBUCKET, secretAccessKey: bucket-secret-of-16 } }`,
    clients:
      client(
        'team',
        TEAM,
        '{ source: static, accessKeyId: UPTEAM, secretAccessKey: team-secret-of-16 }',
      ) +
      // Nothing answers there, so there never are any.
      client(
        'lost',
        LOST,
        "{ source: file, credentialsFile: '/nonexistent/sealgate/credentials' }",
      ),
  })
  t.teardown(() => Promise.all([rig.close(), s3.close()]))
  await send(rig.port, { path: '/bucket/key' })
  await send(rig.port, { path: '/theirs/key' })
  await send(rig.port, { path: '/bucket/key', credentials: TEAM })
  await send(rig.port, { path: '/theirs/key', credentials: TEAM })
  // The upload, and the look-up that confirms it.
  await send(rig.port, { method: 'PUT', path: '/bucket/key', body: 'x', credentials: TEAM })
  t.strictSame(
    s3.received.map(({ method, accessKeyId }) => `${method} ${accessKeyId}`),
    [
      'GET SGUPSTREAM00000001',
      'GET UPBUCKET',
      'GET UPTEAM',
      'GET UPBUCKET',
      'PUT UPTEAM',
      'HEAD UPTEAM',
    ],
  )
})

t.test(
  'whose credentials are not there gets 503; under no others, and unsigned, nothing leaves',
  async (t) => {
    const s3 = await startStandIn((_request, response) => response.end())
    const rig = await startProxy({
      endpoint: `http://127.0.0.1:${s3.port}`,
      clients: client(
        'lost',
        LOST,
        "{ source: file, credentialsFile: '/nonexistent/sealgate/credentials' }",
      ),
    })
    t.teardown(() => Promise.all([rig.close(), s3.close()]))
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      const answer = await send(rig.port, {
        method,
        path: '/bucket/key',
        credentials: LOST,
        ...(method === 'PUT' ? { body: 'x' } : {}),
      })
      t.equal(answer.status, 503, method)
      t.equal(answer.headers['x-sealgate-reason'], 'no-upstream-credentials')
    }
    t.equal(s3.received.length, 0)
    t.equal((await send(rig.port, { path: '/bucket/key' })).status, 200, 'others are served')
  },
)

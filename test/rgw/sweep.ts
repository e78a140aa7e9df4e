import { deepEqual, equal, match } from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from '../support/report.ts'
import type { S3Client } from '../support/s3-client.ts'
import { run } from '../sweep/sweep-scene.ts'
import { RGW } from './rgw.ts'

const SUITE = 'sweep'
const BUCKET = 'sweep'
const LOSSES = 'unversioned-overwrite,last-modified,etag,acl-window'

/** RGW 16 has no method to give stored objects a key: a sweep says so before anything is changed. */
export async function runSweep(client: S3Client, folder: string, report: Report): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const config = join(folder, 'sealgate.yaml')
  writeFileSync(config, configuration())
  equal((await client.send({ method: 'PUT', target: `/${BUCKET}` })).status, 200)
  const target = `/${BUCKET}/a`
  equal((await client.send({ method: 'PUT', target, body: 'a' })).status, 200)
  const before = await client.send({ method: 'HEAD', target })
  const plan = (name: string, ...more: readonly string[]) => {
    const args = ['--config', config, '--bucket', BUCKET, '--state', join(folder, name)]
    return run(['sweep', 'plan', ...args, ...more])
  }
  await report.check(
    SUITE,
    'plan --probe says in one sentence that there is no method',
    async () => {
      const { code, stdout, stderr } = await plan('asked', '--probe')
      equal(code, 3, stderr)
      match(
        stdout,
        /^ {2}! sweep, rule all: this server has no method to give stored objects the key \(.*\)$/m,
      )
      match(stdout, /^ {2}cannot +1 +1 B {2}no-method$/m)
    },
  )
  await report.check(SUITE, 'run says so before it changes anything', async () => {
    equal((await plan('blind')).code, 3)
    const args = ['--state', join(folder, 'blind'), '--accept', LOSSES]
    const { code, stderr } = await run(['sweep', 'run', ...args])
    equal(code, 1)
    match(stderr, /^sweep, rule all: this server has no method/m)
    match(
      stderr,
      /the plan has versions for copy in sweep \(rule all\), which this server cannot do/,
    )
  })
  await report.check(
    SUITE,
    'nothing is changed, and nothing is left of the questions',
    async () => {
      const after = await client.send({ method: 'HEAD', target })
      for (const name of ['etag', 'last-modified', 'x-amz-server-side-encryption']) {
        equal(after.headers.get(name), before.headers.get(name), name)
      }
      const listed = await client.send({ method: 'GET', target: `/${BUCKET}?list-type=2` })
      deepEqual(
        [...listed.body.toString().matchAll(/<Key>([^<]*)/g)].map(([, name]) => name),
        ['a'],
      )
    },
  )
}

function configuration(): string {
  const { address, keys, region, kms } = RGW
  return JSON.stringify({
    version: 1,
    listen: [{ address: '127.0.0.1:0' }],
    upstream: {
      endpoint: `http://${address.host}:${address.port}`,
      region,
      addressing: 'path',
      credentials: { source: 'static', ...keys },
    },
    clients: [
      {
        name: 'client',
        accessKeyId: 'SGCLIENT000000000001',
        secretAccessKey: 'client-secret-of-the-suite',
        buckets: ['*'],
      },
    ],
    policy: { rules: [{ name: 'all', encrypt: { keyId: kms.one } }] },
  })
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { openCredentials } from '../../src/credentials/open-credentials.ts'
import { Generation } from '../../src/proxy/generation.ts'
import { AuditLog } from '../../src/telemetry/audit-log.ts'
import { openLog } from '../../src/telemetry/log.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { Upstream } from '../../src/upstream/upstream.ts'
import { KEY_ARN, loaded, SOUND } from '../support/load-config.ts'

/** A configuration at work, in front of an S3 on that port of this machine; 1: none is there. */
export async function generationOf(
  t: Test,
  policy: object = {},
  upstreamPort = 1,
): Promise<Generation> {
  const directory = await mkdtemp(join(tmpdir(), 'sealgate-generation-'))
  t.teardown(() => rm(directory, { recursive: true, force: true }))
  const keys = {
    source: 'static',
    accessKeyId: 'SGUPSTREAM',
    secretAccessKey: 'a-secret-of-length',
  }
  const region = 'eu-central-1'
  const config = await loaded({
    ...SOUND,
    upstream: { endpoint: `http://127.0.0.1:${upstreamPort}`, region, credentials: keys },
    policy: { rules: [{ name: 'all', encrypt: { keyId: KEY_ARN } }], ...policy },
  })
  const { endpoint, credentials } = config.upstream
  if (endpoint.kind === 'sandbox') throw new Error('unexpected')
  const source = openCredentials(credentials, { region })
  const upstream = new Upstream(config.upstream, endpoint, source, undefined)
  const file = join(directory, 'audit.log')
  const audit = await AuditLog.open({ destination: { file }, onState: () => undefined })
  t.teardown(async () => {
    await upstream.close()
    await audit.close()
  })
  const metrics = new Metrics({ ...config.metrics, withDefaults: false })
  const log = openLog({ level: 'info', stream: { write: () => undefined } })
  return new Generation(config, upstream, { metrics, audit, log })
}

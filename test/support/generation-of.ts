import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { Generation } from '../../src/proxy/generation.ts'
import { KEY_ARN, SOUND } from './load-config.ts'
import { openServiceParts } from './start-service.ts'

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
  const sections = {
    ...SOUND,
    upstream: { endpoint: `http://127.0.0.1:${upstreamPort}`, region, credentials: keys },
    policy: { rules: [{ name: 'all', encrypt: { keyId: KEY_ARN } }], ...policy },
  }
  // JSON is YAML.
  const lines = Object.entries(sections).map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
  const yaml = lines.join('\n')
  const parts = await openServiceParts({ folder: directory, yaml })
  const { config, upstream, metrics, audit, log } = parts
  t.teardown(async () => {
    await upstream.close()
    await audit.close()
  })
  return new Generation(config, upstream, { metrics, audit, log })
}

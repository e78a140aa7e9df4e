import { failure, ok, type Result } from '../../src/base/result.ts'
import type { Config } from '../../src/config/config.ts'
import { loadConfig } from '../../src/config/load.ts'

/** A key of the region eu-central-1. */
export const KEY_ARN =
  'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'

/** The sections of a file that is sound; a test replaces some. */
export const SOUND = {
  version: 1,
  listen: [{ address: '127.0.0.1:8080' }],
  upstream: { region: 'eu-central-1', credentials: { source: 'default' } },
  clients: [
    {
      name: 'billing',
      accessKeyId: 'SGBILLING0000000001',
      secretAccessKey: 'a-secret-of-some-length',
      buckets: ['billing-*'],
    },
  ],
  policy: { rules: [{ name: 'all', encrypt: { keyId: KEY_ARN } }] },
}

/** What stands around the file. */
export interface Surroundings {
  /** Files by their absolute path; the configuration is /etc/sealgate/config.yaml. */
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

/** Loads YAML text, or sections, which are written as JSON. The error: one text a problem. */
export async function load(
  file: string | object,
  { files = {}, env = {} }: Surroundings = {},
): Promise<Result<Config, readonly string[]>> {
  const text = typeof file === 'string' ? file : JSON.stringify(file)
  const path = '/etc/sealgate/config.yaml'
  const all: Readonly<Record<string, string>> = { ...files, [path]: text }
  const loaded = await loadConfig({
    path,
    env,
    cores: 6,
    readFile: async (name) => {
      const found = all[name]
      if (found === undefined) throw Object.assign(new Error('no'), { code: 'ENOENT' })
      return found
    },
  })
  if (loaded.ok) return ok(loaded.value)
  return failure(loaded.error.problems.map(({ path: at, message }) => `${at}: ${message}`))
}

/** The configuration; throws where there are problems. */
export async function loaded(file: string | object, around: Surroundings = {}): Promise<Config> {
  const result = await load(file, around)
  if (!result.ok) throw new Error(result.error.join('\n'))
  return result.value
}

/** The problems; none where it loads. */
export async function problems(
  file: string | object,
  around: Surroundings = {},
): Promise<readonly string[]> {
  const result = await load(file, around)
  return result.ok ? [] : result.error
}

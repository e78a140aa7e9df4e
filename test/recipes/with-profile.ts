import { ok } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { symlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { readBlocks } from '../support/pages.ts'
import type { Report } from '../support/report.ts'
import {
  administrator,
  putAws,
  REGION,
  type Shipped,
  serveShipped,
  startEmbedded,
} from './embedded.ts'
import type { Differences, PageShell } from './page-shell.ts'

/** A profile, and who its page is written for. */
interface Profile {
  readonly page: string
  readonly file: string
  /** Buckets that the page does not make. */
  readonly buckets: readonly string[]
  /** Of its client, if it has keys. */
  readonly accessKeyId?: string
  /** The file of the client's secret, and those of others. */
  readonly secretFiles?: readonly string[]
  /** Contents of other files that it names, by path, once the page's preparations were run. */
  readonly files?: () => Readonly<Record<string, string>>
  /** Its text with changes; left out: as it is shipped. */
  readonly yaml?: string
}

/** A profile at work. */
export interface ProfileScene {
  readonly shell: PageShell
  readonly sandbox: Sandbox
  readonly sealgate: Shipped
  /** The client's. */
  readonly secret: string
  /** What the programs of the page get: addresses, authority, region. */
  readonly program: Differences
  /** The same with the client's keys in the environment. */
  readonly withKeys: Differences
}

/**
 * What every profile's page begins with, and then `use`: its configuration and its table are checked, its bucket or
 * its key is made, and the program runs with its configuration in front of the embedded S3.
 */
export async function withProfile(
  report: Report,
  shell: PageShell,
  { page, file, buckets, accessKeyId, secretFiles = [], files, yaml }: Profile,
  use: (scene: ProfileScene) => Promise<void>,
): Promise<void> {
  putAws(shell)
  symlinkSync(resolve('config'), shell.path('config'))
  const [check, prepare] = readBlocks(page).filter(
    ({ heading, language }) => heading === 'The configuration' && language === 'sh',
  )
  if (check === undefined) throw new Error(`${page} does not check its configuration`)
  const sandbox = await startEmbedded(buckets)
  try {
    await report.check(page, 'the configuration is valid, and its table holds', async () => {
      ok((await shell.run(check)).includes(' 0 failed'))
    })
    if (prepare !== undefined) await shell.run(prepare, { env: administrator(sandbox) })
    const secret = randomBytes(20).toString('hex')
    const secrets = secretFiles.map(
      (name, i) => [name, i === 0 ? secret : `other-${secret}`] as const,
    )
    const sealgate = await serveShipped(shell, file, {
      sandbox,
      files: { ...Object.fromEntries(secrets), ...files?.() },
      yaml,
    })
    const { url, caFile } = sealgate
    const replace = {
      '=…': `=${secret}`,
      'https://s3.corp.example': url,
      '/etc/internal-ca/ca.crt': caFile,
    }
    const env = { AWS_DEFAULT_REGION: REGION, AWS_CA_BUNDLE: caFile, AWS_ENDPOINT_URL_S3: url }
    const keys =
      accessKeyId === undefined
        ? {}
        : { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secret }
    const program = { replace, env }
    const withKeys = { replace, env: { ...env, ...keys } }
    try {
      await use({ shell, sandbox, sealgate, secret, program, withKeys })
    } finally {
      await sealgate.sealgate.close()
    }
  } finally {
    await sandbox.close()
  }
}

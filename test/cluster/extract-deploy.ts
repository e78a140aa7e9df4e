import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { runOrThrow } from '../deploy/command.ts'

/** The releases before this one, and their commits. */
export const RELEASES = { '0.1.0': '4457c44', '0.2.0': '3ec6940' } as const

/** deploy/ as it was in a release, in a folder of its own; needs the repository's history. */
export async function extractDeploy(
  release: keyof typeof RELEASES,
  folder: string,
): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const archive = join(folder, 'deploy.tar')
  await runOrThrow('git', ['archive', `--output=${archive}`, RELEASES[release], 'deploy'])
  await runOrThrow('tar', ['-xf', archive, '-C', folder])
  return join(folder, 'deploy')
}

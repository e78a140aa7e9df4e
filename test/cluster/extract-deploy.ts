import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { runOrThrow } from '../deploy/command.ts'

/** deploy/ as it was at a commit, in a folder of its own; needs the repository's history. */
export async function extractDeploy(commit: string, folder: string): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const archive = join(folder, 'deploy.tar')
  await runOrThrow('git', ['archive', `--output=${archive}`, commit, 'deploy'])
  await runOrThrow('tar', ['-xf', archive, '-C', folder])
  return join(folder, 'deploy')
}

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installNpmTools } from '../deploy/tools.ts'
import { buildBinaries } from './binaries.ts'

/**
 * Applies everything under deploy/ to a Kubernetes API server and lets it call the webhook. Run from the
 * project's root after a build: `node build/test/cluster/run.js`. Names as arguments choose groups. It needs
 * Linux, Go, npm and `unshare`; the cluster runs in namespaces of its own, without a network.
 */
async function main(): Promise<void> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  // biome-ignore lint/style/noProcessEnv: where the programs are kept
  const binaries = await buildBinaries(process.env['SEALGATE_CLUSTER_CACHE'], say)
  const work = mkdtempSync(join(tmpdir(), 'sealgate-cluster-'))
  try {
    const surroundings = { binaries, tools: await installNpmTools(), work }
    const file = join(work, 'surroundings.json')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify(surroundings))
    const inside = fileURLToPath(new URL('inside.js', import.meta.url))
    // With its process 1 everything in the namespaces ends.
    const user = process.getuid?.() === 0 ? [] : ['--map-root-user']
    const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
    const args = [...user, ...namespaces, process.execPath, inside, file, ...process.argv.slice(2)]
    const child = spawn('unshare', args, { stdio: 'inherit' })
    const [status] = await once(child, 'exit')
    process.exitCode = status ?? 1
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

await main()

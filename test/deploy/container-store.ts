import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Completed, runCommand, runOrThrow } from './command.ts'

/** The bounds that Kubernetes sets as well, so far as one container goes. */
const HARDENED = [
  '--read-only',
  '--read-only-tmpfs=false',
  '--cap-drop=all',
  '--security-opt=no-new-privileges',
  '--memory=256m',
]

/** No network but its own loopback; what a machine without systemd needs. */
const SURROUNDINGS = [
  '--network=none',
  '--pull=never',
  '--no-healthcheck',
  '--ulimit=nofile=1024:1024',
  '--ulimit=nproc=1024:1024',
]

/** Images and containers in a folder of their own, apart from the machine's. */
export class ContainerStore {
  readonly #global: readonly string[]

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true })
    this.#global = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run')]
  }

  /** Runs buildah; throws when it fails. */
  buildah(args: readonly string[], timeoutMs = 60_000): Promise<string> {
    return runOrThrow('buildah', [...this.#global, ...args], { timeoutMs })
  }

  /** Runs podman with runc and plain cgroups: neither systemd nor a unified hierarchy is needed. */
  podman(args: readonly string[], timeoutMs = 60_000): Promise<Completed> {
    const runtime = ['--cgroup-manager', 'cgroupfs', '--runtime', 'runc']
    return runCommand('podman', [...this.#global, ...runtime, ...args], { timeoutMs })
  }

  /** `podman run` with what Kubernetes would set too: read-only root, no capabilities, 256 MiB. */
  run(options: readonly string[], image: string, args: readonly string[]): Promise<Completed> {
    return this.podman(['run', ...SURROUNDINGS, ...HARDENED, ...options, image, ...args])
  }

  /** Makes an image of a folder. */
  async commitRoot(folder: string, image: string, env: readonly string[]): Promise<void> {
    const container = (await this.buildah(['from', 'scratch'])).trim()
    await this.buildah(['add', '--quiet', container, folder, '/'], 120_000)
    const variables = env.flatMap((entry) => ['--env', entry])
    await this.buildah(['config', ...variables, container])
    await this.buildah(['commit', '--quiet', '--rm', container, image], 120_000)
  }

  /** Removes every container and image, so that the folder can be removed. */
  async clear(): Promise<void> {
    await this.podman(['rm', '--all', '--force', '--time', '0'])
    await runCommand('buildah', [...this.#global, 'rm', '--all'])
    await runCommand('buildah', [...this.#global, 'rmi', '--all', '--force'])
  }
}

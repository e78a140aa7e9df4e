import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** What Ceph with RGW needs; no manager daemon. */
export const SERVER_PACKAGES = ['radosgw', 'ceph-mon', 'ceph-osd'] as const

/** The clients that come from Debian. */
export const CLIENT_PACKAGES = [
  'awscli',
  'python3-boto3',
  's3cmd',
  'rclone',
  's3fs',
  'restic',
  'curl',
  // For the suite itself: certificates, and to see processes end.
  'openssl',
  'procps',
] as const

/** Why this machine cannot run the suite; undefined: it can. */
export function reasonNotHere(): string | undefined {
  const root = process.getuid?.() === 0
  if (!root) return 'needs root: it starts Ceph’s daemons and installs Debian’s packages'
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : ''
  if (!/^ID=debian$/m.test(release)) return 'needs Debian: it runs Debian’s radosgw and clients'
  return undefined
}

/** Installs those of the packages that are absent. */
export async function installPackages(
  names: readonly string[],
  print: (line: string) => void,
): Promise<void> {
  const absent: string[] = []
  for (const name of names) if (!(await isInstalled(name))) absent.push(name)
  if (absent.length === 0) return
  print(`# installing ${absent.join(' ')}`)
  const options = {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', DEBIAN_FRONTEND: 'noninteractive' },
  }
  const quiet = { ...options, maxBuffer: 64 << 20 }
  await run('apt-get', ['update', '-q'], quiet)
  await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...absent], quiet)
}

async function isInstalled(name: string): Promise<boolean> {
  const query = ['-W', '-f', '$' + '{db:Status-Status}', name]
  return run('/usr/bin/dpkg-query', query).then(
    ({ stdout }) => stdout === 'installed',
    () => false,
  )
}

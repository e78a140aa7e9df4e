import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The installed version of a Debian package, without the Debian revision; throws where it is absent. */
export async function debianVersion(name: string): Promise<string> {
  const { stdout } = await run('/usr/bin/dpkg-query', ['-W', '-f', '$' + '{Version}', name])
  return stdout
    .replace(/^\d+:/, '')
    .replace(/-[^-]*$/, '')
    .replace(/\+(dfsg|ds).*$/, '')
}

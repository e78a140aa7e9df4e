import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The path of a Python that has this package of PyPI (`name==version`, wheels alone), made once for this machine. */
export async function pythonWith(requirement: string): Promise<string> {
  const venv = join(tmpdir(), `sealgate-${requirement.replace('==', '-')}`)
  const python = join(venv, 'bin', 'python')
  if (!existsSync(join(venv, 'ready'))) {
    await run('/usr/bin/python3', ['-m', 'venv', venv])
    await run(python, ['-m', 'pip', 'install', '--quiet', '--only-binary=:all:', requirement])
    writeFileSync(join(venv, 'ready'), '')
  }
  return python
}

import { execFile } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { install, kept } from '../clients/registries/registry.ts'

const MODULE = 'github.com/opentofu/opentofu@v1.10.10'
const FLAGS = { GOFLAGS: '-p=2 -mod=mod', GOTOOLCHAIN: 'local', CGO_ENABLED: '0' }

/** The path of OpenTofu's program, built from its Go module once for this machine: four minutes of CPU. */
export async function buildOpenTofu(): Promise<string> {
  const home = await kept('opentofu', [MODULE], async (made) => {
    const source = join(made, 'source')
    // Its go.mod replaces modules, which `go install` of a version does not take.
    cpSync(await moduleFolder(made), source, { recursive: true })
    await install('chmod', ['-R', 'u+w', source], made)
    await install(
      'go',
      ['build', '-trimpath', '-o', join(made, 'tofu'), './cmd/tofu'],
      source,
      FLAGS,
    )
    rmSync(source, { recursive: true })
  })
  return join(home, 'tofu')
}

async function moduleFolder(cwd: string): Promise<string> {
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', MODULE], {
    cwd,
    // biome-ignore lint/style/noProcessEnv: Go's own settings of this machine
    env: { ...process.env, ...FLAGS },
  })
  return String(JSON.parse(stdout).Dir)
}

import type { Checks } from './checks.ts'
import { runCommand } from './command.ts'

/** Lints every YAML file under deploy/. */
export async function checkYaml(checks: Checks): Promise<void> {
  await checks.check('yamllint finds nothing in deploy/', async () => {
    const args = ['--strict', '--config-file', 'test/deploy/yamllint.yaml', 'deploy']
    const { status, stdout, stderr } = await runCommand('yamllint', args)
    return status === 0 ? [] : [`${stdout}${stderr}`]
  })
}

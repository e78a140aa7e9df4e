import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeCertificate, mountCertificate } from '../support/certificates.ts'
import { SEALGATE } from '../support/program.ts'
import type { Checks } from './checks.ts'
import { runCommand } from './command.ts'

const OVERLAYS_WITH_CONFIGURATION = ['sidecar', 'gateway', 'gateway-evidence'] as const
const SECRETS = '/run/secrets'

/** `sealgate check` on the overlays' configurations, with the mounted secrets in another place. */
export async function checkConfigurations(checks: Checks, work: string): Promise<void> {
  const secrets = join(work, 'secrets')
  mkdirSync(join(secrets, 'sealgate-clients'), { recursive: true })
  writeFileSync(join(secrets, 'sealgate-clients', 'billing'), 'only-for-this-test-0123456789abcdef')
  mountCertificate(join(secrets, 'sealgate-tls'), makeCertificate({ serialNumber: '01' }))
  for (const overlay of OVERLAYS_WITH_CONFIGURATION) {
    const text = readFileSync(`deploy/kustomize/overlays/${overlay}/config.yaml`, 'utf8')
    const file = join(work, `${overlay}-config.yaml`)
    writeFileSync(file, text.replaceAll(SECRETS, secrets))
    await checks.check(
      `${overlay}: sealgate check accepts config.yaml, without a warning`,
      async () => {
        const args = [SEALGATE, 'check', '--config', file]
        const env = { POD_NAME: 'sealgate-0' }
        const { status, stderr } = await runCommand(process.execPath, args, { env })
        return status === 0 && stderr === '' ? [] : [`status ${status}`, stderr]
      },
    )
  }
}

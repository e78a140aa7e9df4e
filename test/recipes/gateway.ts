import { equal, ok } from 'node:assert/strict'
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { StreamFile } from '../support/make-trail.ts'
import { type Block, blocksUnder } from '../support/pages.ts'
import type { Report } from '../support/report.ts'
import { administrator, putAws, type Shipped, serveShipped, startEmbedded } from './embedded.ts'
import type { Group } from './group.ts'
import type { Differences, PageShell } from './page-shell.ts'

const PAGE = 'docs/deploy-gateway.md'
const OVERLAY = 'deploy/kustomize/overlays/gateway/config.yaml'
const BUCKET = 'billing-invoices'

/** docs/deploy-gateway.md with the overlay's configuration, as far as it needs no cluster and no IAM. */
export const GATEWAY: Group = {
  name: 'gateway',
  pages: [PAGE],
  packages: ['awscli', 'jq', 'openssl'],
  check: async (report, shell) => {
    putAws(shell)
    const sandbox = await startEmbedded([BUCKET])
    try {
      const [secret, check] = blocksUnder(PAGE, '3. Configuration, secrets, certificate', 'sh', 2)
      if (secret === undefined || check === undefined) return
      mkdirSync(shell.path('clients'))
      cpSync(OVERLAY, shell.path('config.yaml'))
      await report.check(
        'gateway',
        'a secret is made, and the configuration is valid',
        async () => {
          await shell.run(secret)
          await shell.run(check)
        },
      )
      await checkUploads(report, shell, sandbox)
      await checkTrails(report, shell, sandbox)
    } finally {
      await sandbox.close()
    }
  },
}

async function checkUploads(report: Report, shell: PageShell, sandbox: Sandbox): Promise<void> {
  const secret = readFileSync(shell.path('clients/billing'), 'utf8')
  const files = { '/run/secrets/sealgate-clients/billing': secret }
  const gateway = await serveShipped(shell, OVERLAY, { sandbox, files })
  const [upload, probe, explain] = blocksUnder(PAGE, '5. First upload', 'sh', 3)
  const [printed] = blocksUnder(PAGE, '5. First upload', 'text', 1)
  const [list] = blocksUnder(PAGE, '6. From observing to enforcing', 'sh', 1)
  if (!(upload && probe && explain && printed && list)) return
  try {
    const application = applicationOf(gateway, secret.trim())
    putKubectl(shell)
    await report.check('gateway', 'the first upload is observed, and then encrypted', async () => {
      ok((await shell.run(upload, application)).includes('None'))
      const before = readFileSync(shell.path('sealgate.json'), 'utf8')
      const after = before.replace('"observe"', '"enforce"')
      await gateway.sealgate.logged('listening')
      writeFileSync(shell.path('sealgate.json'), after)
      await gateway.sealgate.logged('reloaded')
      equal(words(await shell.run(upload, application)), words(printed.text))
    })
    await report.check('gateway', 'the probe, and explain', async () => {
      const probed = await shell.run(probe, {
        replace: { '/run/secrets/sealgate-tls/ca.crt': gateway.caFile },
      })
      ok(probed.includes('1234abcd-12ab-34cd-56ef-1234567890ab'), probed)
      ok(/^decision: +allow$/m.test(await shell.run(explain)))
    })
    await report.check('gateway', 'the audit says what clients ask for', async () => {
      writeFileSync(shell.path('log'), gateway.sealgate.stdout)
      const listed = await shell.run(list)
      ok(/^ *\d+ billing\tbilling-invoices\tbilling\tnone$/m.test(listed), listed)
    })
  } finally {
    await gateway.sealgate.close()
  }
}

function applicationOf({ url, caFile }: Shipped, secret: string): Differences {
  return {
    replace: {
      '=…': `=${secret}`,
      'https://sealgate.sealgate.svc': url,
      '/etc/internal-ca/ca.crt': caFile,
    },
    env: { AWS_DEFAULT_REGION: 'eu-central-1' },
  }
}

/**
 * What `kubectl exec` runs in a pod runs here, with the configuration of the gateway that runs, and
 * `kubectl logs` prints what it has printed.
 */
function putKubectl(shell: PageShell): void {
  shell.program(
    'kubectl',
    `case " $* " in
      *' logs '*) exec cat '${shell.path('log')}' ;;
      *' exec deployment/sealgate -- /nodejs/bin/node /app/build/src/main.js '*) ;;
      *) echo "no cluster: kubectl $*" >&2; exit 1 ;;
    esac
    while [ "$1" != -- ]; do shift; done
    shift 3
    for word; do
      shift
      [ "$word" = /etc/sealgate/config.yaml ] && word='${shell.path('sealgate.json')}'
      set -- "$@" "$word"
    done
    exec sealgate "$@"`,
  )
}

/** A trail of a replica, under the page's first key, anchored in a bucket; and its verification. */
async function checkTrails(report: Report, shell: PageShell, sandbox: Sandbox): Promise<void> {
  const [keygen, verify] = evidenceBlocks()
  if (keygen === undefined || verify === undefined) return
  const env = administrator(sandbox)
  await report.check('gateway', 'a key for each replica, and their trails verified', async () => {
    await shell.run(keygen)
    const policy = readFileSync(shell.path('audit.policy'), 'utf8').trim().split('\n')
    equal(policy.length, 12)
    const made = await shell.execute(
      'aws s3api create-bucket --bucket audit-anchor --object-lock-enabled-for-bucket --create-bucket-configuration LocationConstraint=eu-central-1',
      { env },
    )
    equal(made.code, 0, made.output)
    for (const i of [0, 1, 2]) {
      const stream = new StreamFile(
        shell.path(`trail-${i}`),
        'one',
        undefined,
        0,
        `audit.example.com/sealgate/sealgate-${i}`,
      )
      stream.request(3)
      stream.close()
      const seal = `sealgate audit seal --dir trail-${i} --key sealgate-${i}.pem --anchor s3://audit-anchor/sealgate/`
      const sealed = await shell.execute(seal, { env })
      equal(sealed.code, 0, sealed.output)
    }
    const verified = await shell.run(verify, { env })
    for (const i of [0, 1, 2]) ok(verified.includes(`sealgate-${i}`), verified)
  })
}

function evidenceBlocks(): readonly (Block | undefined)[] {
  const blocks = blocksUnder(PAGE, '9. An audit trail that proves itself', 'sh', 4)
  return [blocks[0], blocks[3]]
}

function words(text: string): string {
  return text.trim().split(/\s+/).join(' ')
}

import { equal, ok } from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:tls'
import { parse } from 'yaml'
import type { Sandbox } from '../../src/sandbox/sandbox.ts'
import { TestAuthority } from '../support/certificates.ts'
import { blocksUnder } from '../support/pages.ts'
import type { Report } from '../support/report.ts'
import { administrator, putAws, type Shipped, serveShipped, startEmbedded } from './embedded.ts'
import type { Group } from './group.ts'
import type { Differences, PageShell } from './page-shell.ts'

const PAGE = 'docs/rotate.md'
const PROFILE = 'config/gateway.yaml'
const BUCKET = 'logs-app'
const SECRETS = '/run/secrets/sealgate'
const LOGS_KEY = 'arn:aws:kms:eu-central-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab'
const OLD = 'the-secret-of-before-of-before'

/** docs/rotate.md with the shipped gateway: uploads with the old and the new secret while both change. */
export const ROTATE: Group = {
  name: 'rotate',
  pages: [PAGE],
  packages: ['awscli', 'openssl'],
  check: async (report, shell) => {
    putAws(shell)
    const sandbox = await startEmbedded([BUCKET], [LOGS_KEY])
    try {
      const files = { [`${SECRETS}/billing`]: OLD, [`${SECRETS}/log-shipper-old`]: OLD }
      const gateway = await serveShipped(shell, PROFILE, {
        sandbox,
        files,
        yaml: yamlWith(['log-shipper-old']),
      })
      try {
        await checkSecret(report, shell, sandbox, gateway)
        await checkCertificate(report, shell, gateway)
      } finally {
        await gateway.sealgate.close()
      }
    } finally {
      await sandbox.close()
    }
  },
}

/** The shipped gateway, one process, with these files as the secrets of its client; SIGHUP alone reloads it. */
function yamlWith(secrets: readonly string[]): string {
  const config = parse(readFileSync(PROFILE, 'utf8'))
  const [client] = parse(pageYaml()).clients
  client.secretAccessKeys = secrets.map((name) => ({ file: `${SECRETS}/${name}` }))
  const clients = [config.clients[0], client]
  // Its bucket of another account has keys of a variable that is not set here.
  const upstream = { ...config.upstream, buckets: undefined }
  return JSON.stringify({ ...config, upstream, clients, workers: 1, reload: { watch: false } })
}

function pageYaml(): string {
  const [block] = blocksUnder(PAGE, "A client's secret", 'yaml', 1)
  return block?.text ?? ''
}

async function checkSecret(
  report: Report,
  shell: PageShell,
  sandbox: Sandbox,
  gateway: Shipped,
): Promise<void> {
  const { sealgate, url, caFile, here } = gateway
  const [begin, end] = blocksUnder(PAGE, "A client's secret", 'sh', 2)
  if (begin === undefined || end === undefined) return
  const differences: Differences = {
    replace: { [SECRETS]: here(SECRETS), 'sealgate.yaml': shell.path('sealgate.json') },
    env: { ...administrator(sandbox), PID: String(sealgate.pid) },
  }
  const upload = async (secret: string): Promise<number | null> => {
    const env = {
      AWS_ACCESS_KEY_ID: 'SGLOGSHIPPER0000001',
      AWS_SECRET_ACCESS_KEY: secret,
      AWS_DEFAULT_REGION: 'eu-central-1',
      AWS_CA_BUNDLE: caFile,
      AWS_ENDPOINT_URL_S3: url,
    }
    return (await shell.execute(`date | aws s3 cp - s3://${BUCKET}/k`, { env })).code
  }
  const configure = (secrets: readonly string[]): void => {
    const now = JSON.parse(readFileSync(shell.path('sealgate.json'), 'utf8'))
    now.clients[1].secretAccessKeys = secrets.map((name) => ({ file: here(`${SECRETS}/${name}`) }))
    writeFileSync(shell.path('sealgate.json'), JSON.stringify(now))
  }
  await report.check('rotate', 'both secrets are valid between the two reloads', async () => {
    equal(await upload(OLD), 0)
    configure(['log-shipper-old', 'log-shipper-new'])
    await shell.run(begin, differences)
    await sealgate.logged('reloaded')
    const secret = readFileSync(here(`${SECRETS}/log-shipper-new`), 'utf8').trim()
    equal(await upload(OLD), 0)
    equal(await upload(secret), 0)
    configure(['log-shipper-new'])
    await shell.run(end, differences)
    await sealgate.logged('reloaded', 2)
    equal(await upload(secret), 0)
    ok((await upload(OLD)) !== 0, 'the old one is worth nothing')
  })
}

async function checkCertificate(report: Report, shell: PageShell, gateway: Shipped): Promise<void> {
  const [move] = blocksUnder(PAGE, 'A certificate', 'sh', 1)
  if (move === undefined) return
  await report.check('rotate', 'new connections get the new certificate', async () => {
    const folder = gateway.here('/etc/sealgate/tls')
    const { cert, key } = new TestAuthority().issue()
    writeFileSync(`${folder}/tls.crt.new`, cert)
    writeFileSync(`${folder}/tls.key.new`, key)
    await shell.run(move, { folder: 'root/etc/sealgate/tls' })
    await gateway.sealgate.logged('certificates renewed')
    equal(await servedBy(gateway.sealgate.port), new X509Certificate(cert).fingerprint256)
  })
}

/** The fingerprint of the certificate that a new connection gets. */
function servedBy(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '')
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

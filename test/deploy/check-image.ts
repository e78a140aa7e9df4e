import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Checks } from './checks.ts'
import { ContainerStore } from './container-store.ts'
import { BASES, makeBases } from './image-bases.ts'
import { buildSidecarConfig } from './sandbox-config.ts'

const IMAGE = 'localhost/sealgate:test'
const BUILD_TIMEOUT_MS = 600_000

/** Builds deploy/Dockerfile with buildah and runs it with podman; the bases come from Debian. */
export async function checkImage(checks: Checks, tools: string, work: string): Promise<void> {
  const folder = join(work, 'image')
  const store = new ContainerStore(join(folder, 'store'))
  checks.say('# image: built and run for real, on bases made of Debian 13 and Node 26')
  try {
    const isBuilt = await checks.check('image: buildah builds deploy/Dockerfile', async () => {
      await makeBases(store, tools, folder)
      await build(store)
      return []
    })
    if (!isBuilt) return
    await checks.check('image: labels, user, entry point and health check', () =>
      findWrongMetadata(store),
    )
    await checks.check('image: no shell, no package manager, no compiler, an SBOM', () =>
      findWrongContents(store),
    )
    await checks.check('image: runs read-only, without capabilities and as nobody', async () => {
      const { status, stdout, stderr } = await store.run(['--rm'], IMAGE, ['--version'])
      return status === 0 && /^sealgate \d/.test(stdout) ? [] : [`${status} ${stdout}${stderr}`]
    })
    await checkService(checks, store, folder)
  } finally {
    await store.clear()
  }
}

async function build(store: ContainerStore): Promise<void> {
  const args = { BUILD_IMAGE: BASES.build, RUNTIME_IMAGE: BASES.runtime, VERSION: '9.8.7' }
  const buildArgs = Object.entries(args).flatMap(([name, value]) => [
    '--build-arg',
    `${name}=${value}`,
  ])
  await store.buildah(
    [
      ...['build', '--format', 'docker', '--network', 'host', '--isolation', 'chroot'],
      ...['--pull-never', '--layers', ...buildArgs, '--file', 'deploy/Dockerfile'],
      ...['--tag', IMAGE, '.'],
    ],
    BUILD_TIMEOUT_MS,
  )
}

async function findWrongMetadata(store: ContainerStore): Promise<readonly string[]> {
  const { stdout } = await store.podman(['image', 'inspect', IMAGE])
  const [{ Config: config, Healthcheck: healthcheck }] = JSON.parse(stdout)
  const isOk: Readonly<Record<string, boolean>> = {
    user: /^[1-9]\d*:[1-9]\d*$/.test(config.User),
    version: config.Labels['org.opencontainers.image.version'] === '9.8.7',
    licenses: config.Labels['org.opencontainers.image.licenses'] === 'Apache-2.0',
    entrypoint: config.Entrypoint.at(-1) === '/app/build/src/main.js',
    healthcheck: (healthcheck ?? config.Healthcheck).Test.includes('/app/healthcheck.mjs'),
    stopSignal: config.StopSignal === 'SIGTERM',
  }
  return Object.keys(isOk).filter((name) => isOk[name] !== true)
}

/** Says what of this is in the image, run inside of it: there is no other program. */
const INSPECTION = `
const fs = require('node:fs'), path = require('node:path')
const bins = ['/bin/sh', '/usr/bin/sh', '/bin/bash', '/usr/bin/apt-get', '/usr/bin/npm', '/usr/local/bin/npm']
const sbom = JSON.parse(fs.readFileSync('/app/sbom.cdx.json', 'utf8'))
const listed = new Set(sbom.components.map((c) => c.name))
const installed = []
for (const name of fs.readdirSync('/app/node_modules')) {
  if (name.startsWith('.')) continue
  const dir = path.join('/app/node_modules', name)
  if (name.startsWith('@')) for (const sub of fs.readdirSync(dir)) installed.push(name + '/' + sub)
  else installed.push(name)
}
let writable = false
try { fs.writeFileSync('/app/x', ''); writable = true } catch {}
console.log(JSON.stringify({
  present: bins.filter((file) => fs.existsSync(file)),
  unlisted: installed.filter((name) => !listed.has(name)),
  dev: installed.filter((name) => ['tap', 'typescript', '@biomejs/biome'].includes(name)),
  name: sbom.metadata.component.name,
  uid: process.getuid(), node: process.version, writable,
}))`

async function findWrongContents(store: ContainerStore): Promise<readonly string[]> {
  const options = ['--rm', '--entrypoint', '/nodejs/bin/node']
  const { stdout, stderr } = await store.run(options, IMAGE, ['-e', INSPECTION])
  if (stdout === '') return [stderr]
  const found = JSON.parse(stdout)
  const recommended = readFileSync('.nvmrc', 'utf8').trim()
  return [
    ...found.present.map((file: string) => `there is ${file}`),
    ...found.unlisted.map((name: string) => `not in the SBOM: ${name}`),
    ...found.dev.map((name: string) => `a tool of the build: ${name}`),
    ...(found.name === 'sealgate' ? [] : [`the SBOM is of ${found.name}`]),
    ...(found.uid === 65532 ? [] : [`runs as ${found.uid}`]),
    ...(found.node.startsWith(`v${recommended}.`) ? [] : [`Node ${found.node}`]),
    ...(found.writable ? ['/app can be written'] : []),
  ]
}

/** Uploads without a word of encryption and asks what S3 says of the object. */
const UPLOAD = `
const url = 'http://127.0.0.1:8080/demo/hello'
const put = await fetch(url, { method: 'PUT', body: 'hello' })
const head = await fetch(url, { method: 'HEAD' })
console.log(put.status, head.headers.get('x-amz-server-side-encryption'))`

/** The embedded S3 and the proxy in one container, as `docker run` with a mounted configuration. */
async function checkService(checks: Checks, store: ContainerStore, folder: string): Promise<void> {
  const config = join(folder, 'config')
  mkdirSync(config)
  const text = buildSidecarConfig('sandbox:', undefined)
    .replace('127.0.0.1:0', '127.0.0.1:8080')
    .replace('127.0.0.1:0', '127.0.0.1:9090')
  writeFileSync(join(config, 'config.yaml'), text)
  const options = ['--detach', '--name', 'service', '--volume', `${config}:/etc/sealgate:ro`]
  // The embedded S3 keeps its objects there; a real upstream needs no place to write.
  options.push('--tmpfs', '/tmp:rw,size=64m,mode=1777')
  await checks.check('image: serve starts and the health check turns good', async () => {
    const started = await store.run(options, IMAGE, [])
    if (started.status !== 0) return [started.stderr]
    return (await becomesHealthy(store)) ? [] : [(await store.podman(['logs', 'service'])).stderr]
  })
  await checks.check('image: an upload through it is aws:kms', async () => {
    const node = ['exec', 'service', '/nodejs/bin/node', '--input-type=module', '-e', UPLOAD]
    const { stdout, stderr } = await store.podman(node)
    return stdout.trim() === '200 aws:kms' ? [] : [`${stdout}${stderr}`]
  })
  await checks.check('image: SIGTERM ends it with status 0', async () => {
    await store.podman(['stop', '--time', '20', 'service'])
    const { stdout } = await store.podman(['wait', 'service'])
    return stdout.trim() === '0' ? [] : [`status ${stdout.trim()}`]
  })
  await checks.check('image: the health check of a stopped service is bad', async () => {
    const healthcheck = ['--rm', '--entrypoint', '/nodejs/bin/node']
    const { status } = await store.run(healthcheck, IMAGE, ['/app/healthcheck.mjs'])
    return status === 1 ? [] : [`status ${status}`]
  })
}

async function becomesHealthy(store: ContainerStore): Promise<boolean> {
  for (let attempt = 0; attempt < 40; attempt++) {
    const check = ['exec', 'service', '/nodejs/bin/node', '/app/healthcheck.mjs']
    if ((await store.podman(check)).status === 0) return true
  }
  return false
}

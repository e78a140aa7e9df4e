import { equal, ok } from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { freePort } from '../support/free-ports.ts'
import { blocksUnder } from '../support/pages.ts'
import { Program } from '../support/program.ts'
import type { Report } from '../support/report.ts'
import { administrator, allUnderKey } from './embedded.ts'
import type { Group } from './group.ts'
import type { Differences } from './page-shell.ts'
import { type ProfileScene, withProfile } from './with-profile.ts'

const PAGE = 'docs/profile-registry.md'
const BUCKET = 'registry-layers'
const PROFILE = {
  page: PAGE,
  file: 'config/profiles/registry.yaml',
  buckets: [BUCKET],
  accessKeyId: 'SGREGISTRY000000001',
  secretFiles: ['/run/secrets/sealgate/registry'],
} as const
/** A layer that the registry uploads in parts and copies in parts. */
const LAYER_BYTES = 40 << 20

/** docs/profile-registry.md with Debian's docker-registry and skopeo. */
export const REGISTRY: Group = {
  name: 'registry',
  pages: [PAGE],
  packages: ['awscli', 'docker-registry', 'skopeo'],
  check: (report, shell) =>
    withProfile(report, shell, PROFILE, (scene) => checkRegistry(report, scene)),
}

async function checkRegistry(report: Report, scene: ProfileScene): Promise<void> {
  const { shell, sandbox, secret } = scene
  const { url, audit } = scene.sealgate
  const [page] = blocksUnder(PAGE, 'The configuration', 'yaml', 1)
  const port = await freePort()
  const yaml = (page?.text ?? '')
    .replace('secretkey: …', `secretkey: ${secret}`)
    .replace('http://127.0.0.1:8080', url)
    .replace('127.0.0.1:5000', `127.0.0.1:${port}`)
  writeFileSync(shell.path('config.yml'), yaml)
  writeImage(shell.path('image'), randomBytes(LAYER_BYTES))
  writeFileSync(shell.path('policy.json'), '{"default":[{"type":"insecureAcceptAnything"}]}')
  shell.program('skopeo', `exec /usr/bin/skopeo --policy '${shell.path('policy.json')}' "$@"`)
  const differences: Differences = {
    replace: { '127.0.0.1:5000': `127.0.0.1:${port}` },
    env: administrator(sandbox),
  }
  const [copy, encrypted, remove] = blocksUnder(PAGE, 'Push and pull', 'sh', 3)
  if (copy === undefined || encrypted === undefined || remove === undefined) return
  const registry = new Program('/usr/bin/docker-registry', ['serve', shell.path('config.yml')], {
    isAlone: true,
  })
  try {
    await registry.waitFor(/listening on/)
    await report.check('registry', 'an image is pushed, pulled and listed', async () => {
      ok((await shell.run(copy, differences)).includes('"1"'))
      const { code, output } = await shell.execute('diff -r image/blobs pulled/blobs')
      equal(code, 0, output)
    })
    await report.check('registry', 'every object is under the key, copies too', async () => {
      const counted = (await shell.run(encrypted, differences)).trim()
      equal(counted, `${allUnderKey(sandbox, BUCKET)} aws:kms`)
      const operations = new Set(audit().map(({ operation }) => operation))
      for (const operation of ['PutObject', 'UploadPart', 'UploadPartCopy']) {
        ok(operations.has(operation), `${operation} of ${[...operations]}`)
      }
    })
    await report.check('registry', 'what nothing refers to is removed', async () => {
      const before = sandbox.list(BUCKET).length
      await shell.run(remove, differences)
      ok(sandbox.list(BUCKET).length < before)
    })
  } finally {
    await registry.close()
  }
}

/** An image of one layer, in OCI's layout. */
function writeImage(folder: string, layer: Buffer): void {
  const blobs = join(folder, 'blobs/sha256')
  mkdirSync(blobs, { recursive: true })
  const put = (bytes: Buffer, mediaType: string) => {
    const hash = createHash('sha256').update(bytes).digest('hex')
    writeFileSync(join(blobs, hash), bytes)
    return { mediaType, digest: `sha256:${hash}`, size: bytes.length }
  }
  const json = (value: object) => Buffer.from(JSON.stringify(value))
  const type = (name: string) => `application/vnd.oci.image.${name}`
  // Compressed, so that skopeo sends it as it is.
  const blob = put(gzipSync(layer, { level: 0 }), type('layer.v1.tar+gzip'))
  const digest = createHash('sha256').update(layer).digest('hex')
  const rootfs = { type: 'layers', diff_ids: [`sha256:${digest}`] }
  const config = put(json({ architecture: 'amd64', os: 'linux', rootfs }), type('config.v1+json'))
  const mediaType = type('manifest.v1+json')
  const manifest = put(json({ schemaVersion: 2, mediaType, config, layers: [blob] }), mediaType)
  const annotations = { 'org.opencontainers.image.ref.name': 'latest' }
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] }
  writeFileSync(join(folder, 'index.json'), json(index))
  writeFileSync(join(folder, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }))
}

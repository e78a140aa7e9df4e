import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { RGW as FIXED } from '../../rgw/rgw.ts'
import { freePorts } from '../../support/free-ports.ts'
import { installPackages, reasonNotHere, SERVER_PACKAGES } from '../../support/packages.ts'
import type { ServerUnderTest } from '../server.ts'

const run = promisify(execFile)

/** Ceph with RADOS Gateway as test/rgw starts it, in a folder and on ports of its own. */
export const RGW: ServerUnderTest = {
  name: 'ceph-rgw',
  version: '16.2.15',
  from: 'Debian 12, radosgw',
  settings:
    '`rgw crypt s3 kms backend` (here `testing`; also Vault, KMIP, Barbican), `rgw crypt require ssl = false` without TLS',
  setup: 'confirm',
  forgets:
    'the retention of multipart uploads, forms and copies; the tags of multipart uploads and copies; `x-amz-checksum-…` is neither compared nor kept',
  install: async () => {
    const reason = reasonNotHere()
    if (reason !== undefined) throw new Error(reason)
    await installPackages(SERVER_PACKAGES, () => undefined)
  },
  start: async ({ folder }) => {
    const [port = 0, monitor = 0] = await freePorts(2)
    const dir = join(folder, 'ceph')
    const env = {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      RGW_DIR: dir,
      RGW_PORT: String(port),
      RGW_MON_PORT: String(monitor),
      RGW_GIB: '4',
    }
    await run('test/rgw/up.sh', [], { env })
    return {
      access: { ...FIXED, address: { host: '127.0.0.1', port } },
      dataFolder: join(dir, 'osd'),
      isRunning: () => existsSync(`/proc/${readFileSync(join(dir, 'rgw.pid'), 'latin1').trim()}`),
      stop: async () => {
        await run('test/rgw/down.sh', [], { env })
      },
    }
  },
}

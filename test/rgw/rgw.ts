import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Access } from '../support/access.ts'

const run = promisify(execFile)

/** RGW as test/rgw/up.sh starts it: address, the first user, the KMS keys. Any region does. */
export const RGW: Access = {
  address: { host: '127.0.0.1', port: 7480 },
  keys: {
    accessKeyId: '0555b35654ad1656d804',
    secretAccessKey: 'h7GhxuBLTrlhVUyxSPUKUV8r/2EI4ngqJxD7iBdBYLhwluN30JaT3Q==',
  },
  region: 'us-east-1',
  kms: { one: 'testkey-1', two: 'testkey-2', unknown: 'testkey-9', disabled: undefined },
}

const DIR = join(tmpdir(), 'sealgate-rgw')

const ENVIRONMENT = {
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  RGW_DIR: DIR,
  RGW_PORT: String(RGW.address.port),
}

/** Daemons of one RGW, the monitor first. */
export type Daemon = 'mon' | 'osd' | 'rgw'

/** Starts Ceph with RGW, or leaves a running one alone. About 15 s. Needs root and the packages. */
export async function startRgw(): Promise<void> {
  await run('test/rgw/up.sh', [], { env: ENVIRONMENT })
}

/** Stops all three daemons. */
export async function stopRgw(): Promise<void> {
  await run('test/rgw/down.sh', [], { env: ENVIRONMENT })
}

/** Sends a signal to one daemon, by its pid file. */
export function signalDaemon(daemon: Daemon, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
  process.kill(pidOf(daemon), signal)
}

/** Starts radosgw again after it was killed, and waits until it answers. */
export async function restartRadosgw(): Promise<void> {
  await gone(pidOf('rgw'))
  const conf = join(DIR, 'ceph.conf')
  await run('/usr/bin/radosgw', [
    ...['-c', conf, '-n', 'client.rgw', '--pid-file', join(DIR, 'rgw.pid')],
  ])
  await answers()
}

/** Keeps radosgw alive as test/rgw/respawn.sh does: a request can abort RGW 16. Call to end it. */
export function keepRadosgwAlive(): () => void {
  const child = spawn('test/rgw/respawn.sh', [], { env: ENVIRONMENT, stdio: 'ignore' })
  return () => child.kill()
}

function pidOf(daemon: Daemon): number {
  return Number(readFileSync(join(DIR, `${daemon}.pid`), 'latin1'))
}

async function answers(): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const ok = await fetch(`http://${RGW.address.host}:${RGW.address.port}/`).then(
      (response) => response.ok,
      () => false,
    )
    if (ok) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`radosgw does not answer; see ${DIR}/client.log`)
}

async function gone(pid: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`process ${pid} does not end`)
}

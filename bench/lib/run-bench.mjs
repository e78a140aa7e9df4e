/** What every bench does around its measurements. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installTools } from './install-tools.mjs'
import { startUpstream } from './nginx.mjs'
import { freePort, stopAll } from './processes.mjs'
import { makeData } from './scenarios.mjs'
import { makeCertificates } from './targets.mjs'

/** Nothing takes longer; a run that hangs ends. */
const RUN_SECONDS_MAX = 1_800

/**
 * Runs a bench in a temporary folder with the data of the scenarios, and ends the process: with what it
 * started stopped and the folder removed, however the bench ends.
 *
 * @param {(folder: string) => Promise<void>} bench
 * @param {readonly string[]} [tools]  Further packages that it needs.
 */
export async function runBench(bench, tools = []) {
  await installTools(tools)
  const folder = mkdtempSync(join(tmpdir(), 'sealgate-bench-'))
  const stop = async (/** @type {number} */ code, /** @type {string} */ message = '') => {
    clearTimeout(guard)
    if (message) process.stderr.write(`${message}\n`)
    await stopAll()
    rmSync(folder, { recursive: true, force: true })
    process.exit(code)
  }
  const guard = setTimeout(() => stop(1, 'the bench took too long'), RUN_SECONDS_MAX * 1000)
  process.once('SIGINT', () => stop(130, 'interrupted'))
  process.once('SIGTERM', () => stop(143, 'terminated'))
  try {
    makeData(folder)
    await bench(folder)
    await stop(0)
  } catch (error) {
    await stop(1, error instanceof Error ? error.message : String(error))
  }
}

/**
 * Starts one upstream for several builds of Sealgate.
 *
 * @param {string} folder
 * @param {boolean} isTls
 * @returns {Promise<{ upstream: import('./processes.mjs').Started, tls: import('./nginx.mjs').TlsFiles | undefined }>}
 */
export async function startSharedUpstream(folder, isTls) {
  const tls = isTls ? await makeCertificates(folder) : undefined
  const upstream = await startUpstream({ folder, port: await freePort(), ...(tls && { tls }) })
  return { upstream, tls }
}

export function say(/** @type {string} */ text) {
  process.stdout.write(`${text}\n`)
}

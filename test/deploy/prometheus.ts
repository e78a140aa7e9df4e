import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../support/free-ports.ts'
import { Program } from '../support/program.ts'

/** What a Prometheus scrapes: the `host:port` of an admin listener, and labels. */
interface Target {
  readonly address: string
  readonly labels: Readonly<Record<string, string>>
}

/** A series of an instant query. */
interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

/** Starts Debian's Prometheus, which scrapes and judges every second, as the job `sealgate`. */
export async function startPrometheus(folder: string, rules: string, targets: readonly Target[]) {
  mkdirSync(folder, { recursive: true })
  const config = join(folder, 'prometheus.yaml')
  const groups = targets.map(({ address, labels }) => ({ targets: [address], labels }))
  const scrape = { job_name: 'sealgate', static_configs: groups }
  const global = { scrape_interval: '1s', evaluation_interval: '1s' }
  writeFileSync(config, JSON.stringify({ global, rule_files: [rules], scrape_configs: [scrape] }))
  const port = await freePort()
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${join(folder, 'tsdb')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]
  const program = new Program('prometheus', args, { isAlone: true })
  await program.waitFor(/Server is ready to receive web requests/)
  return { program, url: `http://127.0.0.1:${port}` }
}

/** Asks Prometheus' API; throws what it says is wrong. */
export async function ask(prometheus: string, path: string) {
  const response = await fetch(`${prometheus}/api/v1/${path}`)
  const body = Object(await response.json())
  if (body.status !== 'success') throw new Error(`${path}: ${body.error}`)
  return body.data
}

/** The series that an expression gives now. */
export async function query(prometheus: string, expression: string): Promise<readonly Series[]> {
  const { result } = await ask(prometheus, `query?query=${encodeURIComponent(expression)}`)
  return result
}

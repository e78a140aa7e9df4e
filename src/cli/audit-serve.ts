import { access } from 'node:fs/promises'
import { AuditServer } from '../report/audit-server.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import type { HostPort } from './option-values.ts'
import { type ProofOptions, readProof, shellCommand } from './read-proof.ts'
import { startProblem } from './start-problem.ts'
import { stopSignal } from './stop-signal.ts'

/** The options of `sealgate audit serve`. */
interface AuditServeOptions {
  readonly paths: readonly string[]
  readonly listen: HostPort
  readonly proof: ProofOptions
}

/** `sealgate audit serve`: shows the report of trails as a page, until SIGTERM or SIGINT. */
export async function auditServe(
  { paths, listen, proof: options }: AuditServeOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  try {
    // A page that says so at every look would be found out later.
    for (const path of paths) await access(path)
    const proof = await readProof(options, terminal)
    if (!proof.ok) return usageError(terminal, proof.error)
    const { host } = listen
    const server = new AuditServer({
      paths,
      ...proof.value,
      command: shellCommand(['sealgate', 'audit', 'serve', ...paths]),
    })
    const port = await server.listen(host, listen.port)
    const stopped = stopSignal(() => terminal.exit?.(1))
    terminal.stdout(`http://${host.includes(':') ? `[${host}]` : host}:${port}/\n`)
    await stopped
    await server.close()
    return 0
  } catch (error) {
    return usageError(terminal, startProblem('the arguments', error))
  }
}

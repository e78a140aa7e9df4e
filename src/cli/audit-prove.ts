import { readFileSync, writeFileSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { openNote } from '../evidence/note.ts'
import { rootFromInclusion } from '../evidence/proof.ts'
import { parseTlogProof } from '../evidence/tlog-proof.ts'
import { hashLeaf } from '../evidence/tree.ts'
import { type LineQuery, proveLine } from '../trail/prove.ts'
import { checkpointOf } from '../trail/tree-store.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { readVerifiers } from './read-verifiers.ts'
import { startProblem } from './start-problem.ts'

/** What `sealgate audit prove` looks for. */
interface AuditProveOptions {
  readonly dir: string
  readonly requestId: string | undefined
  readonly bucket: string | undefined
  readonly key: string | undefined
  /** Undefined: stdout. */
  readonly out: string | undefined
}

/** `sealgate audit prove`: writes the proof of one sealed line. */
export async function auditProve(
  options: AuditProveOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const query = queryOf(options)
  if (query === undefined) {
    return usageError(terminal, 'name one line: --request-id, or --bucket and --key')
  }
  try {
    await access(options.dir)
    const proof = await proveLine(options.dir, query)
    if (proof === undefined) {
      terminal.stderr('sealgate: no sealed line is of that request or object\n')
      return 1
    }
    if (options.out === undefined) terminal.stdout(proof)
    else writeFileSync(options.out, proof)
    return 0
  } catch (error) {
    return usageError(terminal, startProblem('the arguments', error))
  }
}

/** `sealgate audit check-proof`: verifies the proof of a line, and prints the line. */
export function auditCheckProof(
  file: string,
  { vkeys, policy }: { readonly vkeys: readonly string[]; readonly policy: string | undefined },
  terminal: Terminal,
): ExitCode {
  const verifiers = readVerifiers(vkeys, policy)
  if (!verifiers.ok) return usageError(terminal, verifiers.error)
  if (verifiers.value.length === 0) return usageError(terminal, 'give --vkey or --policy')
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    return usageError(terminal, startProblem('the arguments', error))
  }
  const refuse = (why: string): ExitCode => {
    terminal.stdout(`NOT PROVED: ${why}\n`)
    return 1
  }
  const proof = parseTlogProof(text)
  if (!proof.ok) return refuse(proof.error)
  const { extra, index, path, checkpoint } = proof.value
  if (extra === undefined) return refuse('the proof does not hold its line')
  const opened = openNote(checkpoint, verifiers.value)
  if (!opened.ok) return refuse(opened.error)
  const head = checkpointOf(checkpoint)
  if (head === undefined) return refuse('the proof holds no checkpoint')
  const root = rootFromInclusion(index, head.size, hashLeaf(extra), path)
  if (root?.equals(head.root) !== true) return refuse('the line does not lead to the signed root')
  terminal.stdout(`${extra.toString('utf8')}\n`)
  terminal.stdout(`PROVED: line ${index} of ${head.size} in ${head.origin}\n`)
  return 0
}

function queryOf({ requestId, bucket, key }: AuditProveOptions): LineQuery | undefined {
  const hasObject = bucket !== undefined && key !== undefined
  if (requestId !== undefined) {
    return bucket === undefined && key === undefined ? { kind: 'request', requestId } : undefined
  }
  return hasObject ? { kind: 'object', bucket, key } : undefined
}

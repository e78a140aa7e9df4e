import { readFileSync } from 'node:fs'
import { failure, ok, type Result } from '../base/result.ts'
import { type NoteVerifier, parseVerifierKey } from '../evidence/note.ts'
import { startProblem } from './start-problem.ts'

/** Keys of `--vkey`, and of the `log` lines of a policy file. Source: https://c2sp.org/tlog-policy */
export function readVerifiers(
  vkeys: readonly string[],
  policy: string | undefined,
): Result<readonly NoteVerifier[], string> {
  const texts = [...vkeys]
  if (policy !== undefined) {
    try {
      for (const line of readFileSync(policy, 'utf8').split('\n')) {
        const [, key] = /^\s*log\s+(\S+)/.exec(line) ?? []
        if (key !== undefined) texts.push(key)
      }
    } catch (error) {
      return failure(startProblem('--policy', error))
    }
    if (texts.length === vkeys.length) return failure(`${policy} names no log`)
  }
  const verifiers: NoteVerifier[] = []
  for (const text of texts) {
    const parsed = parseVerifierKey(text)
    if (!parsed.ok) return failure(`${text}: ${parsed.error}`)
    verifiers.push(parsed.value)
  }
  return ok(verifiers)
}

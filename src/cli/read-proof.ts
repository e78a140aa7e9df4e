import { ok, type Result } from '../base/result.ts'
import type { NoteVerifier } from '../evidence/note.ts'
import type { AnchoredNote } from '../trail/anchor-folder.ts'
import type { Terminal } from './command.ts'
import { readAnchor } from './read-anchor.ts'
import { readVerifiers } from './read-verifiers.ts'

/** The options that say what a trail is verified with. */
export interface ProofOptions {
  readonly vkeys: readonly string[]
  readonly policy: string | undefined
  readonly anchor: string | undefined
  readonly configFile: string | undefined
}

/** Verifier keys, and checkpoints that somebody else holds; undefined: no anchor was asked for. */
interface Proof {
  readonly verifiers: readonly NoteVerifier[]
  readonly anchor: readonly AnchoredNote[] | undefined
}

/** Reads both; the failure is a text for the user. Throws what the file system says. */
export async function readProof(
  { vkeys, policy, anchor, configFile }: ProofOptions,
  terminal: Terminal,
): Promise<Result<Proof, string>> {
  const verifiers = readVerifiers(vkeys, policy)
  if (!verifiers.ok) return verifiers
  if (anchor === undefined) return ok({ verifiers: verifiers.value, anchor })
  const read = await readAnchor(anchor, configFile, terminal)
  return read.ok ? ok({ verifiers: verifiers.value, anchor: read.value }) : read
}

/** A command as a shell takes it. */
export function shellCommand(words: readonly string[]): string {
  return words
    .map((word) => (/^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`))
    .join(' ')
}

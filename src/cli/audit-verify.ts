import { ok } from '../base/result.ts'
import type { Period } from '../trail/findings.ts'
import { verifyTrails } from '../trail/verify.ts'
import { isSealed } from '../trail/verify-trail.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { formatVerification, verificationJson } from './format-verification.ts'
import { readAnchor } from './read-anchor.ts'
import { readVerifiers } from './read-verifiers.ts'
import { showReading } from './show-progress.ts'
import { startProblem } from './start-problem.ts'

/** The options of `sealgate audit verify`. */
interface AuditVerifyOptions {
  readonly paths: readonly string[]
  readonly vkeys: readonly string[]
  readonly policy: string | undefined
  /** A folder, or `s3://BUCKET/PREFIX`. */
  readonly anchor: string | undefined
  /** The configuration with the anchor's bucket; undefined: AWS's own variables. */
  readonly configFile: string | undefined
  /** `YYYY-MM-DDTHH:mm:ss.sssZ`: the period that completeness is asked for. */
  readonly from: string | undefined
  readonly to: string | undefined
  readonly isJson: boolean
}

/** The exit code of a verdict. */
export const EXIT_CODES = { verified: 0, gaps: 3, failed: 1 } as const

/** `sealgate audit verify`: says whether trails are what was written and sealed, and what is missing. */
export async function auditVerify(
  { paths, vkeys, policy, anchor, configFile, from, to, isJson }: AuditVerifyOptions,
  terminal: Terminal,
): Promise<ExitCode> {
  const verifiers = readVerifiers(vkeys, policy)
  if (!verifiers.ok) return usageError(terminal, verifiers.error)
  if (verifiers.value.length === 0) {
    const sealed = paths.find(isSealed)
    if (sealed !== undefined || anchor !== undefined) {
      return usageError(
        terminal,
        `${sealed ?? 'what is anchored'} is sealed: give --vkey or --policy (the trail's own tree/vkey would vouch for itself)`,
      )
    }
  }
  const nowMs = Date.now()
  const period = periodOf(from, to, nowMs)
  if (period !== undefined && period.fromMs >= period.toMs) {
    return usageError(terminal, '--from is not before --to')
  }
  try {
    const read = anchor === undefined ? ok([]) : await readAnchor(anchor, configFile, terminal)
    if (!read.ok) return usageError(terminal, read.error)
    const verification = await verifyTrails({
      paths,
      verifiers: verifiers.value,
      anchor: anchor === undefined ? undefined : read.value,
      nowMs,
      period,
      onProgress: showReading(terminal, paths, 1),
    })
    terminal.progress?.('')
    const exitCode = EXIT_CODES[verification.verdict]
    terminal.stdout(
      isJson
        ? verificationJson(verification, exitCode)
        : formatVerification(verification, verifiers.value.length > 0, anchor !== undefined),
    )
    return exitCode
  } catch (error) {
    // A file that cannot be read is no answer about the trail.
    return usageError(terminal, startProblem('the arguments', error))
  }
}

function periodOf(
  from: string | undefined,
  to: string | undefined,
  nowMs: number,
): Period | undefined {
  if (from === undefined && to === undefined) return undefined
  const fromMs = from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from)
  return { fromMs, toMs: to === undefined ? nowMs : Date.parse(to) }
}

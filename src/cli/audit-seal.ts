import { DISK } from '../trail/disk.ts'
import { readKeyFile } from '../trail/key-file.ts'
import { originOfTrail } from '../trail/origin.ts'
import { SealLoop } from '../trail/seal-loop.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { stopSignal } from './stop-signal.ts'

/** The options of `sealgate audit seal`. */
interface AuditSealOptions {
  readonly dir: string
  /** The present key first. */
  readonly key: readonly string[]
  readonly origin: string | undefined
  readonly follow: boolean
  readonly everyMs: number
}

/** `sealgate audit seal`: signs what has come to a trail, once or as it grows until SIGTERM. */
export async function auditSeal(options: AuditSealOptions, terminal: Terminal): Promise<ExitCode> {
  const { dir, everyMs, follow } = options
  let keys: readonly ReturnType<typeof readKeyFile>[]
  try {
    keys = options.key.map((file) => readKeyFile(file))
  } catch (error) {
    return usageError(terminal, error instanceof Error ? error.message : String(error))
  }
  const origin = options.origin ?? keys[0]?.origin ?? originOfTrail(dir)
  if (origin === undefined) {
    return usageError(
      terminal,
      `the name of the log is in no key and in no line of ${dir}: give --origin`,
    )
  }
  let hasFailed = false
  let hasEnded = false
  const loop = new SealLoop({
    disk: DISK,
    directory: dir,
    origin,
    everyMs,
    readKeys: () => keys.map(({ privateKey }) => privateKey),
    onSealed: ({ origin: name, size, root }) =>
      terminal.stdout(`sealed ${name} ${size} ${root.toString('base64')}\n`),
    onSetAside: (why) =>
      terminal.stderr(`sealgate: the tree is set aside, another is begun: ${why}\n`),
    onProblem: (problem, isFinal) => {
      hasFailed = true
      hasEnded = isFinal
      terminal.stderr(`sealgate: not sealed: ${problem}\n`)
    },
  })
  if (follow) {
    const stopped = stopSignal(() => terminal.exit?.(1))
    loop.start()
    await Promise.race([stopped, loop.stopped])
    hasFailed = hasEnded
  }
  loop.stop()
  return hasFailed ? 1 : 0
}

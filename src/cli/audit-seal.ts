import { ok, type Result } from '../base/result.ts'
import { anchorBucket } from '../service/anchor-bucket.ts'
import { anchorFolder } from '../service/anchor-folder.ts'
import { TrailAnchor } from '../service/trail-anchor.ts'
import { openLog } from '../telemetry/log.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { DISK } from '../trail/disk.ts'
import { readKeyFile } from '../trail/key-file.ts'
import { originOfTrail } from '../trail/origin.ts'
import { SealLoop } from '../trail/seal-loop.ts'
import { isBucketPlace, openBucketPlace } from './anchor-place.ts'
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
  /** Who else gets every checkpoint; undefined: nobody. */
  readonly anchor: SealAnchor | undefined
}

/** A folder, or `s3://BUCKET/PREFIX`. */
interface SealAnchor {
  readonly place: string
  /** The configuration with the bucket; undefined: AWS's own variables. */
  readonly configFile: string | undefined
  /** For so long S3 lets nobody delete a checkpoint; undefined: as the bucket says. */
  readonly retainMs: number | undefined
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
  const anchor = await openAnchor(options.anchor, terminal)
  if (!anchor.ok) return usageError(terminal, anchor.error)
  let hasFailed = false
  let hasEnded = false
  const loop = new SealLoop({
    disk: DISK,
    directory: dir,
    origin,
    everyMs,
    readKeys: () => keys.map(({ privateKey }) => privateKey),
    onSealed: ({ origin: name, size, root, note }) => {
      terminal.stdout(`sealed ${name} ${size} ${root.toString('base64')}\n`)
      anchor.value?.take({ origin: name, size, note })
    },
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
  await anchor.value?.close()
  return hasFailed || anchor.value?.isWaiting === true ? 1 : 0
}

async function openAnchor(
  anchor: SealAnchor | undefined,
  terminal: Terminal,
): Promise<Result<TrailAnchor | undefined, string>> {
  if (anchor === undefined) return ok(undefined)
  const { place, configFile, retainMs } = anchor
  const metrics = new Metrics({ bucketLabel: false, clientLabel: false, withDefaults: false })
  const log = openLog({ level: 'info', stream: { write: terminal.stderr } })
  if (!isBucketPlace(place)) return ok(new TrailAnchor(anchorFolder(place), log, metrics))
  const opened = await openBucketPlace(place, configFile, terminal)
  if (!opened.ok) return opened
  const target = anchorBucket(opened.value.upstream, { ...opened.value.place, retainMs })
  return ok(new TrailAnchor(target, log, metrics))
}

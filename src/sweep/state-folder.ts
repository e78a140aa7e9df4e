import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { failure, ok, type Result } from '../base/result.ts'

/** The files of a sweep's state. */
export interface StateFolder {
  readonly plan: string
  /** The hash of the finished plan, as `sha256sum` writes it. */
  readonly planHash: string
  readonly run: string
  readonly lock: string
}

/** The lock of another machine counts so long after it was touched, since its processes cannot be seen. */
const STALE_MS = 60_000
const TOUCH_MS = 10_000

/** The files of a folder. */
export function stateFolder(directory: string): StateFolder {
  return {
    plan: join(directory, 'plan.jsonl'),
    planHash: join(directory, 'plan.jsonl.sha256'),
    run: join(directory, 'run.jsonl'),
    lock: join(directory, 'lock'),
  }
}

/** Makes the folder for its owner alone, since keys of objects may be confidential. Throws the file system's error. */
export function makeStateFolder(directory: string): StateFolder {
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  return stateFolder(directory)
}

/** The lock of a state, held by this process. */
export interface StateLock {
  /** False: another machine has taken it over, because this process stood still for a minute. */
  isHeld(): boolean
  /** Gives it back, if it still is ours. */
  release(): void
}

/**
 * Takes the lock of the state for this process. The lock
 * of a process that is no more (kill -9, power loss) is taken over; that of another machine, if it was
 * not touched for a minute. Throws the file system's error.
 */
export function lockState(file: string, touchMs = TOUCH_MS): Result<StateLock, string> {
  const mine = `${process.pid} ${startOf(process.pid) ?? ''} ${hostname()}\n`
  const own = `${file}.${process.pid}`
  for (let attempt = 0; attempt < 3; attempt++) {
    // A link either is there with its text or is not there.
    writeFileSync(own, mine, { mode: 0o600 })
    try {
      linkSync(own, file)
      return ok(heldLock(file, mine, touchMs))
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error
    } finally {
      rmSync(own, { force: true })
    }
    const holder = readHolder(file)
    if (holder !== undefined && isRunning(file, holder)) {
      const place = holder.host === hostname() ? '' : ` on ${holder.host}`
      return failure(`another sweep (process ${holder.pid}${place}) uses this state`)
    }
    removeStale(file, own, holder)
  }
  return failure('another sweep uses this state')
}

function heldLock(file: string, mine: string, touchMs: number): StateLock {
  const isHeld = (): boolean => readText(file) === mine
  const timer = setInterval(() => isHeld() && touch(file), touchMs).unref()
  return {
    isHeld,
    release: () => {
      clearInterval(timer)
      if (isHeld()) rmSync(file, { force: true })
    },
  }
}

/** Removes the lock of a process that is no more; one that another process took meanwhile is put back. */
function removeStale(file: string, own: string, stale: Holder | undefined): void {
  const aside = `${own}.stale`
  try {
    renameSync(file, aside)
    if (!isDeepStrictEqual(readHolder(aside), stale)) linkSync(aside, file)
  } catch (error) {
    if (!isCode(error, 'ENOENT') && !isCode(error, 'EEXIST')) throw error
  } finally {
    rmSync(aside, { force: true })
  }
}

/** Returns whether a process that runs has the lock. */
export function isLocked(file: string): boolean {
  const holder = readHolder(file)
  return holder !== undefined && isRunning(file, holder)
}

interface Holder {
  readonly pid: number
  /** When the process began; empty: the system does not say. */
  readonly start: string
  readonly host: string
}

function readHolder(file: string): Holder | undefined {
  const [, pid, start = '', host = hostname()] =
    /^(\d{1,10}) (\d*)(?: (\S*))?\n$/.exec(readText(file) ?? '') ?? []
  return pid === undefined ? undefined : { pid: Number(pid), start, host }
}

/** A process with the same id and another start is another process. */
function isRunning(file: string, { pid, start, host }: Holder): boolean {
  if (host !== hostname()) return isTouched(file)
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (isCode(error, 'ESRCH')) return false
  }
  return start === '' || (startOf(pid) ?? start) === start
}

function isTouched(file: string): boolean {
  const { mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? { mtimeMs: 0 }
  return Date.now() - mtimeMs < STALE_MS
}

/** Fails where the journal cannot be written either, which ends the sweep. */
function touch(file: string): void {
  try {
    const now = new Date()
    utimesSync(file, now, now)
  } catch {}
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

/** Field 22 of /proc/PID/stat, behind the name in parentheses; undefined without such a file system. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === code
}

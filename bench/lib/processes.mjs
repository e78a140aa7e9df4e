/**
 * Child processes of the bench: start, wait until they listen, read what they cost, stop.
 * Linux only: CPU time and memory come from /proc.
 */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'

/** Clock ticks a second of /proc/PID/stat: 100 on every Linux that Debian ships. */
const TICKS_PER_SECOND = 100

/** @type {Set<Started>} */
const running = new Set()

/**
 * @typedef {object} Started
 * @property {string} name
 * @property {number} pid
 * @property {number} port
 * @property {string} logFile
 * @property {() => boolean} isRunning
 * @property {() => Promise<void>} stop  SIGTERM, after 5 s SIGKILL, to the process only.
 */

/**
 * Starts a program whose standard output and error go to a file, and waits until its port accepts.
 *
 * @param {{ name: string, command: string, args: readonly string[], port: number, logFile: string,
 *   startTimeoutMs?: number }} options
 * @returns {Promise<Started>}
 */
export async function start({ name, command, args, port, logFile, startTimeoutMs = 60_000 }) {
  const log = openSync(logFile, 'w')
  const child = spawn(command, args, {
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  let alive = true
  const exited = new Promise((resolve) => {
    const end = () => {
      alive = false
      resolve(undefined)
    }
    child.once('exit', end)
    child.once('error', end)
  })
  /** @type {Started} */
  const started = {
    name,
    pid: child.pid ?? 0,
    port,
    logFile,
    isRunning: () => alive,
    stop: async () => {
      running.delete(started)
      if (!alive) return
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await exited
      clearTimeout(timer)
    },
  }
  running.add(started)
  const deadline = Date.now() + startTimeoutMs
  while (Date.now() < deadline && alive) {
    if (await accepts(port)) return started
    await delay(50)
  }
  await started.stop()
  throw new Error(`${name} did not start; its output:\n${tail(logFile)}`)
}

/** Stops all that still runs. */
export async function stopAll() {
  await Promise.all([...running].map((started) => started.stop()))
}

/** The last lines of a log file. */
export function tail(/** @type {string} */ file, lines = 20) {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines).join('\n')
}

/** A loopback port that was free a moment ago. @returns {Promise<number>} */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** @returns {Promise<boolean>} */
function accepts(/** @type {number} */ port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** @returns {Promise<void>} */
export function delay(/** @type {number} */ ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** The process and its descendants. @returns {number[]} */
function tree(/** @type {number} */ root) {
  const parents = new Map()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const fields = statFields(Number(entry))
    if (fields) parents.set(Number(entry), Number(fields[1]))
  }
  const found = [root]
  for (let i = 0; i < found.length; i++) {
    for (const [pid, parent] of parents) if (parent === found[i]) found.push(pid)
  }
  return found
}

/** Fields of /proc/PID/stat after the command name: state, parent, …; undefined when it is gone. */
function statFields(/** @type {number} */ pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** User and system time together, in seconds, of a process and its living descendants. */
export function cpuSeconds(/** @type {number} */ root) {
  const [user, system] = cpuSplit(root)
  return user + system
}

/** User time and system time, in seconds. @returns {[number, number]} */
export function cpuSplit(/** @type {number} */ root) {
  let user = 0
  let system = 0
  for (const pid of tree(root)) {
    const fields = statFields(pid)
    if (!fields) continue
    user += Number(fields[11])
    system += Number(fields[12])
  }
  return [user / TICKS_PER_SECOND, system / TICKS_PER_SECOND]
}

/**
 * CPU time of one process, all of its living threads, in seconds; in nanoseconds of the scheduler
 * where ticks of 10 ms would be too coarse.
 */
export function preciseCpuSeconds(/** @type {number} */ pid) {
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1')
    nanoseconds += Number(text.split(' ', 1)[0])
  }
  return nanoseconds / 1e9
}

/** Seconds of all cores together since the machine started: at work, and idle (waiting for I/O too). */
export function machineSeconds() {
  const [first = ''] = readFileSync('/proc/stat', 'latin1').split('\n', 1)
  const [user, nice, system, idle, ioWait, irq, softIrq] = first
    .trim()
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return {
    busy: (user + nice + system + irq + softIrq) / TICKS_PER_SECOND,
    idle: (idle + ioWait) / TICKS_PER_SECOND,
  }
}

/** Peak resident memory, in bytes, of a process and its descendants since the last reset. */
export function peakMemoryBytes(/** @type {number} */ root) {
  return sumStatus(root, 'VmHWM')
}

/** Resident memory, in bytes, now. */
export function memoryBytes(/** @type {number} */ root) {
  return sumStatus(root, 'VmRSS')
}

function sumStatus(/** @type {number} */ root, /** @type {string} */ field) {
  let total = 0
  for (const pid of tree(root)) {
    try {
      const text = readFileSync(`/proc/${pid}/status`, 'latin1')
      total += 1024 * Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0)
    } catch {
      // It ended between the two looks.
    }
  }
  return total
}

/** Sets the peak back to what is resident now; without the right to do so the old peak stays. */
export function resetPeakMemory(/** @type {number} */ root) {
  for (const pid of tree(root)) {
    try {
      writeFileSync(`/proc/${pid}/clear_refs`, '5')
    } catch {
      // Not root, or a container that forbids it: the peak is then that of the whole run.
    }
  }
}

/**
 * Runs a program to its end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ timeoutMs?: number }} [options]
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
 */
export function run(command, args, { timeoutMs = 120_000 } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs)
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    child.once('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code, stdout, stderr })
    })
  })
}

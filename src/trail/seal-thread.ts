import { getPriority, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { DISK } from './disk.ts'
import { readKeyFile } from './key-file.ts'
import { SealLoop } from './seal-loop.ts'
import type { SealMessage, SealThreadData } from './seal-messages.ts'

/** The sealer of a proxy: only this thread reads the key. */
const { directory, origin, keyFiles, everyMs }: SealThreadData = workerData
const post = (message: SealMessage): void => parentPort?.postMessage(message)

/** What PRIORITY_BELOW_NORMAL of Node is below the normal one. */
const NICER = 10
const NICE_MAX = 19

yieldToRequests()
const loop = new SealLoop({
  disk: DISK,
  directory,
  origin,
  everyMs,
  readKeys: () => keyFiles.map((file) => readKeyFile(file).privateKey),
  onSealed: (sealed) =>
    post({ kind: 'sealed', ...sealed, root: sealed.root.toString('base64'), note: sealed.note }),
  onSetAside: (why) => post({ kind: 'set-aside', why }),
  onProblem: (problem, isFinal) => post({ kind: 'problem', problem, isFinal }),
})
parentPort?.on('message', () => loop.stop())
void loop.stopped.then(() => parentPort?.close())
loop.start()

/**
 * On Linux a priority is that of the calling thread: where cores are short, requests come first. Elsewhere
 * it would be that of the process. Below the process's own, whatever that is.
 */
function yieldToRequests(): void {
  if (process.platform !== 'linux') return
  try {
    setPriority(Math.min(getPriority() + NICER, NICE_MAX))
  } catch {
    // A sandbox that forbids it: the sealer works as it would without.
  }
}

import { parentPort, workerData } from 'node:worker_threads'
import { DISK } from './disk.ts'
import { readKeyFile } from './key-file.ts'
import { SealLoop } from './seal-loop.ts'
import type { SealMessage, SealThreadData } from './seal-messages.ts'

/** The sealer of a proxy: only this thread reads the key. */
const { directory, origin, keyFiles, everyMs }: SealThreadData = workerData
const post = (message: SealMessage): void => parentPort?.postMessage(message)

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

import type { Worker } from 'node:cluster'
import { settledWithin } from '../base/settled-within.ts'
import type { ConfigSnapshot } from '../service/config-snapshot.ts'
import {
  type Envelope,
  isEnvelope,
  type WorkerAnswer,
  type WorkerRequest,
} from './worker-messages.ts'

/** The state of a worker. */
type WorkerState = 'spare' | 'starting' | 'opened' | 'serving' | 'gone'

/** The exit of a process: its status, or the signal that ended it. */
export interface WorkerExit {
  readonly code: number | null
  readonly signal: string | null
}

/** One worker, as seen by its parent: requests with answers, and its exit. */
export class WorkerProcess {
  /** The worker's configuration; undefined while it is a spare one. */
  snapshot: ConfigSnapshot | undefined
  state: WorkerState = 'spare'
  /** performance.now() at the time of its first request. */
  startedAt = performance.now()
  readonly exited: Promise<WorkerExit>
  readonly #worker: Worker
  readonly #waiting = new Map<number, (answer: WorkerAnswer | undefined) => void>()
  readonly #greeted: Promise<void>
  #number = 0

  constructor(worker: Worker) {
    this.#worker = worker
    this.#greeted = new Promise((resolve) => {
      this.#waiting.set(0, () => resolve())
    })
    worker.on('message', (message: unknown) => {
      if (isEnvelope<WorkerAnswer>(message)) this.#take(message)
    })
    // An error of sending to a process that has just died; the exit event reports it.
    worker.on('error', () => undefined)
    this.exited = new Promise((resolve) => {
      worker.on('exit', (code: number | null, signal: string | null) => {
        this.state = 'gone'
        for (const settle of [...this.#waiting.values()]) settle(undefined)
        resolve({ code, signal })
      })
    })
  }

  get pid(): number | undefined {
    return this.#worker.process.pid
  }

  /** Assigns the configuration that the worker will serve. */
  begin(snapshot: ConfigSnapshot): void {
    this.state = 'starting'
    this.snapshot = snapshot
    this.startedAt = performance.now()
  }

  /** Undefined if the worker died or did not answer in time. */
  async ask(request: WorkerRequest, timeoutMs: number): Promise<WorkerAnswer | undefined> {
    if (!(await settledWithin(this.#greeted, timeoutMs))) return undefined
    if (this.state === 'gone' || !this.#worker.isConnected()) return undefined
    this.#number++
    const sealgate = this.#number
    return new Promise((resolve) => {
      const settle = (answer: WorkerAnswer | undefined): void => {
        clearTimeout(timer)
        this.#waiting.delete(sealgate)
        resolve(answer)
      }
      const timer = setTimeout(settle, timeoutMs, undefined)
      this.#waiting.set(sealgate, settle)
      const envelope: Envelope<WorkerRequest> = { sealgate, body: request }
      this.#worker.send(envelope, (error) => {
        if (error !== null) settle(undefined)
      })
    })
  }

  /** Sends SIGKILL. */
  kill(): void {
    this.#worker.process.kill('SIGKILL')
  }

  #take({ sealgate, body }: Envelope<WorkerAnswer>): void {
    this.#waiting.get(sealgate)?.(body)
  }
}

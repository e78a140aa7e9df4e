import { type BucketSize, TokenBucket } from './token-bucket.ts'

/** Time, as the pacer needs it. */
export interface PacerClock {
  /** Milliseconds; never goes back. */
  now(): number
  /** Calls back once, not before this time has passed. */
  wait(ms: number, callback: () => void): void
}

/**
 * Lets the bytes of several flows pass at the rate of one bucket. If bytes have to wait, each flow gets
 * the same number of them, whatever the size of its chunks: the chunk that goes first is the one whose
 * flow is behind the others (start-time fair queuing). There is one timer for all flows, and none while
 * nobody waits.
 *
 * Source: https://doi.org/10.1109/90.649569
 */
export class FairPacer {
  readonly #bucket: TokenBucket
  readonly #clock: PacerClock
  readonly #waiting = new FlowHeap()
  /** The start of the chunk that was granted last. A flow that was idle is not ahead by its pause. */
  #virtualBytes = 0
  #isTimed = false
  #isServing = false

  constructor(size: BucketSize, clock: PacerClock) {
    this.#clock = clock
    this.#bucket = new TokenBucket(size, clock.now())
  }

  resize(size: BucketSize): void {
    this.#bucket.resize(size, this.#clock.now())
  }

  open(): Flow {
    return new Flow(this)
  }

  /** Flows that wait, including those that were closed meanwhile and have not had their turn. */
  get waiting(): number {
    return this.#waiting.size
  }

  /** @internal For flows. */
  ask(flow: Flow): boolean {
    const now = this.#clock.now()
    flow.start = Math.max(flow.start, this.#virtualBytes)
    if (this.#waiting.size === 0 && this.#bucket.take(flow.wanted, now)) {
      this.#advance(flow)
      return true
    }
    this.#waiting.push(flow)
    // A flow that asks while another one is granted is seen by the loop that grants.
    if (!this.#isTimed && !this.#isServing) this.#wait(this.#bucket.waitMs(flow.wanted, now))
    return false
  }

  #serve(): void {
    this.#isServing = true
    for (let flow = this.#waiting.first; flow !== undefined; flow = this.#waiting.first) {
      const now = this.#clock.now()
      if (!flow.isClosed && !this.#bucket.take(flow.wanted, now)) {
        this.#wait(this.#bucket.waitMs(flow.wanted, now))
        break
      }
      this.#waiting.pop()
      if (flow.isClosed) continue
      this.#advance(flow)
      flow.grant()
    }
    this.#isServing = false
  }

  #advance(flow: Flow): void {
    this.#virtualBytes = flow.start
    flow.start += flow.wanted
  }

  #wait(ms: number): void {
    this.#isTimed = true
    this.#clock.wait(Math.ceil(ms), () => {
      this.#isTimed = false
      this.#serve()
    })
  }
}

/** A binary heap: first is the flow with the least `start`. */
class FlowHeap {
  readonly #flows: Flow[] = []

  get size(): number {
    return this.#flows.length
  }

  get first(): Flow | undefined {
    return this.#flows[0]
  }

  push(flow: Flow): void {
    const flows = this.#flows
    let i = flows.length
    while (i > 0) {
      const parentAt = (i - 1) >> 1
      const parent = flows[parentAt] as Flow
      if (parent.start <= flow.start) break
      flows[i] = parent
      i = parentAt
    }
    flows[i] = flow
  }

  pop(): void {
    const flows = this.#flows
    const last = flows.pop()
    if (last === undefined || flows.length === 0) return
    let i = 0
    for (;;) {
      const child = this.#lesserChild(i)
      const flow = flows[child]
      if (flow === undefined || last.start <= flow.start) break
      flows[i] = flow
      i = child
    }
    flows[i] = last
  }

  #lesserChild(i: number): number {
    const [left, right] = [this.#flows[2 * i + 1], this.#flows[2 * i + 2]]
    const isRight = left !== undefined && right !== undefined && right.start < left.start
    return 2 * i + (isRight ? 2 : 1)
  }
}

/** One stream of bytes of a pacer. It asks for one chunk at a time. */
export class Flow {
  /** @internal For the pacer: bytes of the chunk that waits. */
  wanted = 0
  /** @internal For the pacer: where its next chunk begins among all bytes that every flow has sent. */
  start = 0
  /** @internal For the pacer. */
  isClosed = false
  readonly #pacer: FairPacer
  #onGranted: (() => void) | undefined
  #onClosed: (() => void) | undefined

  constructor(pacer: FairPacer) {
    this.#pacer = pacer
  }

  /** Returns whether the bytes may pass now; if not, `onGranted` is called when they may. */
  take(bytes: number, onGranted: () => void): boolean {
    if (this.isClosed) return true
    this.wanted = bytes
    if (this.#pacer.ask(this)) return true
    this.#onGranted = onGranted
    return false
  }

  /** Waits until the bytes may pass, or the flow is closed; undefined: they may now. */
  pay(bytes: number): Promise<void> | undefined {
    let settle: () => void = () => undefined
    if (this.take(bytes, () => settle())) return undefined
    return new Promise((resolve) => {
      settle = resolve
      this.#onClosed = resolve
    })
  }

  /** Ends all waiting, without a call of `onGranted`; later bytes pass at once. */
  close(): void {
    this.isClosed = true
    this.#onGranted = undefined
    this.#onClosed?.()
  }

  /** @internal For the pacer. */
  grant(): void {
    const onGranted = this.#onGranted
    this.#onGranted = undefined
    onGranted?.()
  }
}

import type { PacerClock } from '../../src/base/fair-pacer.ts'

/** A clock that moves only when it is told to. */
export class TestClock implements PacerClock {
  nowMs = 0
  readonly timers: { readonly atMs: number; readonly callback: () => void }[] = []

  now(): number {
    return this.nowMs
  }

  wait(ms: number, callback: () => void): void {
    this.timers.push({ atMs: this.nowMs + Math.max(1, ms), callback })
  }

  /** Moves to the next timer and calls it; false if there is none. */
  next(): boolean {
    this.timers.sort((a, b) => a.atMs - b.atMs)
    const timer = this.timers.shift()
    if (timer === undefined) return false
    this.nowMs = timer.atMs
    timer.callback()
    return true
  }
}

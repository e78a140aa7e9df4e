import type { Method, ObjectClass, ResealOutcome } from './object-version.ts'

/** Objects and their bytes. */
export interface Count {
  readonly objects: number
  readonly bytes: number
}

/** How many versions ended in which way; constant memory however many there are. */
export class Tally {
  readonly #done = new Map<Method, Count>()
  readonly #left = new Map<ObjectClass, Count>()
  #failed: Count = NONE

  /** `changed` counts as `moving`: it was planned anew already. */
  add(outcome: ResealOutcome, bytes: number): void {
    switch (outcome.kind) {
      case 'done':
        this.addDone(outcome.method, bytes)
        return
      case 'left':
        addTo(this.#left, outcome.class, bytes)
        return
      case 'changed':
        addTo(this.#left, 'moving', bytes)
        return
      case 'failed':
        this.#failed = plus(this.#failed, bytes)
    }
  }

  addDone(method: Method, bytes: number): void {
    addTo(this.#done, method, bytes)
  }

  get done(): ReadonlyMap<Method, Count> {
    return this.#done
  }

  get left(): ReadonlyMap<ObjectClass, Count> {
    return this.#left
  }

  get failed(): Count {
    return this.#failed
  }
}

const NONE: Count = { objects: 0, bytes: 0 }

function addTo<K>(counts: Map<K, Count>, name: K, bytes: number): void {
  counts.set(name, plus(counts.get(name) ?? NONE, bytes))
}

function plus({ objects, bytes }: Count, more: number): Count {
  return { objects: objects + 1, bytes: bytes + more }
}

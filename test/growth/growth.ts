import type { StepCounter } from './step-counter.ts'

/** Twice as many pieces, when there are many already, add as much as was there: the square adds three times that. */
const ADDED_MAX = 1.5

/** The long input has eight times the pieces of the short one. Buffers that double may add as much again. */
const FACTOR = 8
const RATIO_MAX = 2 * FACTOR + 1

/** Steps a character that never count: what is read only where there is much of it. */
const FREE_STEPS = 4

/** The steps of inputs of one kind: one piece, some pieces, four and eight times as many. */
export interface Growth {
  readonly steps: readonly [one: number, short: number, half: number, long: number]
  readonly isLinear: boolean
}

/**
 * Counts the steps of a work whose input is made of so many pieces. `prepare` makes the input, which
 * does not count, and gives the work; `length` is that of one piece.
 */
export async function measureGrowth(
  counter: StepCounter,
  { pieces, length }: { readonly pieces: number; readonly length: number },
  prepare: (pieces: number) => () => unknown,
): Promise<Growth> {
  const long = prepare(FACTOR * pieces)
  // The first run fills caches.
  await long()
  const half = prepare((FACTOR / 2) * pieces)
  const steps = await counter.countEach([prepare(1), prepare(pieces), half, long])
  const [one = 0, few = 0, many = 0, most = 0] = steps
  const isWithinFactor = most - one <= RATIO_MAX * (few - one)
  // What is read in another way from some length on makes the short input look cheap.
  const isAddedEvenly = most - many <= ADDED_MAX * (many - one)
  const isFree = most - one <= FREE_STEPS * FACTOR * pieces * length
  return { steps: [one, few, many, most], isLinear: isWithinFactor || isAddedEvenly || isFree }
}

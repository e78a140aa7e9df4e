/** Numbers below `max`, the same for the same seed. */
export type Draw = (max: number) => number

/** Draws that a seed repeats. */
export function drawing(seed: number): Draw {
  let state = seed >>> 0
  return (max) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * max)
  }
}

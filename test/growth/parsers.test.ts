import fc from 'fast-check'
import t from 'tap'
import { measureGrowth } from './growth.ts'
import { StepCounter } from './step-counter.ts'

// Before the code is loaded that is counted: V8 counts the blocks of what it compiles from now on.
const counter = new StepCounter()
const { PARSERS } = await import('./parsers.ts')

// More of the machine's time than others take.
t.setTimeout(120_000)

/** Characters of the longest input. */
const LENGTH = 8192

for (const { name, tokens, lengthMax = LENGTH, read } of PARSERS) {
  t.test(
    `${name}: eight times the text costs eight times the steps, whatever is repeated`,
    async () => {
      const piece = (min: number) =>
        fc
          .array(fc.constantFrom(...tokens), { minLength: min, maxLength: 3 })
          .map((list) => list.join(''))
      const cost = async (before: string, pump: string, after: string): Promise<void> => {
        const pieces = Math.floor((lengthMax - before.length - after.length) / pump.length / 8)
        const growth = await measureGrowth(counter, { pieces, length: pump.length }, (count) => {
          const text = before + pump.repeat(count) + after
          return () => read(text)
        })
        if (growth.isLinear) return
        throw new Error(`${JSON.stringify([before, pump, after])}: ${growth.steps.join(', ')}`)
      }
      await fc.assert(fc.asyncProperty(piece(0), piece(1), piece(0), cost), {
        numRuns: 8,
        seed: 20_261_128,
      })
    },
  )
}

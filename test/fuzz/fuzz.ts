/**
 * `npm run fuzz -- [--minutes N] [--count N] [--seed S] [--mode M] [--case K] [--lanes N] [--keep 0,2]`
 *
 * Sends generated requests to a Sealgate in this process over real sockets, in front of a recorder, and
 * judges what reached the recorder and what the client was told. Ends with 1 where something was seen
 * that should never be; the case is then shrunk and printed with the command that repeats it.
 */

import { parseArgs } from 'node:util'
import { fuzz } from './fuzz-run.ts'
import { MODES, type Mode, planCase } from './generate-case.ts'
import { replay } from './replay.ts'
import { openLane } from './rig.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string' },
    count: { type: 'string' },
    seed: { type: 'string', default: String(Date.now()) },
    mode: { type: 'string' },
    case: { type: 'string' },
    keep: { type: 'string' },
    lanes: { type: 'string', default: '8' },
  },
})

function modesOf(text: string | undefined): readonly Mode[] {
  if (text === undefined) return MODES
  const mode = MODES.find((one) => one === text)
  if (mode === undefined) throw new Error(`--mode is one of ${MODES.join(', ')}`)
  return [mode]
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

const modes = modesOf(values.mode)
if (values.case !== undefined) {
  const [mode] = modes
  if (mode === undefined || values.mode === undefined) throw new Error('--case needs --mode')
  const kept = values.keep
    ?.split(',')
    .filter((text) => text !== '')
    .map(Number)
  const isGood = await replay(
    planCase(values.seed, mode, Number(values.case)),
    kept,
    openLane,
    print,
  )
  process.exitCode = isGood ? 0 : 1
} else {
  const countMax = Number(values.count ?? Number.POSITIVE_INFINITY)
  const minutes = Number(
    values.minutes ?? (values.count === undefined ? 1 : Number.POSITIVE_INFINITY),
  )
  const untilMs = Date.now() + minutes * 60_000
  const lanes = Number(values.lanes)
  const options = { seed: values.seed, modes, untilMs, countMax, lanes, failuresMax: 5, openLane }
  const faults = await fuzz(options, print)
  process.exitCode = faults.length === 0 ? 0 : 1
}
// A last idle timer of the service would hold the process for half a minute.
process.exit()

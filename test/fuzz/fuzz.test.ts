import t from 'tap'
import { type Carelessness, openCarelessLane } from './careless-proxy.ts'
import { fuzz } from './fuzz-run.ts'
import { MODES, type Mode } from './generate-case.ts'
import { type Lane, openLane } from './rig.ts'

async function run(
  modes: readonly Mode[],
  countMax: number,
  openLane: () => Promise<Lane>,
): Promise<{ faults: readonly string[]; text: string }> {
  const lines: string[] = []
  const faults = await fuzz(
    {
      ...{ seed: 'npm test', modes, countMax, openLane },
      ...{ untilMs: Number.POSITIVE_INFINITY, lanes: 4, failuresMax: 2 },
    },
    (line) => lines.push(line),
  )
  return { faults, text: lines.join('\n') }
}

t.test('no case of any mode finds a fault in Sealgate', async (t) => {
  const { faults, text } = await run(MODES, 150, openLane)
  t.strictSame(faults, [], text)
})

t.test('a proxy that does nothing wrong, though it serves little', async (t) => {
  const { faults, text } = await run(['header', 'chunked'], 200, () => openCarelessLane('nothing'))
  t.strictSame(faults, [], text)
  t.match(text, /[1-9]\d* reached S3 \([1-9]\d* uploads compared\)/)
})

/** What the fuzzer has to say of each. */
const CARELESS: readonly (readonly [Carelessness, RegExp])[] = [
  ['sets no encryption', /^encryption: none/],
  ['adds encryption if it is missing', /^encryption: x-amz-server-side-encryption: /],
  ['verifies no signature', /^origin: none may pass: not signed/],
  ['opens what is closed', /^upstream: an operation that is closed/],
  ['forwards unsigned headers', /^origin: .* was not signed/],
  ['stores broken bodies', /^content: stored, though the client's is broken/],
  ['answers twice', /^answers: more than requests/],
  ['answers success by itself', /^success: 200, and nothing reached S3/],
  ['tells its own signature', /^answers: a secret/],
  ['hands on the session token', /^upstream: a client's fuzz-client-session-token/],
  ['swaps keys', /^origin: another key/],
]

for (const [carelessness, fault] of CARELESS) {
  t.test(`a proxy that ${carelessness} is found out`, async (t) => {
    const open = () => openCarelessLane(carelessness)
    const { faults, text } = await run(['header', 'chunked'], 2000, open)
    t.ok(
      faults.some((one) => fault.test(one)),
      `${faults.slice(0, 20).join('\n')}`,
    )
    t.match(text, /again: npm run fuzz -- --seed npm test --mode \w+ --case \d+ --keep /)
  })
}

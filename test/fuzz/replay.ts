import { editNames, keepEdits, type Plan, planCase } from './generate-case.ts'
import { runAndJudge } from './judge-case.ts'
import type { Lane } from './rig.ts'
import type { Observation } from './run-case.ts'

/**
 * Runs a case by itself, takes its edits away one by one while it still fails, and prints what is left.
 * `kept`: only these edits, and nothing is taken away. True: it does not fail.
 */
export async function replay(
  plan: Plan,
  kept: readonly number[] | undefined,
  openLane: () => Promise<Lane>,
  print: (line: string) => void,
): Promise<boolean> {
  const lane = await openLane()
  try {
    const { again, id } = draw(plan)
    const all = kept ?? editNames(plan).map((_, i) => i)
    const left = kept === undefined ? await shrink(lane, again, all) : all
    const last = keepEdits(again(), new Set(left))
    const { observation, judgement } = await runAndJudge(lane, last)
    print(
      `case ${id}, ${plan.profile}, edits ${left.join(',') || 'none'}: ${editNames(last).join('; ')}`,
    )
    for (const fault of judgement.faults) print(`FAULT ${fault}`)
    if (judgement.faults.length === 0) print('no fault')
    for (const line of describe(observation)) print(line)
    const [seed, mode, index] = id.split('/')
    print(
      `again: npm run fuzz -- --seed ${seed} --mode ${mode} --case ${index} --keep ${left.join(',') || ','}`,
    )
    return judgement.faults.length === 0
  } finally {
    await lane.close()
  }
}

/** Plans are used up; this draws the same one as often as it is needed. */
function draw({ id, mode }: Plan): { readonly id: string; readonly again: () => Plan } {
  const [seed = '', , index] = id.split('/')
  return { id, again: () => planCase(seed, mode, Number(index)) }
}

async function shrink(
  lane: Lane,
  again: () => Plan,
  all: readonly number[],
): Promise<readonly number[]> {
  let left = all
  for (const one of all) {
    const fewer = left.filter((other) => other !== one)
    const { judgement } = await runAndJudge(lane, keepEdits(again(), new Set(fewer)))
    if (judgement.faults.length > 0) left = fewer
  }
  return left
}

/** What was sent and what came of it, for people. */
export function describe({ sent, received, arrivals }: Observation): readonly string[] {
  const lines = [`sent:     ${textOf(sent)}`]
  for (const { request, why, answer } of arrivals) {
    const fields = request?.fields.map(({ name, value }) => `${name}: ${value}`) ?? []
    lines.push(
      `upstream: ${request?.method ?? why} ${request?.target ?? ''}\n  ${fields.join('\n  ')}`,
    )
    lines.push(
      `  body ${textOf(request?.body ?? Buffer.alloc(0))}, answered ${answer?.status ?? 'nothing'}`,
    )
  }
  return [...lines, `received: ${textOf(received)}`]
}

function textOf(bytes: Buffer): string {
  const head = bytes.indexOf('\r\n\r\n')
  const text = bytes.toString('latin1', 0, Math.max(0, head) + 700).replaceAll('\r\n', '\\r\\n\n  ')
  return text.replace(
    /[^\n\x20-\x7e]/g,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

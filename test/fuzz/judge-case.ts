import type { Plan } from './generate-case.ts'
import { type Judgement, judge } from './judge.ts'
import type { Lane } from './rig.ts'
import { type Observation, runCase } from './run-case.ts'

/** Runs a plan, which is used up, and judges it. */
export async function runAndJudge(
  lane: Lane,
  plan: Plan,
): Promise<{ readonly observation: Observation; readonly judgement: Judgement }> {
  const nowMs = Date.now()
  const observation = await runCase(lane, plan)
  return { observation, judgement: judge(observation, nowMs) }
}

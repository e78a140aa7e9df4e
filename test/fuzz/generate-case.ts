import type { AnswerEdit } from './answer.ts'
import { buildRequest, type Draft, type Edit, type Scene } from './draft.ts'
import { drawAnswerEdit } from './generate-answer.ts'
import { drawChunked, drawChunkedEdit } from './generate-chunked.ts'
import { drawForm, drawFormEdit } from './generate-form.ts'
import { drawPresigned, drawPresignedEdit } from './generate-presigned.ts'
import { drawEdit, drawRequest } from './generate-request.ts'
import { Random } from './random.ts'
import { PROFILES, type Profile } from './world.ts'

/** What is fuzzed. */
export const MODES = ['header', 'presigned', 'chunked', 'form', 'answers'] as const
export type Mode = (typeof MODES)[number]

/** A case before it is bytes: everything has been drawn, nothing depends on time or ports. */
export interface Plan {
  readonly id: string
  readonly mode: Mode
  readonly profile: Profile
  readonly requests: readonly PlannedRequest[]
  /** Places, in thousandths, where what is sent is cut into writes. */
  readonly cuts: readonly number[]
  /** The client goes without waiting for an answer. */
  readonly vanishes: boolean
  readonly answerEdits: readonly AnswerEdit[]
  /** What the recorder says of an object that Sealgate looks up. */
  readonly lookUp: 'confirms' | 'is silent' | 'says otherwise' | 'fails'
}

interface PlannedRequest {
  readonly draft: Draft
  readonly edits: readonly Edit[]
}

interface Generator {
  readonly draw: (random: Random) => Draft
  readonly drawEdit: (random: Random) => Edit
}

const GENERATORS: Readonly<Record<Mode, Generator>> = {
  header: { draw: drawRequest, drawEdit },
  presigned: { draw: drawPresigned, drawEdit: drawPresignedEdit },
  chunked: { draw: drawChunked, drawEdit: drawChunkedEdit },
  form: { draw: drawForm, drawEdit: drawFormEdit },
  answers: { draw: drawAny, drawEdit },
}

/** Draws case `index` of a seed and mode: the same one every time. */
export function planCase(seed: string, mode: Mode, index: number): Plan {
  const random = new Random(`${seed}/${mode}/${index}`)
  const generator = GENERATORS[mode]
  const isAnswers = mode === 'answers'
  const requests: PlannedRequest[] = []
  const count = !isAnswers && random.chance(8) ? 1 + random.below(3) : 1
  for (let i = 0; i < count; i++) {
    const draft = generator.draw(random)
    const edits: Edit[] = []
    const editCount = isAnswers ? 0 : random.pick([0, 1, 1, 1, 1, 2, 2, 2, 3, 5])
    for (let j = 0; j < editCount; j++) edits.push(generator.drawEdit(random))
    requests.push({ draft, edits })
  }
  const answerEdits: AnswerEdit[] = []
  const answerEditCount = isAnswers ? random.pick([0, 1, 1, 1, 2, 2, 3]) : 0
  for (let i = 0; i < answerEditCount; i++) answerEdits.push(drawAnswerEdit(random))
  const cuts: number[] = []
  if (random.chance(15)) for (let i = random.below(4); i >= 0; i--) cuts.push(random.below(1000))
  return {
    id: `${seed}/${mode}/${index}`,
    mode,
    profile: random.pick(PROFILES),
    requests,
    cuts: cuts.sort((a, b) => a - b),
    vanishes: random.chance(2),
    answerEdits,
    lookUp: random.pick(['confirms', 'confirms', 'is silent', 'says otherwise', 'fails']),
  }
}

/** Names of a plan's edits, in order: of its requests, then of its answers. */
export function editNames({ requests, answerEdits }: Plan): readonly string[] {
  return [...requests.flatMap(({ edits }) => edits), ...answerEdits].map(({ name }) => name)
}

/** The same plan with those of its edits alone. */
export function keepEdits(plan: Plan, kept: ReadonlySet<number>): Plan {
  let at = 0
  const isKept = (): boolean => kept.has(at++)
  const requests = plan.requests.map(({ draft, edits }) => ({ draft, edits: edits.filter(isKept) }))
  return { ...plan, requests, answerEdits: plan.answerEdits.filter(isKept) }
}

/** The bytes that the client sends. Uses the plan up: its drafts are written on. */
export function buildCase({ requests }: Plan, scene: Scene): Buffer {
  return Buffer.concat(requests.map(({ draft, edits }) => buildRequest(draft, edits, scene)))
}

function drawAny(random: Random): Draft {
  switch (random.below(6)) {
    case 0:
      return drawForm(random)
    case 1:
      return drawChunked(random)
    case 2:
      return drawPresigned(random)
    default:
      return drawRequest(random)
  }
}

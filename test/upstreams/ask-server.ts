import { CONTRACT } from '../contract/contract.ts'
import { type ContractCase, expectedAt, type Observation } from '../contract/contract-case.ts'
import { guardRules } from '../contract/guards/guard-rules.ts'
import { GUARD_CASES } from '../contract/guards/guards.ts'
import { observeCases } from '../contract/run-cases.ts'
import type { Target, TargetKind } from '../contract/target.ts'
import type { KmsKeys } from '../support/access.ts'
import { S3Client } from '../support/s3-client.ts'
import { encryptUnder, type SealgateSettings, SuiteSealgate } from '../support/suite-sealgate.ts'
import type { RunningServer, ServerUnderTest, Setup } from './server.ts'
import { type Differences, differenceOf, type Way } from './snapshot.ts'

/** The writes that the policy is about: each operation that makes an object, with all that a client may ask. */
export const WRITES = CONTRACT.filter(
  ({ id }) => /^(put|create|copy|form)-/.test(id) && isOfMatrix(id),
)

function isOfMatrix(id: string): boolean {
  return CONTRACT.some((one) => one.id === id.replace(/^[^-]*/, 'create'))
}

const OTHERS = CONTRACT.filter((one) => !WRITES.includes(one))

/** Where nothing is encrypted, what is stored is plain. */
const PLAIN_GUARD_CASES = GUARD_CASES.map((one) =>
  one.aws['stored'] === 'aws:kms one' ? { ...one, aws: { ...one.aws, stored: 'plain' } } : one,
)

/** What is compared: all that is asked, but the unsettled. */
export function comparedFor(way: Way, { setup, unsettled }: ServerUnderTest) {
  return casesFor(way, setup).filter(({ id }) => unsettled?.cases.test(`${way} ${id}`) !== true)
}

/** What is asked in which way. Where nothing is confirmed, the whole contract would say so 272 times. */
export function casesFor(way: Way, setup: Setup): readonly ContractCase[] {
  switch (way) {
    case 'direct':
      return CONTRACT
    case 'enforced':
      return setup === 'confirm' ? CONTRACT : WRITES
    case 'relaxed':
      return setup === 'confirm' ? [] : OTHERS
    case 'guards':
      return setup === 'confirm' ? GUARD_CASES : PLAIN_GUARD_CASES
  }
}

/** Whether Sealgate, asked in this way, may let no write pass that is not under the policy's key. */
export function isEnforced(way: Exclude<Way, 'direct'>, setup: Setup): boolean {
  return way === 'enforced' || (way === 'guards' && setup === 'confirm')
}

/** Sealgate as it is asked in this way: as it is by default, or as an operator sets it up if the server cannot confirm. */
export function settingsFor(
  way: Exclude<Way, 'direct'>,
  setup: Setup,
  { one }: KmsKeys,
): SealgateSettings {
  if (way === 'enforced') return {}
  const effect =
    setup === 'exempt' ? { exempt: 'the server has no SSE-KMS' } : { encrypt: encryptUnder(one) }
  const rules =
    way === 'guards'
      ? guardRules(effect)
      : [{ name: 'everything', match: { buckets: ['contract-*'] }, ...effect }]
  return { rules, ...(setup === 'report' && { confirmation: 'report' }) }
}

/** One case at a time: what a server does to requests that come together need not be the same the next time. */
const AT_ONCE = 1

/** What the cases saw at a target. */
export async function observe(
  target: Target,
  cases: readonly ContractCase[],
): Promise<ReadonlyMap<string, Observation>> {
  const seen = new Map<string, Observation>()
  await observeCases(
    target,
    cases,
    (one, observed) => {
      seen.set(one.id, observed instanceof Error ? { error: shorten(observed.message) } : observed)
    },
    AT_ONCE,
  )
  // In the order of the contract, not of the answers.
  return new Map(cases.map(({ id }) => [id, seen.get(id) ?? {}]))
}

/** Without the document, which has ids of requests. */
function shorten(message: string): string {
  return /^.*?: \d{3}(?= )/.exec(message)?.[0] ?? message.split('\n')[0] ?? ''
}

/** The members in which each case differs from the contract. */
export function differencesAt(
  kind: TargetKind,
  cases: readonly ContractCase[],
  seen: ReadonlyMap<string, Observation>,
): Differences {
  const entries = cases.flatMap((one) => {
    const difference = differenceOf(expectedAt(one, kind), seen.get(one.id) ?? {})
    return difference === undefined ? [] : [[one.id, difference] as const]
  })
  return Object.fromEntries(entries)
}

/** Asks Sealgate in front of the server, and gives what it saw; throws if Sealgate answered falsely. */
export async function askThroughSealgate(
  server: RunningServer,
  folder: string,
  cases: readonly ContractCase[],
  settings: SealgateSettings,
  check: (sealgate: SuiteSealgate) => Promise<void>,
): Promise<ReadonlyMap<string, Observation>> {
  const sealgate = await SuiteSealgate.start(server.access, folder, settings)
  const { address, keys, region } = sealgate.access
  const client = new S3Client(address, keys, region)
  const upstream = new S3Client(server.access.address, server.access.keys, server.access.region)
  try {
    const target = { kind: 'sealgate+other', client, upstream, kms: server.access.kms } as const
    const seen = await observe(target, cases)
    await check(sealgate)
    return seen
  } finally {
    client.close()
    upstream.close()
    await sealgate.stop()
  }
}

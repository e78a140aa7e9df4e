import { CONTRACT } from '../contract/contract.ts'
import { type ContractCase, expectedAt, type Observation } from '../contract/contract-case.ts'
import { observeCases } from '../contract/run-cases.ts'
import type { Target, TargetKind } from '../contract/target.ts'
import { S3Client } from '../support/s3-client.ts'
import { type SealgateSettings, SuiteSealgate } from '../support/suite-sealgate.ts'
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

/** What is compared: all that is asked, but the unsettled. */
export function comparedFor(way: Way, { setup, unsettled }: ServerUnderTest) {
  return casesFor(way, setup).filter(({ id }) => unsettled?.cases.test(id) !== true)
}

/** What is asked in which way. Where nothing is confirmed, the whole contract would say so 272 times. */
export function casesFor(way: Way, setup: Setup): readonly ContractCase[] {
  if (way === 'direct') return CONTRACT
  if (way === 'enforced') return setup === 'confirm' ? CONTRACT : WRITES
  return setup === 'confirm' ? [] : OTHERS
}

/** Sealgate as an operator sets it up if the server cannot confirm. */
export function relaxed(setup: Setup): SealgateSettings {
  if (setup === 'report') return { confirmation: 'report' }
  const exempt = 'the server has no SSE-KMS'
  return { rules: [{ name: 'everything', match: { buckets: ['contract-*'] }, exempt }] }
}

/** What the cases saw at a target. */
export async function observe(
  target: Target,
  cases: readonly ContractCase[],
): Promise<ReadonlyMap<string, Observation>> {
  const seen = new Map<string, Observation>()
  await observeCases(target, cases, (one, observed) => {
    seen.set(one.id, observed instanceof Error ? { error: shorten(observed.message) } : observed)
  })
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

const OBJECT_WRITES = ['PutObject', 'CopyObject', 'CompleteMultipartUpload', 'PostObject']

/** The successes of writes that the audit log does not show as confirmed under the policy's key. */
export function unconfirmedWrites(sealgate: SuiteSealgate, keyId: string): readonly string[] {
  return sealgate
    .auditLines()
    .filter(
      ({ operation = '', status = 0 }) => OBJECT_WRITES.includes(operation) && isSuccess(status),
    )
    .filter(
      ({ confirmedEncryption: said }) => said?.algorithm !== 'aws:kms' || said.keyId !== keyId,
    )
    .map(({ operation, bucket, key }) => `${operation} ${bucket}/${key} was let pass unconfirmed`)
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}

/**
 * The writes that were answered with success and that the server itself shows without the policy's key. An upload
 * that has begun is no object yet: its completion is in the audit log.
 */
export function falseSuccesses(seen: ReadonlyMap<string, Observation>): readonly string[] {
  return [...seen]
    .filter(([id, { answer }]) => !id.startsWith('create-') && /^2/.test(String(answer)))
    .filter(
      ([, { stored }]) => typeof stored === 'string' && !['aws:kms one', 'none'].includes(stored),
    )
    .map(([id, { answer, stored }]) => `${id}: ${answer}, stored ${stored}`)
}

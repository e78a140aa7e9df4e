import { hostname } from 'node:os'
import { failure, ok, type Result } from '../base/result.ts'
import type { Config } from '../config/config.ts'
import { hashPolicy } from '../service/hash-policy.ts'
import {
  abilitiesFor,
  askAbilities,
  assumeAbilities,
  describeAbilities,
  type RuleAbilities,
} from '../sweep/abilities.ts'
import { decideTarget } from '../sweep/decide-target.ts'
import { formatInspection, formatPlan, type PlanResult, planAsJson } from '../sweep/format-plan.ts'
import { type BucketInspection, inspectBuckets } from '../sweep/inspect-bucket.ts'
import { openInventory } from '../sweep/inventory-rows.ts'
import { InventorySource } from '../sweep/inventory-source.ts'
import { Journal } from '../sweep/journal.ts'
import { ListSource, type ObjectSource } from '../sweep/object-source.ts'
import { finishPlan, type PlanProgress, resumePlan } from '../sweep/open-plan.ts'
import { type PlanContext, planBucket } from '../sweep/plan-objects.ts'
import type { PlanOpening } from '../sweep/plan-record.ts'
import type { S3Link } from '../sweep/s3-request.ts'
import {
  lockState,
  makeStateFolder,
  type StateFolder,
  type StateLock,
} from '../sweep/state-folder.ts'
import { packageVersion } from '../telemetry/package-version.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import {
  checkClient,
  configPath,
  endpointOf,
  inspectionContext,
  loadSweepConfig,
  openSweepLink,
} from './open-sweep.ts'
import { SweepProgress } from './sweep-progress.ts'

/** The options of `sealgate sweep plan`. */
interface SweepPlanOptions {
  readonly config: string
  readonly bucket: readonly string[]
  readonly prefix: string
  readonly versions: 'current' | 'all'
  readonly source: string
  readonly as?: string | undefined
  readonly state: string
  readonly probe: boolean
  readonly format: 'text' | 'json'
}

/** Its tables have rows for versions, and no column that says which is the current one. */
const NO_VERSIONS =
  '--versions all needs list or an inventory: S3 Metadata does not say which version is current.'

/** HEAD requests at the same time. */
const CONCURRENCY = 32

/** `sealgate sweep plan`: looks at every object version and says what a run would do. Writes nothing to S3. */
export async function sweepPlan(options: SweepPlanOptions, terminal: Terminal): Promise<ExitCode> {
  const { bucket: buckets, prefix, versions, source, as } = options
  if (options.config === '-') {
    return usageError(terminal, 'the configuration must be a file: a run reads it again.')
  }
  const loaded = await loadSweepConfig(options.config, terminal)
  if (!loaded.ok) return loaded.error
  const config = loaded.value
  const wrong = checkClient(config, as, buckets)
  if (wrong !== undefined) return usageError(terminal, `${wrong}.`)
  if (source.startsWith('journal:') && versions === 'all') return usageError(terminal, NO_VERSIONS)
  const opening: PlanOpening = {
    journal: 'plan',
    version: packageVersion(),
    config: configPath(options.config),
    policy: hashPolicy(config.policy),
    endpoint: endpointOf(config),
    scope: { buckets: [...new Set(buckets)], prefix, versions, source, as: as ?? null },
  }
  const folder = makeStateFolder(options.state)
  const lock = lockState(folder.lock)
  if (!lock.ok) return failed(terminal, lock.error)
  try {
    const planned = await plan(folder, lock.value, opening, config, options, terminal)
    if (!planned.ok) return failed(terminal, planned.error)
    terminal.stdout(
      options.format === 'json' ? `${planAsJson(planned.value)}\n` : formatPlan(planned.value),
    )
    return exitCodeOf(planned.value)
  } finally {
    lock.value.release()
  }
}

async function plan(
  folder: StateFolder,
  lock: StateLock,
  opening: PlanOpening,
  config: Config,
  options: SweepPlanOptions,
  terminal: Terminal,
): Promise<Result<PlanResult, string>> {
  const resumed = await resumePlan(folder, opening)
  if (!resumed.ok) return resumed
  const opened = await openSweepLink(config, terminal)
  if (!opened.ok) return opened
  const link = opened.value
  try {
    const inspected = await inspectBuckets(link, opening.scope.buckets, inspectionContext(config))
    if (!inspected.ok) return inspected
    const asked = options.probe ? await askAll(link, inspected.value, config, folder) : ok([])
    if (!asked.ok) return asked
    if (options.format === 'text') {
      const notes = preflightNotes(config, options.probe)
      for (const one of inspected.value) {
        const { bucket } = one.facts
        const abilities = asked.value.filter((found) => found.bucket === bucket)
        terminal.stdout(formatInspection(one, [...notes, ...abilities.map(describeAbilities)]))
      }
    }
    const journal = await Journal.open(folder.plan, opening, () => new Date(), lock.isHeld)
    try {
      const done = await planAll(link, journal, resumed.value, inspected.value, {
        config,
        options,
        terminal,
        asked: options.probe ? asked.value : undefined,
      })
      if (!done.ok) return done
      const { totals } = resumed.value
      journal.append({ record: 'close', ...totals.all, classes: totals.rows })
    } finally {
      await journal.close()
    }
    const { totals, deleteMarkers, unreadable } = resumed.value
    return ok({ totals, deleteMarkers, unreadable, hash: await finishPlan(folder) })
  } finally {
    await link.close()
  }
}

interface PlanInput {
  readonly config: Config
  readonly options: SweepPlanOptions
  readonly terminal: Terminal
  /** Undefined: the server was not asked. */
  readonly asked: readonly RuleAbilities[] | undefined
}

async function askAll(
  link: S3Link,
  inspections: readonly BucketInspection[],
  { policy, upstream: { isAws } }: Config,
  folder: StateFolder,
): Promise<Result<readonly RuleAbilities[], string>> {
  const sweep = `${hostname()}:${configPath(folder.plan)}`
  const question = { sweep, isAws, isWanted: () => true }
  const all: RuleAbilities[] = []
  for (const inspection of inspections) {
    const asked = await askAbilities(link, policy, inspection, question)
    if (!asked.ok) return asked
    all.push(...asked.value)
  }
  return ok(all)
}

async function planAll(
  link: S3Link,
  journal: Journal,
  progress: PlanProgress,
  inspections: readonly BucketInspection[],
  { config, options, terminal, asked }: PlanInput,
): Promise<Result<void, string>> {
  const opened = await openSource(link, options)
  if (!opened.ok) return opened
  const source = opened.value
  const { totals } = progress
  const shown = new SweepProgress(terminal, options.format === 'json', totals.all.objects)
  const context: PlanContext = {
    link,
    journal,
    source,
    decideTarget: (bucket, key) => decideTarget(config.policy, options.as, bucket, key),
    abilitiesOf: (bucket, { rule }) =>
      asked === undefined
        ? assumeAbilities(
            inspections.find(({ facts }) => facts.bucket === bucket),
            rule,
          )
        : abilitiesFor(asked, bucket, rule),
    progress,
    concurrency: Math.min(CONCURRENCY, config.upstream.connections),
    now: Date.now,
    onPage: () =>
      shown.show({
        done: totals.all.objects,
        of: undefined,
        text: `${totals.countOf('sealed').objects} sealed`,
      }),
  }
  for (const { facts, findings } of inspections) {
    const abilities = asked?.filter(({ bucket }) => bucket === facts.bucket)
    journal.append({ record: 'preflight', facts, findings, abilities })
    const from = progress.positions.get(facts.bucket)
    if (from === null) continue
    const isWhole = await planBucket(context, facts, from)
    if (!isWhole.ok) return isWhole
    if (!isWhole.value) return failure('stopped; the same command goes on where it was')
  }
  shown.end()
  return ok(undefined)
}

async function openSource(
  link: S3Link,
  { source, prefix, versions }: SweepPlanOptions,
): Promise<Result<ObjectSource, string>> {
  if (source === 'list') return ok(new ListSource(link, prefix, versions))
  const at = source.indexOf(':')
  const kind = source.slice(0, at) === 'journal' ? 'journal' : 'inventory'
  const inventory = await openInventory(kind, source.slice(at + 1))
  return inventory.ok ? ok(new InventorySource(inventory.value, prefix, versions)) : inventory
}

function preflightNotes({ policy, upstream }: Config, isAsked: boolean): readonly string[] {
  return [
    ...(policy.mode === 'observe'
      ? ['the policy observes: this is what enforce would do, and nothing can be run']
      : []),
    ...(upstream.isAws || isAsked
      ? []
      : [
          'whether this server has UpdateObjectEncryption is not asked here, since that would be a write: the plan assumes it, `run` asks before anything else, and so does --probe',
        ]),
  ]
}

/** 0: all is sealed or exempt. */
function exitCodeOf({ totals, unreadable }: PlanResult): ExitCode {
  const fine = totals.countOf('sealed').objects + totals.countOf('exempt').objects
  return fine + totals.countOf('gone').objects === totals.all.objects && unreadable === 0 ? 0 : 3
}

function failed(terminal: Terminal, message: string): ExitCode {
  terminal.stderr(`sealgate: ${message}\n`)
  return 1
}

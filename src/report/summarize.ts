import { REFUSAL_REASONS } from '../telemetry/metric-words.ts'
import {
  type AuditLine,
  encryptionOf,
  keyNameOf,
  namesOf,
  numberOf,
  STORED,
  textOf,
  writeOf,
} from './audit-line.ts'
import { BoundedList, type Listed } from './bounded-list.ts'
import { EvidenceClock, type EvidenceTimes } from './evidence-time.ts'
import { Counter, type Counts, type Group, Groups } from './groups.ts'

/** What uploads are grouped by. */
export const GROUPINGS = ['key', 'bucket', 'client', 'rule', 'day'] as const
export type Grouping = (typeof GROUPINGS)[number]

/** The period of a report: lines from `from` on and before `to`, `YYYY-MM-DDTHH:mm:ss.sssZ`. */
export interface Period {
  readonly from: string
  readonly to: string
}

/** A line that a report lists: fields as in the audit. */
export interface ListedLine {
  readonly time: string
  readonly requestId: string
  readonly client: string | null
  readonly operation: string
  readonly bucket: string | null
  readonly key: string | null
  readonly versionId: string | null
  readonly rule: string | null
  readonly status: number
  readonly reason: string | null
  readonly write: string | null
  readonly read: string | null
  readonly appliedKey: string | null
  /** The key that S3 named. */
  readonly confirmedKey: string
}

/** Objects that a rule exempts. */
interface Exemption {
  readonly rule: string
  readonly reason: string
  readonly objects: number
  /** Who used it. */
  readonly clients: Listed<string>
  readonly first: string
  readonly last: string
}

/** A configuration that came to work, or the end of one. */
export interface ConfigurationChange {
  readonly time: string
  readonly event: string
  readonly instance: string
  readonly version: string
  readonly mode: string
  readonly configHash: string
  /** Of a reload that changed the mode. */
  readonly previousMode: string | null
  readonly sections: readonly string[]
  readonly rulesAdded: readonly string[]
  readonly rulesRemoved: readonly string[]
  readonly rulesChanged: readonly string[]
}

/** How often something happened. */
export interface Tally {
  readonly name: string
  readonly count: number
  readonly first: string
  readonly last: string
}

/** What the lines of a period say. */
export interface Summary {
  readonly period: Period
  /** Lines of the period, those of requests among them, and lines that are no JSON (of any time). */
  readonly lines: number
  readonly requests: number
  readonly unreadable: number
  readonly total: Counts
  readonly by: Readonly<Record<Grouping, readonly Group[]>>
  /** Every line of an upload that S3 did not confirm, or confirmed otherwise. */
  readonly unconfirmed: Listed<ListedLine>
  readonly exemptions: Listed<Exemption>
  /** Objects that were read, by their encryption; `policy`, `other-key`, `sse-s3`, `none`. */
  readonly reads: readonly Tally[]
  readonly readsNotUnderPolicy: Listed<ListedLine>
  /** Refusals of all requests, by reason. */
  readonly refusals: readonly Tally[]
  /** Failed uploads, by S3's code or Sealgate's reason. */
  readonly failures: readonly Tally[]
  readonly configurations: Listed<ConfigurationChange>
  readonly evidence: EvidenceTimes
}

/** Limits of lists and groups. */
const LISTED_MAX = 1000
const GROUPS_MAX = 1000
const DAYS_MAX = 4000
const NAMES_MAX = 20
const NOBODY = '(nobody known)'
const NOT_STORED = '(not stored)'
const NO_RULE = '(no rule)'
const NO_BUCKET = '(none)'

const NOT_POLICY: ReadonlySet<unknown> = new Set(['other-key', 'sse-s3', 'none'])
const REASONS: ReadonlySet<string> = new Set(REFUSAL_REASONS)

/**
 * Sums up the lines of an audit, in the order of their streams; its memory has a limit whatever the
 * number of lines. `from`, `to`: undefined is the first line, and now.
 */
export class Summarizer {
  readonly #from: string | undefined
  readonly #to: string | undefined
  readonly #total = new Counter()
  readonly #by: Readonly<Record<Grouping, Groups>> = {
    key: new Groups(GROUPS_MAX),
    bucket: new Groups(GROUPS_MAX),
    client: new Groups(GROUPS_MAX),
    rule: new Groups(GROUPS_MAX),
    day: new Groups(DAYS_MAX),
  }
  readonly #unconfirmed = new BoundedList<ListedLine>(LISTED_MAX)
  readonly #otherReads = new BoundedList<ListedLine>(LISTED_MAX)
  readonly #configurations = new BoundedList<ConfigurationChange>(LISTED_MAX)
  readonly #exemptions = new Map<string, OpenExemption>()
  #exemptionsBeyond = 0
  readonly #reads = new Tallies(LISTED_MAX)
  readonly #refusals = new Tallies(LISTED_MAX)
  readonly #failures = new Tallies(LISTED_MAX)
  readonly #clock = new EvidenceClock()
  #first: string | undefined
  #lines = 0
  #requests = 0
  #unreadable = 0

  constructor(from: string | undefined, to: string | undefined) {
    this.#from = from
    this.#to = to
  }

  /** Undefined: a line that cannot be parsed. */
  take(line: AuditLine | undefined): void {
    const time = line === undefined ? undefined : textOf(line, 'time')
    if (line === undefined || time === undefined) {
      this.#unreadable++
      return
    }
    if (this.#first === undefined || time < this.#first) this.#first = time
    // Records of streams matter from outside the period, too: when a stream was opened, say.
    this.#clock.take(line)
    if (this.#from !== undefined && time < this.#from) return
    if (this.#to !== undefined && time >= this.#to) return
    this.#lines++
    if (line['record'] === undefined) this.#takeRequest(line, time)
    else if (line['record'] === 'configuration') this.#configurations.add(changeOf(line, time))
  }

  end(nowMs: number): Summary {
    const now = new Date(nowMs).toISOString()
    const from = this.#from ?? this.#first ?? now
    const to = this.#to ?? now
    const { key, bucket, client, rule, day } = this.#by
    return {
      period: { from, to },
      lines: this.#lines,
      requests: this.#requests,
      unreadable: this.#unreadable,
      total: this.#total.counts,
      by: {
        key: key.groups,
        bucket: bucket.groups,
        client: client.groups,
        rule: rule.groups,
        day: day.groups,
      },
      unconfirmed: this.#unconfirmed.sorted(byTime),
      exemptions: {
        items: [...this.#exemptions.values()]
          .map(({ clients, ...rest }) => ({ ...rest, clients: clientsOf(clients) }))
          .sort((a, b) => b.objects - a.objects),
        more: this.#exemptionsBeyond,
      },
      reads: this.#reads.sorted,
      readsNotUnderPolicy: this.#otherReads.sorted(byTime),
      refusals: this.#refusals.sorted,
      failures: this.#failures.sorted,
      configurations: this.#configurations.sorted(byTime),
      evidence: this.#clock.end(Date.parse(from), Date.parse(to), nowMs),
    }
  }

  #takeRequest(line: AuditLine, time: string): void {
    this.#requests++
    const write = writeOf(line)
    if (write !== undefined) this.#takeUpload(line, time, write)
    const read = textOf(line, 'read')
    if (read !== undefined) this.#reads.add(read, time)
    if (NOT_POLICY.has(read)) this.#otherReads.add(listedOf(line, time))
    const reason = textOf(line, 'reason')
    const isRefused = reason !== undefined && REASONS.has(reason)
    if (isRefused && (numberOf(line, 'status') ?? 0) >= 400) this.#refusals.add(reason, time)
  }

  #takeUpload(line: AuditLine, time: string, write: ReturnType<typeof writeOf> & string): void {
    const isStored = STORED.has(write)
    this.#total.add(line, write)
    this.#by.key.add(isStored ? keyNameOf(line) : NOT_STORED, line, write)
    this.#by.bucket.add(textOf(line, 'bucket') ?? NO_BUCKET, line, write)
    this.#by.client.add(textOf(line, 'client') ?? NOBODY, line, write)
    this.#by.rule.add(textOf(line, 'rule') ?? NO_RULE, line, write)
    this.#by.day.add(time.slice(0, 10), line, write)
    if (write === 'unconfirmed' || write === 'mismatched') {
      this.#unconfirmed.add(listedOf(line, time))
    } else if (write === 'exempt') this.#takeExemption(line, time)
    else if (write === 'failed') {
      this.#failures.add(textOf(line, 'errorCode') ?? textOf(line, 'reason') ?? 'unknown', time)
    }
  }

  #takeExemption(line: AuditLine, time: string): void {
    const rule = textOf(line, 'rule') ?? NO_RULE
    const reason = textOf(line, 'reason') ?? ''
    const id = JSON.stringify([rule, reason])
    let exemption = this.#exemptions.get(id)
    if (exemption === undefined) {
      if (this.#exemptions.size >= LISTED_MAX) {
        this.#exemptionsBeyond++
        return
      }
      const clients = { names: new Set<string>(), more: new Set<string>() }
      exemption = { rule, reason, objects: 0, clients, first: time, last: time }
      this.#exemptions.set(id, exemption)
    }
    exemption.objects++
    if (time < exemption.first) exemption.first = time
    if (time > exemption.last) exemption.last = time
    const { names, more } = exemption.clients
    const client = textOf(line, 'client') ?? NOBODY
    if (names.has(client)) return
    if (names.size < NAMES_MAX) names.add(client)
    else if (more.size < LISTED_MAX) more.add(client)
  }
}

interface OpenExemption {
  readonly rule: string
  readonly reason: string
  objects: number
  readonly clients: { readonly names: Set<string>; readonly more: Set<string> }
  first: string
  last: string
}

function clientsOf({ names, more }: OpenExemption['clients']): Listed<string> {
  return { items: [...names].sort(), more: more.size }
}

/** Counts by a word, with a limit of words. */
class Tallies {
  readonly #tallies = new Map<string, { count: number; first: string; last: string }>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  add(word: string, time: string): void {
    const name = this.#tallies.size >= this.#max && !this.#tallies.has(word) ? OTHERS : word
    const tally = this.#tallies.get(name)
    if (tally === undefined) this.#tallies.set(name, { count: 1, first: time, last: time })
    else {
      tally.count++
      if (time < tally.first) tally.first = time
      if (time > tally.last) tally.last = time
    }
  }

  /** The most frequent first. */
  get sorted(): readonly Tally[] {
    return [...this.#tallies]
      .map(([name, tally]) => ({ name, ...tally }))
      .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1))
  }
}

const OTHERS = '(all others)'

function listedOf(line: AuditLine, time: string): ListedLine {
  const field = (name: string): string | null => textOf(line, name) ?? null
  return {
    time,
    requestId: textOf(line, 'requestId') ?? '',
    client: field('client'),
    operation: textOf(line, 'operation') ?? '',
    bucket: field('bucket'),
    key: field('key'),
    versionId: field('versionId'),
    rule: field('rule'),
    status: numberOf(line, 'status') ?? 0,
    reason: field('reason'),
    write: writeOf(line) ?? null,
    read: field('read'),
    appliedKey: encryptionOf(line, 'appliedEncryption')?.keyId ?? null,
    confirmedKey: keyNameOf(line),
  }
}

function changeOf(line: AuditLine, time: string): ConfigurationChange {
  return {
    time,
    event: textOf(line, 'event') ?? '',
    instance: textOf(line, 'instance') ?? '',
    version: textOf(line, 'version') ?? '',
    mode: textOf(line, 'mode') ?? '',
    configHash: textOf(line, 'configHash') ?? '',
    previousMode: textOf(line, 'previousMode') ?? null,
    sections: namesOf(line, 'sections'),
    rulesAdded: namesOf(line, 'rulesAdded'),
    rulesRemoved: namesOf(line, 'rulesRemoved'),
    rulesChanged: namesOf(line, 'rulesChanged'),
  }
}

function byTime(a: { readonly time: string }, b: { readonly time: string }): number {
  return a.time < b.time ? -1 : Number(a.time > b.time)
}

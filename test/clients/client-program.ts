/** What a program does, and what the suite then looks for at the server, on disk and in the audit. */
export type Task = 'small' | 'large' | 'parts' | 'read' | 'list' | 'delete' | 'encryption'

/** Where clients come from, as docs/compatibility.md says it. */
export type Origin = 'npm' | 'Debian 12' | 'PyPI' | 'Maven' | 'Go' | 'crates.io'

/** The headings of docs/compatibility.md, in their order: what somebody looks for who has a client. */
export const GROUPS = [
  'SDKs and libraries',
  'Tables, frames and query engines',
  'Commands, mounts and backups',
  'Registries, state, logs, metrics and sites',
  'Run to see them fail',
] as const

/** One heading. */
export type Group = (typeof GROUPS)[number]

/** A client of few lines: a program of test/clients/programs, run through Sealgate alone. */
export interface ClientProgram {
  readonly name: string
  /** Without a folder: `aws4fetch.mjs`. */
  readonly file: string
  readonly from: Origin
  /** Its name there: npm's in programs/package.json, PyPI's in the environment's list, others with their version. */
  readonly package: string
  /** What else of the same registry the program needs. */
  readonly with?: readonly string[]
  /** PyPI: programs/python/ENVIRONMENT.txt. */
  readonly environment?: string
  /** The version of the client, where the package that has it counts its own. */
  readonly contains?: string
  readonly group: Group
  /** What to configure: endpoint and addressing style; certificate authority and what else matters. */
  readonly settings: readonly [endpoint: string, other: string]
  readonly tasks: readonly Task[]
  /** It cannot do without copies, which some servers do not encrypt. */
  readonly copies?: boolean
  /** The client chooses its own keys. */
  readonly ownKeys?: boolean
  /** The program must fail: the reason of Sealgate's refusal. */
  readonly refused?: string
  /** The program must fail by its own mind, although the object is stored: what it says. */
  readonly complains?: RegExp
}

/** Everything. */
export const ALL: readonly Task[] = ['small', 'large', 'parts', 'read', 'list', 'delete']

/** Everything, but the large file goes in one request. */
export const ALL_WHOLE: readonly Task[] = ['small', 'large', 'read', 'list', 'delete']

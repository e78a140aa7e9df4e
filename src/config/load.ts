import { availableParallelism } from 'node:os'
import { dirname, resolve } from 'node:path'
import type { z } from 'zod'
import { failure, ok, type Result } from '../base/result.ts'
import { buildClient } from './build-clients.ts'
import { type BuildContext, placeholderFor, reasonOf, resolvePath } from './build-context.ts'
import { buildEvidence } from './build-evidence.ts'
import { buildAdmin, buildListener, checkAddresses } from './build-listen.ts'
import { buildAllowOperations, buildMisplacedHeaders, buildRule } from './build-policy.ts'
import { buildSinks } from './build-sinks.ts'
import { buildSts, checkIssuer, checkSts } from './build-sts.ts'
import { buildUpstream } from './build-upstream.ts'
import { type ClientFiles, readClientFiles, refusedFiles } from './client-directory.ts'
import type { Client, Config, ConfigProblem, ListenerConfig, StsConfig } from './config.ts'
import { checkClients, checkListeners, checkRules, type Placed } from './cross-checks.ts'
import { parseConfigDocument } from './document.ts'
import { type Environment, substituteEnvironment } from './environment.ts'
import { reportIssues, wordIssue } from './issues.ts'
import { memoryWarning } from './memory-need.ts'
import { mend } from './mend.ts'
import { ProblemList } from './problem-list.ts'
import type { ConfigError, ConfigPath } from './problems.ts'
import { fileSchema, type RawFile } from './schema.ts'
import { clientDirectorySchema, clientSchema } from './schema-clients.ts'
import { listenerSchema } from './schema-listen.ts'
import { ruleSchema } from './schema-policy.ts'
import { upstreamSchema } from './schema-upstream.ts'

/** The default limit of connections without an identified client. */
const UNAUTHENTICATED_CONNECTIONS = 1000

/** The inputs of loading. */
interface LoadOptions {
  /** The configuration file; its folder is the base of relative paths. */
  readonly path: string
  /** Reads UTF-8 text. */
  readonly readFile: (path: string) => Promise<string>
  readonly env: Environment
  /**
   * Reads only the configuration file and needs no environment variable: for machines that have no
   * secrets. Uses placeholders instead, so the result must not be used to serve.
   */
  readonly withoutSecrets?: boolean
  /** Cores for `workers: auto`; default: as many as this process may use. */
  readonly cores?: number
  /** The names in a folder, for a directory of clients. */
  readonly listFolder?: ((path: string) => Promise<readonly string[]>) | undefined
  /** Reads the files of clients; default: `readFile`. */
  readonly readClientFile?: ((path: string) => Promise<string>) | undefined
  /** The clients of the directory, which is then not read. */
  readonly directoryClients?: readonly Client[] | undefined
  /**
   * The files of the directory that are in use. A file that is refused then keeps its client; without,
   * one such file refuses the configuration.
   */
  readonly clientFiles?: ClientFiles | undefined
  /** The container's memory limit, to warn about limits that exceed it; undefined if unknown. */
  readonly memoryBytes?: number | undefined
}

/**
 * Reads, validates and completes a configuration. The error has every problem that can be found in
 * one run, in the order of the file, without secrets.
 */
export async function loadConfig(options: LoadOptions): Promise<Result<Config, ConfigError>> {
  const file = options.path
  let text: string
  try {
    text = await options.readFile(file)
  } catch (error) {
    return failure({
      file,
      problems: [{ path: '', message: `cannot read the file: ${reasonOf(error)}` }],
    })
  }
  const document = parseConfigDocument(text)
  if (!document.ok) return failure({ file, problems: document.error })
  const problems = new ProblemList(document.value)
  const warnings = new ProblemList(document.value)
  const withoutSecrets = options.withoutSecrets === true
  const value = substituteEnvironment(
    document.value.value,
    options.env,
    problems.add,
    [],
    withoutSecrets ? placeholderFor : undefined,
  )
  const context = {
    directory: dirname(resolve(file)),
    readFile: withoutSecrets ? undefined : options.readFile,
    report: problems.add,
    reportAll: (found: readonly ConfigProblem[]) => problems.addAll(found),
    warn: warnings.add,
  }
  const config = await build(context, value, options)
  if (config === undefined || problems.size > 0)
    return failure({ file, problems: problems.sorted() })
  const memory = memoryWarning(config, options.memoryBytes)
  if (memory !== undefined) warnings.add(['limits'], memory)
  for (const { accepted } of config.clientFiles?.files.values() ?? []) {
    if (accepted !== undefined) warnings.addAll(accepted.warnings)
  }
  return ok({ ...config, warnings: warnings.sorted() })
}

/**
 * Validates the whole file, then builds every section and list entry that is valid by itself, so
 * that one run reports as many problems as possible. The result is only valid if nothing was
 * reported.
 */
async function build(
  context: BuildContext & Pick<ClientsContext, 'reportAll'>,
  value: unknown,
  options: LoadOptions,
): Promise<Omit<Config, 'warnings'> | undefined> {
  const whole = fileSchema.safeParse(value, { error: wordIssue })
  if (!whole.success) reportIssues(whole.error.issues, [], context.report)
  const sections = readSections(value)
  const listeners = await buildAll(sections.listen, ['listen'], (path, raw) =>
    buildListener(context, path, raw),
  )
  const admin = sections.admin === undefined ? undefined : buildAdmin(context, sections.admin)
  checkAddresses(context, [
    ...listeners.map(({ path, value: { address } }) => ({ path, address })),
    ...(admin === undefined ? [] : [{ path: ['admin'], address: admin }]),
  ])
  const concurrentRequests = sections.limits?.concurrentRequests ?? 2000
  const upstream =
    sections.upstream === undefined
      ? undefined
      : await buildUpstream(context, ['upstream'], sections.upstream, concurrentRequests)
  const sts = sections.sts === undefined ? undefined : await buildSts(context, sections.sts)
  const { clients, clientFiles } = await buildClients(
    { ...context, options, listeners: listeners.map(({ value: listener }) => listener), sts },
    sections,
  )
  // An invalid section was reported.
  if (sts !== undefined || property(value, 'sts') === undefined) {
    checkSts(context, sts, clients, listeners)
  }
  const rules = await buildAll(sections.rules, ['policy', 'rules'], async (path, raw) =>
    buildRule(context, path, raw),
  )
  // Those of a directory come and go.
  const known = clientFiles === undefined ? clients.map(({ value: client }) => client) : []
  checkRules(context, rules, upstream, known)
  const allowOperations = buildAllowOperations(
    context,
    ['policy', 'allowOperations'],
    sections.allowOperations,
  )
  if (!whole.success || upstream === undefined) return undefined
  const { policy, limits, audit, log, metrics, reload, drain, workers } = whole.data
  return {
    listen: listeners.map(({ value: listener }) => listener),
    admin,
    upstream,
    clients: clients.map(({ value: client }) => client),
    clientFiles,
    sts,
    policy: {
      mode: policy.mode,
      rules: rules.map(({ value: rule }) => rule),
      misplacedEncryptionHeaders: buildMisplacedHeaders(context, policy),
      reads: {
        customerKeys: policy.reads.customerKeys,
        unencrypted: policy.reads.unencrypted,
      },
      confirmation: policy.confirmation,
      allowOperations,
    },
    limits: {
      headerBytes: limits.headerBytes,
      bodyIdleMs: limits.bodyIdle,
      headIdleMs: limits.headIdle,
      concurrentRequests: limits.concurrentRequests,
      concurrentRequestsPerClient: limits.concurrentRequestsPerClient ?? limits.concurrentRequests,
      connections: limits.connections,
      unauthenticatedConnections:
        limits.unauthenticatedConnections ??
        Math.min(UNAUTHENTICATED_CONNECTIONS, limits.connections),
    },
    audit: {
      destination: buildAuditDestination(context, audit.destination),
      evidence:
        audit.evidence &&
        buildEvidence(context, ['audit', 'evidence'], audit.evidence, audit.destination),
      sinks: await buildSinks(context, ['audit', 'sinks'], audit.sinks),
    },
    log,
    metrics,
    reload,
    drain: { delayMs: drain.delay, deadlineMs: drain.deadline },
    workers: workers === 'auto' ? (options.cores ?? availableParallelism()) : workers,
  }
}

interface ClientsContext extends BuildContext {
  readonly options: LoadOptions
  readonly listeners: readonly ListenerConfig[]
  readonly sts: StsConfig | undefined
  readonly reportAll: (problems: readonly ConfigProblem[]) => void
}

interface BuiltClients {
  readonly clients: readonly Placed<Client>[]
  readonly clientFiles?: ClientFiles | undefined
}

async function buildClients(
  context: ClientsContext,
  sections: ReturnType<typeof readSections>,
): Promise<BuiltClients> {
  if (sections.clientDirectory !== undefined) {
    return buildClientDirectory(context, resolvePath(context, sections.clientDirectory.directory))
  }
  const clients = await buildAll(sections.clients, ['clients'], (path, raw) =>
    buildClient(context, path, raw),
  )
  checkClients(context, clients, context.listeners)
  return { clients }
}

async function buildClientDirectory(
  context: ClientsContext,
  directory: string,
): Promise<BuiltClients> {
  const { options, listeners, sts } = context
  const { directoryClients, clientFiles: before, listFolder, env } = options
  const path = ['clients', 'directory']
  if (directoryClients !== undefined) {
    return { clients: directoryClients.map((value) => ({ path, value })), clientFiles: before }
  }
  if (context.readFile === undefined) return { clients: [] }
  const reader = {
    listFolder: listFolder ?? noFolder,
    readFile: options.readClientFile ?? context.readFile,
    env,
  }
  const clientFiles = await readClientFiles(directory, reader, before, (client, report) => {
    checkListeners(report, [], client, listeners)
    checkIssuer(report, [], client, sts)
  })
  if ('problem' in clientFiles) {
    context.report(path, clientFiles.problem)
    return { clients: [] }
  }
  if (before === undefined) context.reportAll(refusedFiles(clientFiles))
  const clients = [...clientFiles.files.values()].flatMap(({ accepted }) =>
    accepted === undefined ? [] : [{ path, value: accepted.client }],
  )
  return { clients, clientFiles }
}

function noFolder(): Promise<never> {
  return Promise.reject(new Error('no folder can be read here'))
}

function buildAuditDestination(
  context: BuildContext,
  raw: RawFile['audit']['destination'],
): Config['audit']['destination'] {
  if (raw === undefined || raw === 'stdout') return 'stdout'
  return { file: resolvePath(context, typeof raw === 'string' ? raw : raw.file) }
}

/** Keys that can be left out without affecting the checks against other sections. */
const MENDABLE_UPSTREAM_KEYS = Object.keys(upstreamSchema.shape).filter(
  (key) => key !== 'endpoint' && key !== 'region' && key !== 'buckets',
)

/** Parses each section by itself, lists entry by entry; undefined if one is invalid. */
function readSections(value: unknown) {
  const { shape } = fileSchema
  const policy = property(value, 'policy')
  return {
    listen: readList(listenerSchema, property(value, 'listen')),
    admin: read(shape.admin, property(value, 'admin')),
    upstream: read(shape.upstream, property(value, 'upstream'), MENDABLE_UPSTREAM_KEYS),
    clients: readList(clientSchema, property(value, 'clients')),
    clientDirectory: read(clientDirectorySchema, property(value, 'clients')),
    sts: read(shape.sts, property(value, 'sts')),
    rules: readList(ruleSchema, property(policy, 'rules')),
    allowOperations:
      read(shape.policy.shape.allowOperations, property(policy, 'allowOperations')) ?? [],
    limits: read(shape.limits, property(value, 'limits')),
  }
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function read<S extends z.ZodType>(
  schema: S,
  value: unknown,
  optionalKeys: readonly string[] = [],
): z.output<S> | undefined {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const mended = schema.safeParse(mend(value, parsed.error.issues, optionalKeys))
  return mended.success ? mended.data : undefined
}

function readList<S extends z.ZodType>(
  schema: S,
  value: unknown,
): readonly (z.output<S> | undefined)[] {
  return Array.isArray(value) ? value.map((item) => read(schema, item)) : []
}

async function buildAll<R, T>(
  items: readonly (R | undefined)[],
  base: ConfigPath,
  buildOne: (path: ConfigPath, raw: R) => Promise<T | undefined>,
): Promise<readonly Placed<T>[]> {
  const built: Placed<T>[] = []
  for (const [i, raw] of items.entries()) {
    if (raw === undefined) continue
    const path = [...base, i]
    const value = await buildOne(path, raw)
    if (value !== undefined) built.push({ path, value })
  }
  return built
}

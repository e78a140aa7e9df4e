import { OPERATIONS, type Operation } from './operation.ts'
import type { OperationLevel } from './operation-table.ts'

/** The operations of one method and level, the most demanding first. */
interface Candidates {
  /** Operations without a literal selector. */
  readonly plain: readonly Operation[]
  /** Operations by their (first) literal selector. */
  readonly byLiteral: ReadonlyMap<string, readonly Operation[]>
}

/** SDKs add the operation's name in this parameter; S3 ignores it. */
export const SDK_TAG = 'x-id'

const CANDIDATES: Readonly<Record<OperationLevel, ReadonlyMap<string, Candidates>>> = {
  service: buildCandidates('service'),
  bucket: buildCandidates('bucket'),
  object: buildCandidates('object'),
}

const LITERALS: Readonly<Record<OperationLevel, ReadonlySet<string>>> = {
  service: buildLiterals('service'),
  bucket: buildLiterals('bucket'),
  object: buildLiterals('object'),
}

/** Parameters whose presence selects another operation: `uploadId`, `partNumber`, `id`, … */
const REQUIRED: ReadonlySet<string> = new Set(OPERATIONS.flatMap((o) => o.requiredQuery))

const KNOWN = buildKnown()

/** Undefined if no operation has that method (upper case) at that level. */
export function findCandidates(level: OperationLevel, method: string): Candidates | undefined {
  return CANDIDATES[level].get(method)
}

/** Returns whether any operation has a query parameter of that name. */
export function isKnownParameter(name: string): boolean {
  return KNOWN.has(name)
}

/** Returns whether the name is a literal selector (a sub-resource) at that level. */
export function isLiteral(level: OperationLevel, name: string): boolean {
  return LITERALS[level].has(name)
}

/** Returns whether the presence of that parameter selects another operation at that level. */
export function isSelecting(level: OperationLevel, name: string): boolean {
  return LITERALS[level].has(name) || REQUIRED.has(name)
}

/** Without preflights, routes and names of older APIs: `classify` handles these. */
function buildCandidates(level: OperationLevel): ReadonlyMap<string, Candidates> {
  const byMethod = new Map<string, Candidates>()
  for (const method of ['GET', 'HEAD', 'PUT', 'POST', 'DELETE']) {
    const operations = OPERATIONS.filter(
      (o) =>
        o.method === method &&
        o.level === level &&
        !o.deprecated &&
        o.name !== 'WriteGetObjectResponse',
    )
    if (operations.length > 0) byMethod.set(method, group(operations))
  }
  return byMethod
}

function group(operations: readonly Operation[]): Candidates {
  const plain: Operation[] = []
  const byLiteral = new Map<string, Operation[]>()
  for (const operation of operations) {
    const literal = operation.query[0]?.name
    if (literal === undefined) plain.push(operation)
    else byLiteral.set(literal, [...(byLiteral.get(literal) ?? []), operation])
  }
  for (const list of [plain, ...byLiteral.values()]) list.sort((a, b) => demands(b) - demands(a))
  return { plain, byLiteral }
}

/** Parameters count more than headers: UploadPartCopy, UploadPart, CopyObject, PutObject. */
function demands(operation: Operation): number {
  // S3 selects between the two bucket lists by host; here a parameter of one of them does.
  const isDirectoryList = operation.name === 'ListDirectoryBuckets' ? 1 : 0
  return operation.requiredQuery.length * 10 + operation.requiredHeaders.length + isDirectoryList
}

function buildLiterals(level: OperationLevel): ReadonlySet<string> {
  const operations = OPERATIONS.filter((operation) => operation.level === level)
  return new Set(operations.flatMap((o) => o.query.map((selector) => selector.name)))
}

function buildKnown(): ReadonlySet<string> {
  const known = new Set<string>([SDK_TAG])
  for (const { query, requiredQuery, optionalQuery } of OPERATIONS) {
    for (const { name } of query) known.add(name)
    for (const name of requiredQuery) known.add(name)
    for (const name of optionalQuery) known.add(name)
  }
  return known
}

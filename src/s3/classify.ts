import type { HeaderList } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from './error.ts'
import { ignoresKnown, ignoresUnknown } from './ignored-parameters.ts'
import { type Operation, operationByName } from './operation.ts'
import type { OperationLevel } from './operation-table.ts'
import type { QueryParameter } from './query.ts'
import { refusal } from './refusals.ts'
import type { Resource } from './resource.ts'
import { readSelectingHeaders, type SelectingHeaders } from './selecting-headers.ts'
import { findCandidates, isKnownParameter, isLiteral, isSelecting, SDK_TAG } from './selectors.ts'

/** The parts of a request that select an operation. */
export interface ClassifyInput {
  readonly method: string
  readonly resource: Resource
  /**
   * The query without SigV4's parameters and without hoisted headers (`x-amz-*` in any case). The
   * caller removes them and treats them as headers; one that is left is refused.
   */
  readonly query: readonly QueryParameter[]
  /** The request's headers, including those hoisted into the query. */
  readonly headers: HeaderList
}

/** The operation of a request, and which parameters are sent upstream. */
interface Classified {
  readonly operation: Operation
  /** The parameters that the operation takes; sent upstream. */
  readonly query: readonly QueryParameter[]
  /** The names of all other parameters: they select nothing and are not sent upstream. */
  readonly ignored: readonly string[]
}

const PREFLIGHT = operationByName('OptionsPreflight')
const ROUTE = operationByName('WriteGetObjectResponse')

const PART_NUMBER_MAX = 10_000

/** First segment of S3 Control's paths. */
const S3_CONTROL_BUCKET = 'v20180820'

/**
 * Finds the operation of a request in the closed table, by method, level, query and a few headers.
 * A request that does not match exactly one operation is refused, with these reasons:
 *
 * - `unknown-operation`: 405 MethodNotAllowed, the resource has no such operation; 412
 *   PreconditionFailed, a POST to a bucket that is not a form; 501 NotImplemented, a PutObject of
 *   an archive that the server would unpack into many objects
 * - `unknown-parameter`: 400 InvalidArgument, a name that no operation has, or that this operation
 *   does not take, and that could select something; a name that selects nothing is left out instead
 *   (ignored-parameters.ts)
 * - `duplicate-parameter`, `duplicate-header`: 400 InvalidArgument
 * - `mixed-selectors`: 400 InvalidArgument, selectors of two operations
 * - `partial-selectors`: 400 InvalidArgument, for example `uploadId` without `partNumber`, which a
 *   server that counts matches could run as PutObject; an empty value counts as missing
 * - `s3-control`: 403 AccessDenied, `x-amz-account-id`, `x-amz-outpost-id`, `/v20180820/`
 * - `preflight-headers`: 400 BadRequest, OPTIONS without Origin or method
 *
 * A preflight may have any parameters: a browser sends it to the URL of the request that follows.
 */
export function classify(input: ClassifyInput): Result<Classified, S3Error> {
  const { method, resource } = input
  const headers = readSelectingHeaders(input.headers)
  if (headers.duplicate !== undefined)
    return failure(refusal('duplicate-header', { name: headers.duplicate }))
  if (headers.isS3Control || resource.bucket === S3_CONTROL_BUCKET)
    return failure(refusal('s3-control'))
  const level = levelOf(resource)
  if (method === 'OPTIONS' && resource.route === undefined) return classifyPreflight(level, headers)
  const { query, ignored } = input.query.length === 0 ? NO_PARAMETERS : partUnknown(input)
  if (resource.route !== undefined) {
    return method === 'POST' && hasNoParameters(query)
      ? ok({ operation: ROUTE, query, ignored })
      : notAllowed(method, level)
  }
  const candidates = findCandidates(level, method)
  if (candidates === undefined) return notAllowed(method, level)
  if (query.length === 0) return select(candidates.plain, { ...input, query }, headers, ignored)
  const literal = findLiteral(query, level)
  if (!literal.ok) return literal
  const group =
    literal.value === undefined ? candidates.plain : candidates.byLiteral.get(literal.value)
  if (group === undefined) return notAllowed(method, level)
  return select(group, { ...input, query }, headers, ignored)
}

/** The level of a resource. */
export function levelOf(resource: Resource): OperationLevel {
  if (resource.bucket === undefined) return 'service'
  return resource.key === undefined ? 'bucket' : 'object'
}

const NONE: readonly string[] = []
const NO_PARAMETERS: Omit<Classified, 'operation'> = { query: [], ignored: NONE }

/** Separates the parameters that no operation has and that select nothing. */
function partUnknown({ method, query }: ClassifyInput): Omit<Classified, 'operation'> {
  const isIgnored = (parameter: QueryParameter): boolean =>
    !isKnownParameter(parameter.name) && ignoresUnknown(method, parameter)
  if (!query.some(isIgnored)) return { query, ignored: NONE }
  return {
    query: query.filter((parameter) => !isIgnored(parameter)),
    ignored: query.filter(isIgnored).map(({ name }) => name),
  }
}

/** Refuses unknown parameters; returns the one literal selector, undefined if there is none. */
function findLiteral(
  query: readonly QueryParameter[],
  level: OperationLevel,
): Result<string | undefined, S3Error> {
  let literal: string | undefined
  for (let i = 0; i < query.length; i++) {
    const name = query[i]?.name ?? ''
    if (!isKnownParameter(name)) return failure(refusal('unknown-parameter', { name }))
    if (hasBefore(query, i, name)) return failure(refusal('duplicate-parameter', { name }))
    // `select-type` only occurs together with `select`.
    if (!isLiteral(level, name) || name === 'select-type') continue
    if (literal !== undefined)
      return failure(refusal('mixed-selectors', { one: literal, other: name }))
    literal = name
  }
  return ok(literal)
}

/** Returns the most demanding operation of the group that the request satisfies, or a refusal. */
function select(
  group: readonly Operation[],
  input: ClassifyInput,
  headers: SelectingHeaders,
  ignored: readonly string[],
): Result<Classified, S3Error> {
  for (const operation of group) {
    if (satisfies(operation, input.query, headers)) {
      return partLeftovers(operation, group, input, headers, ignored)
    }
  }
  const first = group[0]
  if (first === undefined) return notAllowed(input.method, levelOf(input.resource))
  return unsatisfied(first, input, headers)
}

/** Returns whether the request has everything that the operation requires. */
function satisfies(
  operation: Operation,
  query: readonly QueryParameter[],
  headers: SelectingHeaders,
): boolean {
  for (const selector of operation.query) {
    const at = indexOfName(query, selector.name)
    if (at === -1) return false
    if (selector.value !== undefined && query[at]?.value !== selector.value) return false
  }
  for (const name of operation.requiredQuery) {
    if (indexOfName(query, name) === -1) return false
  }
  switch (operation.name) {
    case 'CopyObject':
    case 'UploadPartCopy':
      return headers.hasCopySource
    case 'RenameObject':
      return headers.hasRenameSource
    case 'GetObjectAttributes':
      return headers.hasObjectAttributes
    case 'PostObject':
      return headers.isForm
    case 'ListDirectoryBuckets':
      return indexOfName(query, 'max-directory-buckets') !== -1
    default:
      return true
  }
}

/** Refuses or leaves out the parameters that the operation does not take. */
function partLeftovers(
  operation: Operation,
  group: readonly Operation[],
  { method, query }: ClassifyInput,
  headers: SelectingHeaders,
  ignored: readonly string[],
): Result<Classified, S3Error> {
  const leftOut: string[] = []
  const taken: QueryParameter[] = []
  for (const parameter of query) {
    if (isTaken(operation, parameter.name)) {
      const error = refuseValue(operation, parameter)
      if (error !== undefined) return failure(error)
      taken.push(parameter)
      continue
    }
    const error = leftover(operation, group, method, parameter.name)
    if (error !== undefined) return failure(error)
    leftOut.push(parameter.name)
  }
  const error = refuseHeaders(operation, headers)
  if (error !== undefined) return failure(error)
  if (leftOut.length === 0) return ok({ operation, query, ignored })
  return ok({ operation, query: taken, ignored: [...ignored, ...leftOut] })
}

function isTaken(operation: Operation, name: string): boolean {
  return (
    name === SDK_TAG ||
    operation.optionalQuery.includes(name) ||
    operation.requiredQuery.includes(name) ||
    operation.query.some((selector) => selector.name === name)
  )
}

function refuseHeaders(operation: Operation, headers: SelectingHeaders): S3Error | undefined {
  if (headers.hasCopySource && !operation.requiredHeaders.includes('x-amz-copy-source')) {
    return refusal('mixed-selectors/header', {
      operation: operation.name,
      name: 'x-amz-copy-source',
    })
  }
  if (headers.hasRenameSource && operation.name !== 'RenameObject') {
    return refusal('mixed-selectors/header', {
      operation: operation.name,
      name: 'x-amz-rename-source',
    })
  }
  // The policy would judge one key, but the server would store objects under many.
  if (headers.hasAutoExtract && operation.name === 'PutObject') {
    return refusal('unknown-operation/archive')
  }
  return undefined
}

/** A server that treats an empty `uploadId` as absent would run PutObject, unencrypted. */
function refuseValue(
  { requiredQuery }: Operation,
  { name, value }: QueryParameter,
): S3Error | undefined {
  if (!requiredQuery.includes(name)) return undefined
  if (value === '') {
    return refusal('partial-selectors/value', { name })
  }
  if (name === 'partNumber' && !isPartNumber(value)) {
    return refusal('part-number-invalid', { name })
  }
  return undefined
}

/** Undefined if the parameter may be left out. */
function leftover(
  operation: Operation,
  group: readonly Operation[],
  method: string,
  name: string,
): S3Error | undefined {
  if (group.some((other) => other.requiredQuery.includes(name))) {
    return refusal('partial-selectors/alone', { name })
  }
  if (isSelecting(operation.level, name)) {
    return refusal('mixed-selectors', { one: operation.name, other: name })
  }
  if (ignoresKnown(method, name)) return undefined
  return refusal('unknown-parameter/operation', { operation: operation.name, name })
}

/**
 * The refusal if the request satisfies no operation of the group; `operation` is its most demanding
 * one.
 */
function unsatisfied(
  operation: Operation,
  { method, resource, query }: ClassifyInput,
  headers: SelectingHeaders,
): Result<never, S3Error> {
  if (operation.name === 'PostObject' && !headers.isForm) {
    return failure(refusal('unknown-operation/form'))
  }
  const missing = operation.requiredQuery.find((name) => indexOfName(query, name) === -1)
  // POST to an object requires `uploadId`, `uploads`, `restore` or `select`.
  if (missing === 'uploadId' && query.length === 0) return notAllowed(method, levelOf(resource))
  const selector = operation.query.find(({ name, value }) => {
    const at = indexOfName(query, name)
    return at === -1 || (value !== undefined && query[at]?.value !== value)
  })
  const name = missing ?? selector?.name ?? operation.requiredHeaders[0] ?? operation.name
  return failure(refusal('partial-selectors', { operation: operation.name, name }))
}

function classifyPreflight(
  level: OperationLevel,
  headers: SelectingHeaders,
): Result<Classified, S3Error> {
  if (level === 'service') return notAllowed('OPTIONS', level)
  if (headers.hasOrigin && headers.hasRequestMethod) {
    return ok({ operation: PREFLIGHT, query: [], ignored: NONE })
  }
  return failure(refusal(headers.hasOrigin ? 'preflight-headers/method' : 'preflight-headers'))
}

function isPartNumber(value: string): boolean {
  if (value.length > 5) return false
  let number = 0
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code < 0x30 || code > 0x39) return false
    number = number * 10 + code - 0x30
  }
  return number >= 1 && number <= PART_NUMBER_MAX
}

/** Returns whether the query has no parameters, except for the SDK's tag. */
function hasNoParameters(query: readonly QueryParameter[]): boolean {
  return query.length === 0 || (query.length === 1 && query[0]?.name === SDK_TAG)
}

function indexOfName(query: readonly QueryParameter[], name: string): number {
  for (let i = 0; i < query.length; i++) {
    if (query[i]?.name === name) return i
  }
  return -1
}

function hasBefore(query: readonly QueryParameter[], end: number, name: string): boolean {
  for (let i = 0; i < end; i++) {
    if (query[i]?.name === name) return true
  }
  return false
}

function notAllowed(method: string, level: OperationLevel): Result<never, S3Error> {
  return failure(refusal('unknown-operation', { method, resourceType: level.toUpperCase() }))
}

import type { HeaderList } from '../base/header-list.ts'
import { failure, ok, type Result } from '../base/result.ts'
import { refusal, type S3Error } from './error.ts'
import { ignoresKnown, ignoresUnknown } from './ignored-parameters.ts'
import { type Operation, operationByName } from './operation.ts'
import type { OperationLevel } from './operation-table.ts'
import type { QueryParameter } from './query.ts'
import type { Reason } from './reasons.ts'
import type { Resource } from './resource.ts'
import { readSelectingHeaders, type SelectingHeaders } from './selecting-headers.ts'
import { findCandidates, isKnownParameter, isLiteral, isSelecting, SDK_TAG } from './selectors.ts'

/** What tells an operation from another. */
export interface ClassifyInput {
  readonly method: string
  readonly resource: Resource
  /**
   * Without the parameters of query authentication and without hoisted headers (`x-amz-*` in any
   * case), which the caller has taken out and judges as headers: one that is left is refused.
   */
  readonly query: readonly QueryParameter[]
  /** The request's headers, those that were hoisted into the query included. */
  readonly headers: HeaderList
}

/** What a request is. */
interface Classified {
  readonly operation: Operation
  /** The parameters that the operation takes: what goes on. */
  readonly query: readonly QueryParameter[]
  /** The names of the others, which select nothing and do not go on. */
  readonly ignored: readonly string[]
}

const PREFLIGHT = operationByName('OptionsPreflight')
const ROUTE = operationByName('WriteGetObjectResponse')

const PART_NUMBER_MAX = 10_000

/** First segment of S3 Control's paths. */
const S3_CONTROL_BUCKET = 'v20180820'

/**
 * Finds the one operation that a request is, in the closed table, by method, level, query and a few
 * headers. A request that the table does not name without doubt is refused, with these reasons:
 *
 * - `unknown-operation`: 405 MethodNotAllowed, there is no such operation for that resource; 412
 *   PreconditionFailed, a POST to a bucket that is no form; 501 NotImplemented, a PutObject that would
 *   be many: an archive to be unpacked where it is stored
 * - `unknown-parameter`: 400 InvalidArgument, a name that no operation has, or not this one, and
 *   that could select something; what selects nothing is left out instead (ignored-parameters.ts)
 * - `duplicate-parameter`, `duplicate-header`: 400 InvalidArgument
 * - `mixed-selectors`: 400 InvalidArgument, selectors of two operations
 * - `partial-selectors`: 400 InvalidArgument, `uploadId` without `partNumber` and the like, which a
 *   rule that counts matches would take for PutObject; an empty value counts as none
 * - `s3-control`: 403 AccessDenied, `x-amz-account-id`, `x-amz-outpost-id`, `/v20180820/`
 * - `preflight-headers`: 400 BadRequest, OPTIONS without Origin or method
 *
 * A preflight may bear any parameters: a browser sends it to the URL of the request to come.
 */
export function classify(input: ClassifyInput): Result<Classified, S3Error> {
  const { method, resource } = input
  const headers = readSelectingHeaders(input.headers)
  if (headers.duplicate !== undefined) return failure(duplicateHeader(headers.duplicate))
  if (headers.isS3Control || resource.bucket === S3_CONTROL_BUCKET) return failure(s3Control())
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

/** Takes out what no operation has and selects nothing. */
function partUnknown({ method, query }: ClassifyInput): Omit<Classified, 'operation'> {
  const isIgnored = (parameter: QueryParameter): boolean =>
    !isKnownParameter(parameter.name) && ignoresUnknown(method, parameter)
  if (!query.some(isIgnored)) return { query, ignored: NONE }
  return {
    query: query.filter((parameter) => !isIgnored(parameter)),
    ignored: query.filter(isIgnored).map(({ name }) => name),
  }
}

/** Refuses what no operation has; gives the one literal selector, undefined where there is none. */
function findLiteral(
  query: readonly QueryParameter[],
  level: OperationLevel,
): Result<string | undefined, S3Error> {
  let literal: string | undefined
  for (let i = 0; i < query.length; i++) {
    const name = query[i]?.name ?? ''
    if (!isKnownParameter(name)) return failure(unknownParameter(name))
    if (hasBefore(query, i, name)) return failure(duplicateParameter(name))
    // `select-type` only comes along with `select`.
    if (!isLiteral(level, name) || name === 'select-type') continue
    if (literal !== undefined) return failure(mixedSelectors(literal, name))
    literal = name
  }
  return ok(literal)
}

/** The most demanding operation of the group that the request satisfies, or a refusal. */
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
  return failure(unsatisfied(first, input, headers))
}

/** Everything that the operation needs is there. */
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

/** Refuses what the request has and the operation does not take, or leaves it out. */
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
    return headerNotTaken(operation, 'x-amz-copy-source')
  }
  if (headers.hasRenameSource && operation.name !== 'RenameObject') {
    return headerNotTaken(operation, 'x-amz-rename-source')
  }
  if (headers.hasAutoExtract && operation.name === 'PutObject') return archive()
  return undefined
}

/** A server that takes an empty `uploadId` for none would run PutObject: unencrypted. */
function refuseValue(
  { requiredQuery }: Operation,
  { name, value }: QueryParameter,
): S3Error | undefined {
  if (!requiredQuery.includes(name)) return undefined
  if (value === '') {
    return invalid('partial-selectors', `The parameter ${name} must have a value.`, name)
  }
  if (name === 'partNumber' && !isPartNumber(value)) {
    return invalid(
      'part-number-invalid',
      'Part number must be an integer between 1 and 10000, inclusive',
      name,
    )
  }
  return undefined
}

/** Undefined for a parameter that is left out. */
function leftover(
  operation: Operation,
  group: readonly Operation[],
  method: string,
  name: string,
): S3Error | undefined {
  if (group.some((other) => other.requiredQuery.includes(name))) {
    return invalid(
      'partial-selectors',
      `This operation does not accept ${name} without the parameters that belong to it.`,
      name,
    )
  }
  if (isSelecting(operation.level, name)) return mixedSelectors(operation.name, name)
  if (ignoresKnown(method, name)) return undefined
  return invalid('unknown-parameter', `${operation.name} does not accept ${name}.`, name)
}

/** None of the group fits; `operation` is its most demanding one. */
function unsatisfied(
  operation: Operation,
  { method, resource, query }: ClassifyInput,
  headers: SelectingHeaders,
): S3Error {
  if (operation.name === 'PostObject' && !headers.isForm) return notAForm()
  const missing = operation.requiredQuery.find((name) => indexOfName(query, name) === -1)
  // POST to an object takes `uploadId`, `uploads`, `restore` or `select`; alone it is nothing.
  if (missing === 'uploadId' && query.length === 0)
    return methodNotAllowed(method, levelOf(resource))
  const selector = operation.query.find(({ name, value }) => {
    const at = indexOfName(query, name)
    return at === -1 || (value !== undefined && query[at]?.value !== value)
  })
  const name = missing ?? selector?.name ?? operation.requiredHeaders[0] ?? operation.name
  return invalid('partial-selectors', `${operation.name} requires ${name}.`, name)
}

function classifyPreflight(
  level: OperationLevel,
  headers: SelectingHeaders,
): Result<Classified, S3Error> {
  if (level === 'service') return notAllowed('OPTIONS', level)
  if (headers.hasOrigin && headers.hasRequestMethod) {
    return ok({ operation: PREFLIGHT, query: [], ignored: NONE })
  }
  return failure(
    refusal(
      'BadRequest',
      'preflight-headers',
      headers.hasOrigin
        ? 'Invalid Access-Control-Request-Method: null'
        : 'Insufficient information. Origin request header needed.',
    ),
  )
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

/** No parameters but the SDK's tag. */
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
  return failure(methodNotAllowed(method, level))
}

function methodNotAllowed(method: string, level: OperationLevel): S3Error {
  return refusal(
    'MethodNotAllowed',
    'unknown-operation',
    'The specified method is not allowed against this resource.',
    [
      ['Method', method],
      ['ResourceType', level.toUpperCase()],
    ],
  )
}

function notAForm(): S3Error {
  return refusal(
    'PreconditionFailed',
    'unknown-operation',
    'At least one of the pre-conditions you specified did not hold',
    [['Condition', 'Bucket POST must be of the enclosure-type multipart/form-data']],
  )
}

/** Judged by one key, it would store under any. */
function archive(): S3Error {
  return refusal(
    'NotImplemented',
    'unknown-operation',
    'A header you provided implies functionality that is not implemented',
    [['Header', 'x-amz-meta-snowball-auto-extract']],
  )
}

function s3Control(): S3Error {
  return refusal('AccessDenied', 's3-control', 'S3 Control and Outposts are not served here.')
}

/** 400: several SDKs try a 501 again. */
function unknownParameter(name: string): S3Error {
  return invalid(
    'unknown-parameter',
    `The query parameter ${name} is not known here and could select a sub-resource.`,
    name,
  )
}

function duplicateParameter(name: string): S3Error {
  return invalid('duplicate-parameter', `The query parameter ${name} is there twice.`, name)
}

function duplicateHeader(name: string): S3Error {
  return invalid('duplicate-header', `The header ${name} is there twice.`, name)
}

function mixedSelectors(one: string, other: string): S3Error {
  return invalid('mixed-selectors', `${one} and ${other} cannot be in one request.`, other)
}

function headerNotTaken(operation: Operation, name: string): S3Error {
  return invalid('mixed-selectors', `${operation.name} does not accept the header ${name}.`, name)
}

function invalid(reason: Reason, message: string, name: string): S3Error {
  return refusal('InvalidArgument', reason, message, [['ArgumentName', name]])
}

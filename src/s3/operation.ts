import {
  type AccessClass,
  type EncryptionRole,
  OPERATION_TABLE,
  type OperationLevel,
  type OperationMethod,
  type OperationRow,
} from './operation-table.ts'

/** The API name of an operation, from the closed set. */
export type OperationName = keyof typeof OPERATION_TABLE

/** A literal selector of a query. If `value` is defined, the parameter must have that value. */
interface LiteralSelector {
  readonly name: string
  readonly value: string | undefined
}

/** One operation of S3, with the facts that a proxy needs. */
export interface Operation {
  readonly name: OperationName
  readonly method: OperationMethod
  /** OptionsPreflight is listed at `object`, but is valid for a bucket too. */
  readonly level: OperationLevel
  /** Literal selectors: a request must have all of these and no others. */
  readonly query: readonly LiteralSelector[]
  /** Required parameters: without them, the request is another operation. */
  readonly requiredQuery: readonly string[]
  /** Required headers (lower case): without them, the request is another operation, or invalid. */
  readonly requiredHeaders: readonly string[]
  /** Optional parameters. */
  readonly optionalQuery: readonly string[]
  /** The class of access that a client needs for it. */
  readonly access: AccessClass
  readonly encryptionRole: EncryptionRole
  /**
   * True if it creates an object and sets its encryption: PutObject, CopyObject,
   * CreateMultipartUpload, PostObject.
   */
  readonly isUpload: boolean
  /** A success has written an object: PutObject, CopyObject, CompleteMultipartUpload, PostObject. */
  readonly makesObject: boolean
  /** The form of the request body. */
  readonly payload: 'none' | 'xml' | 'streaming' | 'multipart-form'
  /**
   * The `x-amz-server-side-encryption*` request headers that it accepts: `customer` means the three
   * of SSE-C. CreateSession has `all`, but does not accept these three; PostObject takes form
   * fields and has `none`.
   */
  readonly acceptsEncryption: 'none' | 'all' | 'customer'
  /** True if a success has `x-amz-server-side-encryption` (except with SSE-C). */
  readonly returnsEncryption: boolean
  /** Refused unless the policy's `allowOperations` names it. */
  readonly closed: boolean
  /**
   * Its body can name other objects than the head, or a closed feature: DeleteObjects, and RestoreObject
   * with an output location.
   */
  readonly inspectsBody: boolean
  /** Another name of the same request; `classify` never returns it. */
  readonly deprecated: boolean
}

/** All operations, in the order of the table. */
export const OPERATIONS: readonly Operation[] = buildOperations()

const BY_NAME: ReadonlyMap<string, Operation> = new Map(OPERATIONS.map((o) => [o.name, o]))

/** Returns the operation with that name. */
export function operationByName(name: OperationName): Operation {
  const operation = BY_NAME.get(name)
  if (operation === undefined) throw new Error(`no operation ${name}`)
  return operation
}

/** Returns whether a text, for example of a configuration, is the API name of an operation. */
export function isOperationName(text: string): text is OperationName {
  return BY_NAME.has(text)
}

function buildOperations(): readonly Operation[] {
  const operations: Operation[] = []
  for (const name in OPERATION_TABLE) {
    if (hasRow(name)) operations.push(buildOperation(name, OPERATION_TABLE[name]))
  }
  return operations
}

function hasRow(name: string): name is OperationName {
  return Object.hasOwn(OPERATION_TABLE, name)
}

/** Fills in the defaults of a row. Every operation has the same fields in the same order. */
function buildOperation(name: OperationName, row: OperationRow): Operation {
  const [shape = '', selectors = ''] = row.at.split('?')
  const [method = '', level = ''] = shape.split(' ')
  return {
    name,
    method: method as OperationMethod, // the two halves of the literal type RequestShape
    level: level as OperationLevel,
    query: selectors === '' ? [] : selectors.split('&').map(parseSelector),
    requiredQuery: row.needs ?? [],
    requiredHeaders: row.headers ?? [],
    optionalQuery: row.takes ?? [],
    access: row.access,
    encryptionRole: row.role ?? 'none',
    isUpload: row.role === 'sets',
    makesObject: row.makesObject ?? false,
    payload: row.payload ?? 'none',
    acceptsEncryption: row.accepts ?? 'none',
    returnsEncryption: row.returns ?? false,
    closed: row.closed ?? false,
    inspectsBody: row.inspectsBody ?? false,
    deprecated: row.deprecated ?? false,
  }
}

function parseSelector(text: string): LiteralSelector {
  const [name = '', value] = text.split('=')
  return { name, value }
}

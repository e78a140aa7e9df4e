import {
  type EncryptionRole,
  OPERATION_TABLE,
  type OperationLevel,
  type OperationMethod,
  type OperationRow,
} from './operation-table.ts'

/** The API name of an operation: the closed set. */
export type OperationName = keyof typeof OPERATION_TABLE

/** A literal selector of a query: its presence, or where `value` is given that value, selects. */
interface LiteralSelector {
  readonly name: string
  readonly value: string | undefined
}

/** One operation of S3, with what a proxy has to know of it. */
export interface Operation {
  readonly name: OperationName
  readonly method: OperationMethod
  /** OptionsPreflight stands at `object` and is valid for a bucket too. */
  readonly level: OperationLevel
  /** Literal selectors: all of them are there, and no others. */
  readonly query: readonly LiteralSelector[]
  /** Parameters without which it is another operation. */
  readonly requiredQuery: readonly string[]
  /** Headers (lower case) without which it is another operation, or an invalid one. */
  readonly requiredHeaders: readonly string[]
  /** Further parameters that it takes. */
  readonly optionalQuery: readonly string[]
  readonly encryptionRole: EncryptionRole
  /** Creates an object and settles its encryption: PutObject, CopyObject, CreateMultipartUpload, PostObject. */
  readonly isUpload: boolean
  /** The request body. */
  readonly payload: 'none' | 'xml' | 'streaming' | 'multipart-form'
  /**
   * Which `x-amz-server-side-encryption*` request headers it takes: `customer` are the three of
   * SSE-C. CreateSession is `all` but for these three; PostObject takes form fields and is `none`.
   */
  readonly acceptsEncryption: 'none' | 'all' | 'customer'
  /** A success bears `x-amz-server-side-encryption` (SSE-C apart). */
  readonly returnsEncryption: boolean
  /** Refused unless the policy's `allowOperations` names it. */
  readonly closed: boolean
  /** Open, but its body may ask for what is closed: RestoreObject with an output location. */
  readonly inspectsBody: boolean
  /** Another name of the same request; `classify` never gives it. */
  readonly deprecated: boolean
}

/** All operations, in the order of the table. */
export const OPERATIONS: readonly Operation[] = buildOperations()

const BY_NAME: ReadonlyMap<string, Operation> = new Map(OPERATIONS.map((o) => [o.name, o]))

/** The operation of that name. */
export function operationByName(name: OperationName): Operation {
  const operation = BY_NAME.get(name)
  if (operation === undefined) throw new Error(`no operation ${name}`)
  return operation
}

/** Tells whether a text (of a configuration, say) is the API name of an operation. */
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

/** Fills in what the line leaves out. Every operation gets the same fields in the same order. */
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
    encryptionRole: row.role ?? 'none',
    isUpload: row.role === 'sets',
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

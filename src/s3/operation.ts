/** Placeholder until the table lands. */
export type OperationName = string

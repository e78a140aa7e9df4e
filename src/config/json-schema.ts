import { z } from 'zod'
import { fileSchema } from './schema.ts'
import { clientSchema } from './schema-clients.ts'

/** A JSON Schema document or a part of one. */
export type JsonSchema = z.core.JSONSchema.JSONSchema

/**
 * Builds the JSON Schema (2020-12) of the configuration file, for editors. It accepts `${env:NAME}`
 * in place of text with a required form. It does not check what only the loader can (key ARNs,
 * duplicate names).
 */
export function buildJsonSchema(): JsonSchema {
  return jsonSchemaOf(fileSchema, 'Sealgate configuration')
}

/** Builds the same of a file in a directory of clients. */
export function buildClientJsonSchema(): JsonSchema {
  return jsonSchemaOf(clientSchema, 'Sealgate client')
}

/** Returns the text of a file with a schema. */
export function formatJsonSchema(schema: JsonSchema): string {
  return `${JSON.stringify(schema, undefined, 2)}\n`
}

function jsonSchemaOf(schema: z.ZodType, title: string): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' })
  return { ...($schema === undefined ? {} : { $schema }), title, ...allowReferences(rest) }
}

function allowReferences(node: JsonSchema): JsonSchema {
  const copy: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(node)) {
    if (name === 'pattern' && typeof value === 'string') {
      copy[name] = `(?:${value})|\\$\\{env:`
    } else if (name === 'propertyNames') {
      copy[name] = value
    } else {
      copy[name] = allowInValue(value)
    }
  }
  return copy
}

function allowInValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(allowInValue)
  return isRecord(value) ? allowReferences(value) : value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

import { createHash } from 'node:crypto'
import type { Config } from './config.ts'

/** Settings that hold a secret: who knows a hash could try secrets on it. */
const SECRETS: ReadonlySet<string> = new Set([
  'secretAccessKey',
  'secretAccessKeys',
  'sessionToken',
])

/**
 * SHA-256 of what is configured, in hexadecimal: the same for files that say the same in another order
 * or with defaults written out. Secrets, the contents of certificates, and warnings are left out.
 */
export function configHash({ warnings: _, ...settings }: Config): string {
  return createHash('sha256').update(canonicalForm(settings)).digest('hex')
}

/** JSON with sorted keys, without what is not set; a Map is an object, a Set a sorted list. */
export function canonicalForm(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalForm).join()}]`
  if (value instanceof Set) return `[${[...value].map(canonicalForm).sort().join()}]`
  if (value instanceof Map) return canonicalObject([...value])
  if (typeof value === 'object' && value !== null) return canonicalObject(Object.entries(value))
  return JSON.stringify(value)
}

function canonicalObject(entries: readonly (readonly [string, unknown])[]): string {
  const fields = entries
    .filter(([name, value]) => value !== undefined && !SECRETS.has(name))
    .map(([name, value]) => `${JSON.stringify(name)}:${canonicalForm(value)}`)
  return `{${fields.sort().join()}}`
}

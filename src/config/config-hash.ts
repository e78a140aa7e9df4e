import { createHash } from 'node:crypto'
import type { Config } from './config.ts'

/** Settings with secrets: an attacker could test guesses against the hash. */
const SECRETS: ReadonlySet<string> = new Set([
  'secretAccessKey',
  'secretAccessKeys',
  'sessionToken',
  'token',
  'sealingKeys',
])

/**
 * Returns the SHA-256 of the configuration, in hexadecimal. Files with another order of keys, or
 * with defaults written out, have the same hash. Secrets, the contents of certificates, and
 * warnings are left out.
 */
export function configHash({ warnings: _, clientFiles: _files, ...settings }: Config): string {
  return createHash('sha256').update(canonicalForm(settings)).digest('hex')
}

/** JSON with sorted keys and without unset values; a Map is an object, a Set a sorted list. */
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

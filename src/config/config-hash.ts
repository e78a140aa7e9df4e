import { createHash } from 'node:crypto'
import type { Client, Config } from './config.ts'

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
  const { clients, ...rest } = settings
  // One of ten thousand changes at a reload, and the others are the objects that they were.
  const known = new Map<string, unknown>(Object.entries(rest))
  known.set('clients', new Written(`[${clients.map(clientForm).join()}]`))
  return createHash('sha256').update(canonicalForm(known)).digest('hex')
}

/** A part that is in its canonical form already. */
class Written {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

const CLIENT_FORMS = new WeakMap<Client, string>()

function clientForm(client: Client): string {
  const known = CLIENT_FORMS.get(client)
  if (known !== undefined) return known
  const form = canonicalForm(client)
  CLIENT_FORMS.set(client, form)
  return form
}

/** JSON with sorted keys and without unset values; a Map is an object, a Set a sorted list. */
export function canonicalForm(value: unknown): string {
  if (value instanceof Written) return value.text
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

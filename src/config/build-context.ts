import { isAbsolute, join } from 'node:path'
import type { ConfigPath, Report } from './problems.ts'
import type { RawSecret } from './schema-fields.ts'

/** The inputs and outputs that the steps from the file's text to a `Config` share. */
export interface BuildContext {
  /** Folder of the configuration file: the base of relative paths. */
  readonly directory: string
  /** Undefined: no file is read, and the contents of files are not checked. */
  readonly readFile: ((path: string) => Promise<string>) | undefined
  readonly report: Report
  readonly warn: Report
}

/** The limit of a secret, in characters; a session token of STS has hundreds to a few thousands. */
export const SECRET_CHARS_MAX = 16_384
/** A shorter secret is refused, because it can be guessed. */
export const SECRET_CHARS_MIN = 8
/** A shorter secret causes a warning. */
export const SECRET_CHARS_ADVISED = 16

/** Resolves the path of a file that the configuration names. */
export function resolvePath(context: BuildContext, path: string): string {
  return isAbsolute(path) ? path : join(context.directory, path)
}

/** Reads the text of a secret; reports why it is missing and returns undefined if it fails. */
export async function readSecret(
  context: BuildContext,
  path: ConfigPath,
  raw: RawSecret,
): Promise<string | undefined> {
  const text = typeof raw === 'string' ? raw : await readSecretFile(context, path, raw.file)
  if (text === undefined) return undefined
  if (text.length < SECRET_CHARS_MIN) {
    context.report(path, `too short for a secret: at least ${SECRET_CHARS_MIN} characters`)
    return undefined
  }
  if (text.length > SECRET_CHARS_MAX) {
    context.report(path, `too long for a secret: at most ${SECRET_CHARS_MAX} characters`)
    return undefined
  }
  if (!/^[\x21-\x7e]+$/.test(text)) {
    context.report(path, 'must be printable ASCII without spaces or line breaks')
    return undefined
  }
  if (text.length < SECRET_CHARS_ADVISED) {
    context.warn(path, `short for a secret; use ${SECRET_CHARS_ADVISED} characters or more`)
  }
  return text
}

async function readSecretFile(
  context: BuildContext,
  path: ConfigPath,
  file: string,
): Promise<string | undefined> {
  if (context.readFile === undefined) return placeholderFor('file')
  const text = await readNamedFile(context, path, file)
  return text?.replace(/\r?\n$/, '')
}

/** The placeholder for a secret or variable that is not read; long enough for a secret. */
export function placeholderFor(name: string): string {
  return `placeholder-for-${name}`
}

/** Reads a file that the configuration names, or reports why it cannot be read. */
export async function readNamedFile(
  context: BuildContext,
  path: ConfigPath,
  file: string,
): Promise<string | undefined> {
  if (context.readFile === undefined) return undefined
  const resolved = resolvePath(context, file)
  try {
    return await context.readFile(resolved)
  } catch (error) {
    context.report(path, `cannot read ${resolved}: ${reasonOf(error)}`)
    return undefined
  }
}

/** Describes why reading failed. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error ? Reflect.get(error, 'code') : undefined
  if (code === 'ENOENT') return 'no such file'
  if (code === 'EACCES' || code === 'EPERM') return 'no permission to read it'
  if (code === 'EISDIR') return 'it is a folder'
  return error instanceof Error ? error.message : String(error)
}

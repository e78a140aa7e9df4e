import type { ConfigPath, Report } from './problems.ts'

/** The environment that `${env:NAME}` reads. */
export type Environment = Readonly<Record<string, string | undefined>>

/** The form of a reference, for messages. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: this is the text itself
export const REFERENCE_FORM = '${env:NAME}'

const REFERENCE = /\$(\$\{|\{env:([A-Za-z_][A-Za-z0-9_]*)\}|\{)/g

/**
 * Replaces `${env:NAME}` in every text value, whole or embedded; keys are unchanged. `$${` is an
 * escaped `${`. Any other `${` is a problem, so that a typo does not become a secret. The result is
 * text, never parsed as YAML. `placeholder` returns the value of an unset variable; without it, an
 * unset variable is a problem.
 */
export function substituteEnvironment(
  value: unknown,
  env: Environment,
  report: Report,
  path: ConfigPath = [],
  placeholder?: (name: string) => string,
): unknown {
  if (typeof value === 'string') return substituteText(value, env, report, path, placeholder)
  if (Array.isArray(value)) {
    return value.map((item, i) =>
      substituteEnvironment(item, env, report, [...path, i], placeholder),
    )
  }
  if (typeof value !== 'object' || value === null) return value
  const copy: Record<string, unknown> = Object.create(null)
  for (const [key, item] of Object.entries(value)) {
    copy[key] = substituteEnvironment(item, env, report, [...path, key], placeholder)
  }
  return copy
}

function substituteText(
  text: string,
  env: Environment,
  report: Report,
  path: ConfigPath,
  placeholder: ((name: string) => string) | undefined,
): string {
  if (!text.includes('${')) return text
  return text.replace(REFERENCE, (_, form: string, name: string | undefined) => {
    if (form === '${') return '${'
    if (name === undefined) {
      report(path, `only ${REFERENCE_FORM} is supported; write $\${ for a literal \${`)
      return ''
    }
    // Excludes inherited properties such as `constructor`.
    const found = Object.hasOwn(env, name) ? env[name] : undefined
    if (found === undefined || found === '') {
      if (placeholder !== undefined) return placeholder(name)
      const state = found === undefined ? 'not set' : 'empty'
      report(path, `the environment variable ${name} is ${state}: set it before starting`)
      return ''
    }
    return found
  })
}

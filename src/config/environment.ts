import type { ConfigPath, Report } from './problems.ts'

/** The environment that `${env:NAME}` looks into. */
export type Environment = Readonly<Record<string, string | undefined>>

/** How a reference is written, for messages. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: this is the text itself
export const REFERENCE_FORM = '${env:NAME}'

const REFERENCE = /\$(\$\{|\{env:([A-Za-z_][A-Za-z0-9_]*)\}|\{)/g

/**
 * Gives the value with `${env:NAME}` replaced in every text value, whole or embedded; keys stay.
 * `$${` stands for a literal `${`; any other `${` is a problem, so that a typo is not taken for a
 * secret. What comes out is text, never parsed as YAML. `placeholder`: what stands for a variable that
 * is not set; left out: that is a problem.
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
      report(path, `only ${REFERENCE_FORM} is known here; write $\${ where \${ itself is meant`)
      return ''
    }
    // Not what every object has (`constructor`).
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

import type { ConfigProblem } from './config.ts'

/** Keys and list positions from the top of the file to a value. */
export type ConfigPath = readonly (string | number)[]

/** A configuration that cannot be used, with all its problems. */
export interface ConfigError {
  readonly file: string
  readonly problems: readonly ConfigProblem[]
}

/** Records a problem; the loader adds line and column. */
export type Report = (path: ConfigPath, message: string) => void

/** Formats a path for operators: `policy.rules[0].encrypt.keyId`. */
export function formatPath(path: ConfigPath): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (!/^[\w-]+$/.test(part)) text += `[${JSON.stringify(part)}]`
    else text += text === '' ? part : `.${part}`
  }
  return text
}

/** Formats the error for a terminal: one problem per line, `FILE:LINE:COLUMN: PATH: MESSAGE`. */
export function formatConfigError(error: ConfigError): string {
  const lines = error.problems.map((problem) => formatProblem(error.file, problem))
  const count = lines.length === 1 ? '1 problem' : `${lines.length} problems`
  return `${count} in ${error.file}\n${lines.join('\n')}\n`
}

/** Formats one problem or warning: `FILE:LINE:COLUMN: PATH: MESSAGE`. */
export function formatProblem(configFile: string, problem: ConfigProblem): string {
  const file = problem.file ?? configFile
  const place = problem.line === undefined ? file : `${file}:${problem.line}:${problem.column ?? 1}`
  return problem.path === ''
    ? `${place}: ${problem.message}`
    : `${place}: ${problem.path}: ${problem.message}`
}

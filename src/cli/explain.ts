import { readFile } from 'node:fs/promises'
import type { HeaderList } from '../base/header-list.ts'
import type { FormHead } from '../body/form-head-reader.ts'
import { reasonOf } from '../config/build-context.ts'
import { formatConfigError } from '../config/problems.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { type Explanation, explainRequest, servedHosts } from './explain-request.ts'
import { factsOf } from './explanation-facts.ts'
import { formatExplanation } from './format-explanation.ts'
import { loadConfiguration } from './load-configuration.ts'
import { completeRequest, parseFormLines } from './typed-request.ts'

/** The options of `sealgate explain`. */
interface ExplainOptions {
  readonly configFile: string
  readonly client: string | undefined
  readonly method: string
  /** A path, a URL with http:// or https://, or s3://bucket/key. */
  readonly url: string
  /** Names in lower case. */
  readonly headers: HeaderList
  /** A file with the fields of a POST form. */
  readonly formFile: string | undefined
  readonly isJson: boolean
  /** Reads no file that the configuration names, and verifies no signature. */
  readonly withoutSecrets: boolean
}

/**
 * `sealgate explain`: prints what would happen to a request, without sending anything: operation,
 * matching rule, decision, headers set and removed. Never prints a secret or a signature. Returns 0
 * if the request is allowed, 3 if it is refused, 2 for wrong usage.
 */
export async function explain(options: ExplainOptions, terminal: Terminal): Promise<ExitCode> {
  const loaded = await loadConfiguration(options.configFile, terminal, options.withoutSecrets)
  if (!loaded.ok) {
    terminal.stderr(formatConfigError(loaded.error))
    return 2
  }
  const config = loaded.value
  const as = config.clients.find(({ name }) => name === options.client)
  if (options.client !== undefined && as === undefined) {
    return usageError(terminal, `no client '${options.client}' in ${options.configFile}.`)
  }
  const form = options.formFile === undefined ? undefined : await readFormFile(options.formFile)
  if (typeof form === 'string') return usageError(terminal, form)
  const request = completeRequest({ ...options, form }, servedHosts(config))
  const settings = { as, nowMs: Date.now(), hasSecrets: !options.withoutSecrets }
  const explanation = explainRequest(config, request, settings)
  const misfit = formMisfit(explanation, form)
  if (misfit !== undefined) return usageError(terminal, misfit)
  print(explanation, options, terminal)
  return explanation.verdict.kind === 'allow' ? 0 : 3
}

function print(explanation: Explanation, { isJson }: ExplainOptions, terminal: Terminal): void {
  const facts = factsOf(explanation)
  const text = isJson
    ? `${JSON.stringify(facts, undefined, 2)}\n`
    : formatExplanation(facts, explanation.sender?.isFirst === true)
  terminal.stdout(text)
}

/** Returns a text if the file is invalid. */
async function readFormFile(file: string): Promise<FormHead | string> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    return `cannot read ${file}: ${reasonOf(error)}.`
  }
  const parsed = parseFormLines(text)
  return parsed.ok ? parsed.value : `${file}: ${parsed.error}.`
}

/** Returns a message if a form is passed for a request without one, or is missing. */
function formMisfit({ request }: Explanation, form: FormHead | undefined): string | undefined {
  if (request === undefined) return undefined
  const isForm = request.operation.name === 'PostObject'
  if (isForm && form === undefined) {
    return 'a POST form needs its fields: pass them with --form FILE.'
  }
  if (!isForm && form !== undefined) {
    return `--form is only valid for a POST to a bucket; this request is ${request.operation.name}.`
  }
  return undefined
}

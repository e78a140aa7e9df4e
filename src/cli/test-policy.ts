import { readFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { reasonOf } from '../config/build-context.ts'
import type { Config } from '../config/config.ts'
import { type PolicyTest, parsePolicyTests } from '../config/policy-tests.ts'
import { formatConfigError } from '../config/problems.ts'
import { type ExitCode, type Terminal, usageError } from './command.ts'
import { type Explanation, explainRequest, servedHosts } from './explain-request.ts'
import { type ExplanationFacts, factsOf } from './explanation-facts.ts'
import { loadConfiguration } from './load-configuration.ts'
import { completeRequest, readFormFields } from './typed-request.ts'

/**
 * `sealgate test`: judges every request of a table and compares the verdicts. Reads no secret and
 * verifies no signature. Returns 0 if all are as expected, 1 if not, 2 if the table or its
 * configuration cannot be read.
 */
export async function testPolicy(file: string, terminal: Terminal): Promise<ExitCode> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    return usageError(terminal, `cannot read ${file}: ${reasonOf(error)}.`)
  }
  const table = parsePolicyTests(file, text)
  if (!table.ok) {
    terminal.stderr(formatConfigError(table.error))
    return 2
  }
  const { config: named, tests } = table.value
  const path = isAbsolute(named) ? named : join(dirname(file), named)
  const loaded = await loadConfiguration(path, terminal, true)
  if (!loaded.ok) {
    terminal.stderr(formatConfigError(loaded.error))
    return 2
  }
  let failed = 0
  for (const test of tests) {
    const differences = differencesOf(loaded.value, test, Date.now())
    if (differences.length > 0) failed++
    const lines = differences.map((difference) => `    ${difference}\n`).join('')
    terminal.stdout(`${differences.length === 0 ? 'ok' : 'FAILED'}  ${test.name}\n${lines}`)
  }
  terminal.stdout(`${tests.length - failed} passed, ${failed} failed\n`)
  return failed === 0 ? 0 : 1
}

/** Returns the differences from the expectation; empty if there are none. */
function differencesOf(
  config: Config,
  { request, expect }: PolicyTest,
  nowMs: number,
): readonly string[] {
  const as = config.clients.find(({ name }) => name === request.client)
  if (request.client !== undefined && as === undefined) {
    return [`client: the configuration has no client ${request.client}`]
  }
  const headers = Object.entries(request.headers ?? {}).flatMap(([name, value]) => [
    name.toLowerCase(),
    value,
  ])
  const form = request.form === undefined ? undefined : readFormFields(request.form)
  const asked = completeRequest(
    { method: request.method, url: request.url, headers, form },
    servedHosts(config),
  )
  const facts = factsOf(asSent(explainRequest(config, asked, { as, nowMs, hasSecrets: false })))
  const found = foundOf(facts)
  const differences: string[] = []
  for (const [name, expected] of Object.entries(expect)) {
    const value = wordOf(Object.hasOwn(found, name) ? Reflect.get(found, name) : undefined)
    if (value !== wordOf(expected)) {
      differences.push(`${name}: expected ${wordOf(expected)}, found ${value}`)
    }
  }
  const { answer } = facts
  if (differences.length > 0 && answer !== undefined) {
    differences.push(
      `answer: ${answer.status} ${answer.code} (${answer.reason}): ${answer.message}`,
    )
  }
  return differences
}

/** A value of either side in words; a list in any order. */
function wordOf(value: unknown): string {
  const word = Array.isArray(value) ? value.map(String).sort().join(', ') : String(value ?? '')
  return word === '' ? '(none)' : word
}

/** If the test names no client, the request is judged as sent, without an assumed client. */
function asSent(explanation: Explanation): Explanation {
  const { sender, asItStands } = explanation
  if (sender?.isFirst !== true || asItStands === undefined) return explanation
  return { ...explanation, verdict: asItStands }
}

function foundOf(facts: ExplanationFacts) {
  const { decision, operation, rule, encryption, mustConfirm, answer, guards } = facts
  const { status, code, reason } = answer ?? {}
  const keyId = mustConfirm?.keyId
  return { decision, operation, rule, encryption, keyId, status, code, reason, guards }
}

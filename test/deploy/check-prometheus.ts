import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { Checks } from './checks.ts'
import { runCommand } from './command.ts'

/** The rule file that the PrometheusRule holds, written to `folder`. */
export function writeRules(folder: string): string {
  mkdirSync(folder, { recursive: true })
  const { spec } = parse(readFileSync('deploy/prometheus/prometheus-rule.yaml', 'utf8'))
  const file = join(folder, 'rules.yaml')
  writeFileSync(file, stringify(spec))
  return file
}

/** Expressions of the alerts and recorded series, by name. */
export function readRuleExpressions(): ReadonlyMap<string, string> {
  const { spec } = parse(readFileSync('deploy/prometheus/prometheus-rule.yaml', 'utf8'))
  const expressions = new Map<string, string>()
  for (const group of spec.groups) {
    for (const rule of group.rules) expressions.set(rule.alert ?? rule.record, rule.expr)
  }
  return expressions
}

/** Parses the rules and runs their unit tests with promtool. */
export async function checkPrometheusRules(checks: Checks, work: string): Promise<void> {
  const folder = join(work, 'rules')
  const rules = writeRules(folder)
  const tests = join(folder, 'prometheus-rule.test.yaml')
  copyFileSync('test/deploy/prometheus-rule.test.yaml', tests)
  const promtool = async (...args: readonly string[]) => {
    const { status, stdout, stderr } = await runCommand('promtool', args)
    return status === 0 ? [] : [`${stdout}${stderr}`]
  }
  await checks.check('promtool check rules', () => promtool('check', 'rules', rules))
  await checks.check('promtool test rules', () => promtool('test', 'rules', tests))
  await checks.check('every alert has a test', () => {
    const text = readFileSync(tests, 'utf8')
    return [...readRuleExpressions().keys()]
      .filter((name) => name.startsWith('Sealgate') && !text.includes(`alertname: ${name}`))
      .map((name) => `no test: ${name}`)
  })
}

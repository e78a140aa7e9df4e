import type { z } from 'zod'
import type { ConfigPath, Report } from './problems.ts'
import { suggest } from './suggest.ts'

/** Reports the schema's findings, one problem for each. */
export function reportIssues(
  issues: readonly z.core.$ZodIssue[],
  base: ConfigPath,
  report: Report,
): void {
  for (const issue of issues) {
    const path = [
      ...base,
      ...issue.path.map((part) => (typeof part === 'number' ? part : String(part))),
    ]
    if (issue.code === 'unrecognized_keys') {
      const lines = issue.message.split('\n')
      issue.keys.forEach((key, i) => {
        report([...path, key], lines[i] ?? 'unknown key')
      })
    } else {
      const branch = isUnworded(issue) ? intendedBranch(issue.errors) : undefined
      if (branch === undefined) report(path, issue.message)
      else reportIssues(branch, path, report)
    }
  }
}

/** Whether the alternatives have no message of their own. */
function isUnworded(issue: z.core.$ZodIssue): issue is z.core.$ZodIssueInvalidUnion {
  return issue.code === 'invalid_union' && issue.message === 'Invalid input'
}

/**
 * The findings of the only alternative that has the form of the value, a mapping or a list, so that
 * what is wrong is inside; undefined if there is none.
 */
function intendedBranch(
  branches: readonly (readonly z.core.$ZodIssue[])[],
): readonly z.core.$ZodIssue[] | undefined {
  const intended = branches.filter((issues) => issues.every(isInside))
  return intended.length === 1 ? intended[0] : undefined
}

function isInside(issue: z.core.$ZodIssue): boolean {
  if (issue.path.length > 0 || issue.code === 'unrecognized_keys') return true
  return (issue.code === 'too_small' || issue.code === 'too_big') && issue.origin === 'array'
}

/**
 * Words a finding for which the schema has no message. Never quotes values: they may be secrets.
 */
export function wordIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return wordType(issue.expected, issue.input)
    case 'invalid_value':
      return wordChoice(issue.values.map(String), issue.input)
    case 'invalid_union':
      return wordUnion(issue)
    case 'too_small':
      return `must be ${issue.minimum} or more`
    case 'too_big':
      return issue.origin === 'array'
        ? `has more than ${issue.maximum} entries`
        : `must be ${issue.maximum} or less`
    case 'invalid_key':
      return `${issue.issues[0]?.message ?? 'is not a valid name'}`
    default:
      return undefined
  }
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping (key: value)',
  record: 'a mapping (key: value)',
}

function wordType(expected: string, input: unknown): string {
  const wanted = TYPE_WORDS[expected] ?? expected
  if (input === undefined) return `is missing: ${wanted} is required`
  if (input === null) return `is empty: ${wanted} is required`
  const isBare = typeof input === 'number' || typeof input === 'boolean' || Array.isArray(input)
  return expected === 'string' && isBare ? 'must be text: put it in quotes' : `must be ${wanted}`
}

function wordChoice(values: readonly string[], input: unknown): string {
  const choice =
    values.length === 1 ? `must be ${values[0]}` : `must be one of: ${values.join(', ')}`
  if (input === undefined) return `is missing: ${choice}`
  if (typeof input === 'string' && values.includes(input)) return `${choice}, without quotes`
  const near = typeof input === 'string' ? suggest(input, values) : undefined
  return near === undefined ? choice : `${choice}; did you mean ${near}?`
}

function wordUnion(issue: z.core.$ZodRawIssue): string | undefined {
  const discriminator = Reflect.get(issue, 'discriminator')
  const options = Reflect.get(issue, 'options')
  if (typeof discriminator !== 'string' || !Array.isArray(options)) return undefined
  return wordChoice(options.map(String), Reflect.get(Object(issue.input), discriminator))
}

import { z } from 'zod'
import { failure, ok, type Result } from '../base/result.ts'
import { GUARD_NAMES } from '../policy/guards.ts'
import { parseConfigDocument } from './document.ts'
import { reportIssues, wordIssue } from './issues.ts'
import { ProblemList } from './problem-list.ts'
import type { ConfigError } from './problems.ts'
import { filePath, line, mapping } from './schema-fields.ts'

const texts = z.record(line(256), z.string().max(8192))

const expectSchema = mapping({
  decision: z.enum(['allow', 'refuse']),
  operation: line(64).optional(),
  rule: line(256).optional(),
  encryption: z.enum(['added', 'overridden', 'unchanged', 'exempt']).optional(),
  keyId: line(2048).optional(),
  status: z.int().min(400).max(599).optional(),
  code: line(64).optional(),
  reason: line(64).optional(),
  guards: z.array(z.enum(GUARD_NAMES)).max(GUARD_NAMES.length).optional(),
})

const testSchema = mapping({
  name: line(256),
  request: mapping({
    client: line(256).optional(),
    method: line(16),
    url: line(8192),
    headers: texts.optional(),
    form: texts.optional(),
  }),
  expect: expectSchema,
})

const tableSchema = mapping({
  config: filePath,
  tests: z.array(testSchema).min(1, 'must have at least one test').max(10_000),
})

/** A table of requests and expected verdicts. */
type PolicyTestTable = z.output<typeof tableSchema>

/** One request and its expected verdict. */
export type PolicyTest = PolicyTestTable['tests'][number]

/** Parses the text of a table, strictly; the error has every problem with its line. */
export function parsePolicyTests(file: string, text: string): Result<PolicyTestTable, ConfigError> {
  const document = parseConfigDocument(text)
  if (!document.ok) return failure({ file, problems: document.error })
  const parsed = tableSchema.safeParse(document.value.value, { error: wordIssue })
  if (parsed.success) return ok(parsed.data)
  const problems = new ProblemList(document.value)
  reportIssues(parsed.error.issues, [], problems.add)
  return failure({ file, problems: problems.sorted() })
}

import { z } from 'zod'
import { compilePattern, matchesPattern } from '../policy/pattern.ts'
import type { Finding } from './inspect-bucket.ts'
import type { S3Reply } from './s3-request.ts'
import { describeReply } from './s3-request.ts'

/** What a sweep does to objects, as IAM names it. */
const ACTIONS = [
  's3:getobject',
  's3:getobjectversion',
  's3:getobjecttagging',
  's3:getobjectversiontagging',
  's3:getobjectacl',
  's3:getobjectversionacl',
  's3:getobjectattributes',
  's3:putobject',
  's3:putobjectacl',
  's3:putobjecttagging',
  's3:putobjectretention',
  's3:putobjectlegalhold',
  's3:updateobjectencryption',
] as const

/** More statements than these are only counted. */
const SHOWN_MAX = 5

const NAME = 'bucket policy'

/**
 * Says which statements of a bucket's policy may refuse what a sweep does. Who they are for, and whether
 * their conditions hold, only S3 can say: `--probe` asks it.
 */
export function policyFinding(reply: S3Reply): Finding {
  if (reply.kind === 'refused' && (reply.status === 404 || reply.status === 501)) {
    return { name: NAME, level: 'fact', text: 'none' }
  }
  const denials = reply.kind === 'answer' ? denialsOf(reply.body) : undefined
  if (denials === undefined) {
    const why = reply.kind === 'answer' ? 'S3 answers in an unknown form' : describeReply(reply)
    return { name: NAME, level: 'warning', text: why }
  }
  if (denials.length === 0) {
    return { name: NAME, level: 'fact', text: 'denies nothing that a sweep does' }
  }
  const shown = denials.slice(0, SHOWN_MAX).join('; ')
  const more = denials.length > SHOWN_MAX ? `; and ${denials.length - SHOWN_MAX} more` : ''
  return { name: NAME, level: 'warning', text: `may deny what a sweep does: ${shown}${more}` }
}

/** The statements that may refuse a sweep, in words; undefined: this is no policy. */
function denialsOf(body: Buffer): readonly string[] | undefined {
  const policy = POLICY.safeParse(parseJson(body.toString('utf8')))
  if (!policy.success) return undefined
  return policy.data.Statement.flatMap((statement, i) => {
    const actions = statement.Effect === 'Deny' ? deniedActions(statement) : []
    if (actions.length === 0) return []
    const conditions = Object.keys(statement.Condition ?? {})
    const when = conditions.length === 0 ? '' : ` if ${conditions.join(', ')}`
    return [`${statement.Sid ?? `statement ${i + 1}`} (${actions.join(', ')}${when})`]
  })
}

/** The patterns of a statement that match something that a sweep does. */
function deniedActions({ Action, NotAction }: Statement): readonly string[] {
  if (NotAction !== undefined) {
    const isAll = ACTIONS.every((action) => NotAction.some((text) => covers(text, action)))
    return isAll ? [] : [`all but ${NotAction.join(', ')}`]
  }
  return (Action ?? []).filter((text) => ACTIONS.some((action) => covers(text, action)))
}

function covers(text: string, action: string): boolean {
  return matchesPattern(compilePattern(text.toLowerCase().replaceAll('?', '*')), action)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const TEXTS = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === 'string' ? [value] : value))

const STATEMENT = z.object({
  Sid: z.string().optional(),
  Effect: z.enum(['Allow', 'Deny']),
  Action: TEXTS.optional(),
  NotAction: TEXTS.optional(),
  Condition: z.record(z.string(), z.unknown()).optional(),
})

type Statement = z.infer<typeof STATEMENT>

const POLICY = z.object({
  Statement: z
    .union([STATEMENT, z.array(STATEMENT)])
    .transform((value) => (Array.isArray(value) ? value : [value])),
})

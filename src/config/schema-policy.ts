import { z } from 'zod'
import { line, mapping, patterns } from './schema-fields.ts'
import { guardsSchema } from './schema-guards.ts'

const encrypt = mapping({
  algorithm: z
    .enum(['aws:kms', 'aws:kms:dsse'])
    .default('aws:kms')
    .describe('`aws:kms:dsse` encrypts twice.'),
  keyId: line(2048).describe(
    'The KMS key: a full key ARN if the upstream is AWS or the sandbox; other S3 servers use their own names.',
  ),
  replicas: z
    .enum(['accept', 'reject'])
    .optional()
    .describe(
      'For a multi-Region key (`mrk-…`): whether its replicas in other Regions are accepted in confirmations, on reads (replicated objects) and if a client asks for one. Default: `reject`.',
    ),
  bucketKey: z
    .boolean()
    .optional()
    .describe("S3 Bucket Keys on or off. Default: not sent, the bucket's own setting applies."),
  context: z
    .record(line(128), line(512))
    .optional()
    .describe(
      'Encryption context. Values may contain `{client}`, `{bucket}`, `{key}`; at most 8 pairs, and 4096 bytes as a header.',
    ),
})

/** One entry of `policy.rules`. */
export const ruleSchema = mapping({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 letters, digits and ._-')
    .describe('Its name in audit lines; unique.'),
  match: mapping({
    buckets: patterns.prefault(['*']),
    keys: patterns.prefault(['*']),
    clients: patterns.prefault(['*']),
  })
    .prefault({})
    .describe('All three must match; an absent one matches everything.'),
  encrypt: encrypt.optional().describe('The encryption of the upload.'),
  exempt: line(256)
    .optional()
    .describe(
      'Instead of `encrypt`: the upload is not changed. The value is the reason, which is written to the audit log.',
    ),
  conflict: z
    .enum(['override', 'reject'])
    .optional()
    .describe('What happens if a client asks for other encryption. Default: `override`.'),
  customerKeys: z
    .enum(['reject', 'override'])
    .optional()
    .describe(
      "What happens to an upload with the client's own key (SSE-C). `reject`: 400; `override`: it is stored with the rule's key, and the client can read it with `reads.customerKeys: strip`. Default: `reject`.",
    ),
  guards: guardsSchema
    .optional()
    .describe('What else is demanded of a write, also of an exempt one. Default: nothing.'),
})

const reads = mapping({
  encryptionHeaders: z
    .enum(['reject', 'strip'])
    .optional()
    .describe('The old name of `policy.misplacedEncryptionHeaders`, with the same meaning.'),
  customerKeys: z
    .enum(['reject', 'allow', 'strip'])
    .default('reject')
    .describe(
      'SSE-C headers on reads and for the sources of copies: answered with 400, sent to S3, or removed.',
    ),
  unencrypted: z
    .enum(['report', 'deny'])
    .default('report')
    .describe("Objects without the policy's encryption: counted, or refused with 403."),
})

/** The section `policy` without its rules. */
export const policySchema = mapping({
  mode: z
    .enum(['enforce', 'observe'])
    .default('enforce')
    .describe('`observe` decides and records, but changes nothing.'),
  rules: z
    .array(ruleSchema)
    .min(1, 'must have at least one rule')
    .max(1000)
    .describe('The first matching rule applies; an upload that matches none is refused.'),
  misplacedEncryptionHeaders: z
    .enum(['reject', 'strip'])
    .optional()
    .describe(
      'Encryption headers on operations that do not accept them: reads (GET and HEAD), parts, completion, abort and all others except uploads. `reject`: 400; `strip`: they are removed. Default: `reject`.',
    ),
  reads: reads.prefault({}),
  confirmation: z
    .enum(['fail', 'report'])
    .default('fail')
    .describe("What happens to an upload that S3 did not confirm with the rule's encryption."),
  allowOperations: z
    .array(line(64))
    .max(200)
    .prefault([])
    .describe('The API names of operations that are closed by default and that this policy opens.'),
})

/** The section as in the file, defaults filled in. */
export type RawPolicy = z.output<typeof policySchema>

/** A rule as in the file, defaults filled in. */
export type RawRule = z.output<typeof ruleSchema>

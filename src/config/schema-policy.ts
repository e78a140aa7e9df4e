import { z } from 'zod'
import { line, mapping, patterns } from './schema-fields.ts'

const encrypt = mapping({
  algorithm: z
    .enum(['aws:kms', 'aws:kms:dsse'])
    .default('aws:kms')
    .describe('`aws:kms:dsse` encrypts twice.'),
  keyId: line(2048).describe(
    'The KMS key: a full key ARN where the upstream is AWS or the sandbox; other S3 servers have names of their own.',
  ),
  replicas: z
    .enum(['accept', 'reject'])
    .optional()
    .describe(
      'For a multi-Region key (`mrk-…`): whether the same key under another Region counts as this key, in confirmations, on reads (replicated objects) and if a client asks for it. Default: `reject`.',
    ),
  bucketKey: z
    .boolean()
    .optional()
    .describe("S3 Bucket Keys on or off. Default: not said, the bucket's own setting holds."),
  context: z
    .record(line(128), line(512))
    .optional()
    .describe(
      'Encryption context. Values may hold `{client}`, `{bucket}`, `{key}`; at most 8 pairs, and 4096 bytes as a header.',
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
    .describe('All three must match; what is left out matches everything.'),
  encrypt: encrypt.optional().describe('The upload is encrypted like this.'),
  exempt: line(256)
    .optional()
    .describe('Instead of `encrypt`: the upload is left as the client asks; the reason, audited.'),
  conflict: z
    .enum(['override', 'reject'])
    .optional()
    .describe('What a client that asks for other encryption gets. Default: `override`.'),
  customerKeys: z
    .enum(['reject', 'override'])
    .optional()
    .describe(
      "What an upload with a key of the client's own (SSE-C) gets. `reject`: 400; `override`: stored under the rule's key, and `reads.customerKeys: strip` lets the client read it. Default: `reject`.",
    ),
})

const reads = mapping({
  encryptionHeaders: z
    .enum(['reject', 'strip'])
    .optional()
    .describe('The older name of `policy.misplacedEncryptionHeaders`, with the same meaning.'),
  customerKeys: z
    .enum(['reject', 'allow', 'strip'])
    .default('reject')
    .describe(
      'SSE-C headers on reads and for the sources of copies: 400, passed on to S3, or taken off.',
    ),
  unencrypted: z
    .enum(['report', 'deny'])
    .default('report')
    .describe("Objects that are not under the policy's encryption: counted, or refused 403."),
})

/** The section `policy` without its rules. */
export const policySchema = mapping({
  mode: z
    .enum(['enforce', 'observe'])
    .default('enforce')
    .describe('`observe` decides and records, and changes nothing.'),
  rules: z
    .array(ruleSchema)
    .min(1, 'must hold at least one rule')
    .max(1000)
    .describe('The first that matches holds; an upload that none matches is refused.'),
  misplacedEncryptionHeaders: z
    .enum(['reject', 'strip'])
    .optional()
    .describe(
      'Encryption headers where S3 does not take them: on reads (GET and HEAD), parts, completion, abort and every other operation but the uploads. `reject`: 400; `strip`: taken off. Default: `reject`.',
    ),
  reads: reads.prefault({}),
  confirmation: z
    .enum(['fail', 'report'])
    .default('fail')
    .describe('What follows an upload that S3 did not confirm as the rule wants it.'),
  allowOperations: z
    .array(line(64))
    .max(200)
    .prefault([])
    .describe('Operations that are closed by default and open here, by their API names.'),
})

/** The section as it stands in the file, defaults filled in. */
export type RawPolicy = z.output<typeof policySchema>

/** A rule as it stands in the file, defaults filled in. */
export type RawRule = z.output<typeof ruleSchema>

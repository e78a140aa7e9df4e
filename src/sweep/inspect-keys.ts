import { matchesAny } from '../policy/pattern.ts'
import type { Rule } from '../policy/policy.ts'
import type { BucketInspection, Finding, InspectionContext } from './inspect-bucket.ts'
import { askS3, type S3Link } from './s3-request.ts'

/** What is known of the keys of a bucket's rules without asking KMS. */
type KeyInspection = Pick<BucketInspection, 'findings' | 'foreignRules'>

/** Region and account. */
const ARN = /^arn:aws[-a-z0-9]*:kms:([-a-z0-9]+):(\d{12}):/

/**
 * Compares the keys of a bucket's rules with the bucket: S3 encrypts only under keys of its own region,
 * and UpdateObjectEncryption takes only those of the bucket owner's account. AWS says whose the bucket
 * is, if it is asked with `x-amz-expected-bucket-owner`; other servers ignore that.
 */
export async function inspectKeys(
  link: S3Link,
  bucket: string,
  region: string | undefined,
  { policy: { rules }, isAws }: InspectionContext,
): Promise<KeyInspection> {
  const findings: Finding[] = []
  const foreignRules = new Set<string>()
  const owned = new Map<string, boolean>()
  for (const { name, keyRegion, account } of isAws ? namedKeys(rules, bucket) : []) {
    if (region !== undefined && keyRegion !== region) {
      findings.push(
        warning(name, `it is in ${keyRegion}, and the bucket in ${region}: S3 refuses it`),
      )
    }
    const isOwned = owned.get(account) ?? (await isOwner(link, bucket, account))
    owned.set(account, isOwned)
    if (isOwned) continue
    foreignRules.add(name)
    findings.push(
      warning(
        name,
        `it is of account ${account}, which does not own the bucket: UpdateObjectEncryption refuses it, so that objects would be copied`,
      ),
    )
  }
  return { findings, foreignRules }
}

interface NamedKey {
  readonly name: string
  readonly keyRegion: string
  readonly account: string
}

/** The rules of a bucket whose key is an ARN. */
function namedKeys(rules: readonly Rule[], bucket: string): readonly NamedKey[] {
  return rules.flatMap(({ name, match, effect }) => {
    const isHere = effect.kind === 'encrypt' && matchesAny(match.buckets, bucket)
    const [, keyRegion, account] = (isHere && ARN.exec(effect.keyId)) || []
    return keyRegion === undefined || account === undefined ? [] : [{ name, keyRegion, account }]
  })
}

/** The bucket itself could be reached before, so that a refusal is about the account. */
async function isOwner(link: S3Link, bucket: string, account: string): Promise<boolean> {
  const fields = ['x-amz-expected-bucket-owner', account]
  const reply = await askS3(link, { method: 'HEAD', bucket, fields })
  return !(reply.kind === 'refused' && reply.status === 403)
}

function warning(rule: string, text: string): Finding {
  return { name: 'key', level: 'warning', text: `rule ${rule}: ${text}` }
}

import { failure, ok, type Result } from '../base/result.ts'
import type { S3Error } from './error.ts'
import { refusal } from './refusals.ts'
import { childOf, childText, hasOnly, hasOnlyTexts, parsePlainXml, type XmlElement } from './xml.ts'

/*
 * What is public here is public for S3's Block Public Access: anything that a grant to the groups
 * AllUsers or AuthenticatedUsers gives. All that is not known to be harmless counts as public.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
 */

/** `aws-exec-read` gives read access to Amazon EC2, `log-delivery-write` write access to S3's logs. */
const LIMITED_ACLS: ReadonlySet<string> = new Set([
  'private',
  'bucket-owner-read',
  'bucket-owner-full-control',
  'aws-exec-read',
  'log-delivery-write',
])

/** The one group that is not everybody. */
const LOG_DELIVERY = 'http://acs.amazonaws.com/groups/s3/LogDelivery'

/**
 * Canonical ids of nobody in particular: S3's for requests without a signature, and the user of Ceph RGW.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html;
 * RGW_USER_ANON_ID in src/rgw/rgw_common.h
 */
const ANONYMOUS_IDS: ReadonlySet<string> = new Set([
  '65a011a29cdf8ec533ec3d1ccaae921c',
  'anonymous',
])

/** Returns whether a canned ACL gives access to everybody, or is unknown. */
export function isPublicAcl(name: string): boolean {
  return !LIMITED_ACLS.has(name.trim())
}

/**
 * Returns whether the value of an `x-amz-grant-…` header gives access to everybody, or cannot be read:
 * `id="…", uri="…"`.
 */
export function isPublicGrant(value: string): boolean {
  if (value.trim() === '') return false
  return value.split(',').some((item) => {
    const equals = item.indexOf('=')
    const grantee = unquoted(item.slice(equals + 1).trim())
    if (equals === -1 || grantee === undefined) return true
    return isPublicGrantee(item.slice(0, equals).trim(), grantee)
  })
}

/** Text in quotes, or without quotes and white space; undefined if it is neither. */
function unquoted(text: string): string | undefined {
  const isQuoted = text.length >= 2 && text.startsWith('"') && text.endsWith('"')
  const value = isQuoted ? text.slice(1, -1) : text
  if (value.includes('"')) return undefined
  return isQuoted || !/\s/.test(value) ? value : undefined
}

function isPublicGrantee(type: string, value: string): boolean {
  switch (type) {
    case 'id':
      return ANONYMOUS_IDS.has(value.trim())
    case 'emailAddress':
      return false
    case 'uri':
      return value.trim() !== LOG_DELIVERY
    default:
      return true
  }
}

/** A hundred grants, which is S3's limit, have about 30,000 characters and 1,000 tags. */
const CHARACTERS_MAX = 64 * 1024
const TAGS_MAX = 2000

/**
 * Returns whether an `AccessControlPolicy` gives access to everybody. Fails with MalformedXML unless it
 * has exactly S3's elements, because another parser could read it in another way.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectAcl.html
 */
export function isPublicAclDocument(text: string): Result<boolean, S3Error> {
  const parsed = parsePlainXml(text, CHARACTERS_MAX, TAGS_MAX)
  if (!parsed.ok) return parsed
  const root = parsed.value
  const list = childOf(root, 'AccessControlList')
  const owner = childOf(root, 'Owner')
  const isPolicy =
    root.name === 'AccessControlPolicy' &&
    hasOnly(root, ['Owner', 'AccessControlList']) &&
    (owner === undefined || hasOnlyTexts(owner, ['ID', 'DisplayName']))
  const grants = list?.children ?? []
  if (!isPolicy || !grants.every(isGrant)) return failure(refusal('xml-malformed'))
  return ok(grants.some((grant) => GRANTEE_TYPES.some((name) => isPublicIn(grant, name))))
}

/** The elements of a grantee, each as the type in a header. */
const GRANTEE_TYPES = ['ID', 'EmailAddress', 'URI'] as const
const HEADER_TYPE = { ID: 'id', EmailAddress: 'emailAddress', URI: 'uri' } as const

function isGrant(grant: XmlElement): boolean {
  const grantee = childOf(grant, 'Grantee')
  if (grant.name !== 'Grant' || grantee === undefined) return false
  if (!hasOnly(grant, ['Grantee', 'Permission'])) return false
  if (childOf(grant, 'Permission')?.children.length !== 0) return false
  if (!hasOnlyTexts(grantee, ['DisplayName', ...GRANTEE_TYPES])) return false
  return GRANTEE_TYPES.filter((name) => childOf(grantee, name) !== undefined).length === 1
}

function isPublicIn(grant: XmlElement, name: keyof typeof HEADER_TYPE): boolean {
  const grantee = childOf(grant, 'Grantee')
  const value = grantee && childText(grantee, name)
  return value !== undefined && isPublicGrantee(HEADER_TYPE[name], value)
}

import { type HeaderList, headerValue } from '../base/header-list.ts'
import { invalidArgument, S3Fault } from './fault.ts'
import { OWNER_ID } from './owner.ts'

/** Who is granted something: an account by its canonical id, or one of S3's groups. */
export type Grantee =
  | { readonly kind: 'account'; readonly id: string }
  | { readonly kind: 'group'; readonly uri: string }

/** The permissions of a grantee. */
export const PERMISSIONS = ['FULL_CONTROL', 'READ', 'WRITE', 'READ_ACP', 'WRITE_ACP'] as const

type Permission = (typeof PERMISSIONS)[number]

/** One line of an access control list. */
export interface Grant {
  readonly grantee: Grantee
  readonly permission: Permission
}

/**
 * An access control list. It is stored and returned, but not enforced: the sandbox's accounts may
 * do everything.
 */
export type Acl = readonly Grant[]

/** Who owns objects that others write to a bucket; BucketOwnerEnforced disables ACLs. */
export const OWNERSHIPS = ['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'] as const

export type Ownership = (typeof OWNERSHIPS)[number]

const GROUPS = 'http://acs.amazonaws.com/groups/'

/** S3's groups. Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html */
const GROUP_URIS = [
  `${GROUPS}global/AllUsers`,
  `${GROUPS}global/AuthenticatedUsers`,
  `${GROUPS}s3/LogDelivery`,
] as const

const [ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY] = GROUP_URIS

const GRANT_HEADERS: readonly (readonly [name: string, permission: Permission])[] = [
  ['x-amz-grant-full-control', 'FULL_CONTROL'],
  ['x-amz-grant-read', 'READ'],
  ['x-amz-grant-write', 'WRITE'],
  ['x-amz-grant-read-acp', 'READ_ACP'],
  ['x-amz-grant-write-acp', 'WRITE_ACP'],
]

/** `private`: the owner has full control. */
export const PRIVATE_ACL: Acl = [
  { grantee: { kind: 'account', id: OWNER_ID }, permission: 'FULL_CONTROL' },
]

/** The grants of each canned ACL in addition to the owner's full control. */
const CANNED: Readonly<Record<string, Acl>> = {
  private: [],
  'public-read': [groupGrant(ALL_USERS, 'READ')],
  'public-read-write': [groupGrant(ALL_USERS, 'READ'), groupGrant(ALL_USERS, 'WRITE')],
  'authenticated-read': [groupGrant(AUTHENTICATED_USERS, 'READ')],
  // The owners of bucket and object are the same here, and Amazon EC2 does not exist.
  'aws-exec-read': [],
  'bucket-owner-read': [],
  'bucket-owner-full-control': [],
  'log-delivery-write': [groupGrant(LOG_DELIVERY, 'WRITE'), groupGrant(LOG_DELIVERY, 'READ_ACP')],
}

/**
 * The access control list that `x-amz-acl` or `x-amz-grant-*` headers ask for; undefined without
 * them. Throws `InvalidArgument`, `InvalidRequest`, `AccessControlListNotSupported`, and
 * `MethodNotAllowed` for a grantee by e-mail address, which S3 took until 2025-10-01.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl
 */
export function requestedAcl(
  headers: HeaderList,
  ownership: Ownership | undefined,
): Acl | undefined {
  const canned = headerValue(headers, 'x-amz-acl')
  const granted = GRANT_HEADERS.filter(([name]) => headerValue(headers, name) !== undefined)
  if (canned === undefined && granted.length === 0) return undefined
  if (canned !== undefined && granted.length > 0) {
    throw new S3Fault(
      'InvalidRequest',
      'Specifying both Canned ACLs and Header Grants is not allowed',
    )
  }
  const acl = canned === undefined ? headerGrants(headers) : cannedAcl(canned)
  if (canned !== 'bucket-owner-full-control') refuseDisabled(ownership)
  return acl
}

/** Throws `AccessControlListNotSupported` if the bucket has ACLs switched off. */
export function refuseDisabled(ownership: Ownership | undefined): void {
  if (ownership === 'BucketOwnerEnforced') throw new S3Fault('AccessControlListNotSupported')
}

/** A group of S3's. Throws `InvalidArgument`. */
export function parseGroup(uri: string, argument: string): Grantee {
  if (GROUP_URIS.some((known) => known === uri)) return { kind: 'group', uri }
  throw invalidArgument('Invalid group uri', argument, uri)
}

/** An account by its canonical id. Throws `InvalidArgument`. */
export function parseAccount(id: string, argument: string): Grantee {
  if (/^[0-9a-f]{64}$/.test(id)) return { kind: 'account', id }
  throw invalidArgument('Invalid id', argument, id)
}

/** S3 has given up grantees by e-mail address. */
export function refuseEmailGrantee(): never {
  throw new S3Fault('MethodNotAllowed', undefined, [['ResourceType', 'EMAIL_GRANTEE']])
}

function cannedAcl(name: string): Acl {
  const further = Object.hasOwn(CANNED, name) ? CANNED[name] : undefined
  if (further === undefined) throw invalidArgument('Invalid canned ACL', 'x-amz-acl', name)
  return [...PRIVATE_ACL, ...further]
}

function headerGrants(headers: HeaderList): Acl {
  return GRANT_HEADERS.flatMap(([name, permission]) =>
    parseGrantees(headerValue(headers, name) ?? '', name).map((grantee) => {
      return { grantee, permission }
    }),
  )
}

/** `id="…", uri="…"` */
function parseGrantees(value: string, header: string): readonly Grantee[] {
  if (value.trim() === '') return []
  return value.split(',').map((item) => {
    const equals = item.indexOf('=')
    const text = item
      .slice(equals + 1)
      .trim()
      .replace(/^"|"$/g, '')
    if (text.includes('"')) throw invalidArgument('Argument format not recognized', header, value)
    switch (item.slice(0, Math.max(equals, 0)).trim()) {
      case 'id':
        return parseAccount(text, header)
      case 'uri':
        return parseGroup(text, header)
      case 'emailAddress':
        return refuseEmailGrantee()
      default:
        throw invalidArgument('Argument format not recognized', header, value)
    }
  })
}

function groupGrant(uri: string, permission: Permission): Grant {
  return { grantee: { kind: 'group', uri }, permission }
}

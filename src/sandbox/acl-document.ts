import {
  type Acl,
  type Grant,
  type Grantee,
  PERMISSIONS,
  parseAccount,
  parseGroup,
  refuseEmailGrantee,
} from './acl.ts'
import { S3Fault } from './fault.ts'
import { OWNER_ID, ownerElements } from './owner.ts'
import { children, childText, readXml, writeXml, type XmlElement, type XmlNode } from './xml.ts'

const XSI = 'http://www.w3.org/2001/XMLSchema-instance'

/**
 * Writes an `AccessControlPolicy`.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAcl.html
 */
export function writeAcl(acl: Acl): string {
  return writeXml('AccessControlPolicy', [
    ['Owner', ownerElements()],
    ['AccessControlList', acl.map(grantElement)],
  ])
}

/** Parses an `AccessControlPolicy`. Throws `MalformedACLError` and the errors of the grantees. */
export function readAcl(document: string): Acl {
  const root = readXml(document, 'AccessControlPolicy')
  const list = children(root, 'AccessControlList')[0]
  const owner = childText(children(root, 'Owner')[0] ?? {}, 'ID')
  if (list === undefined || owner === undefined) throw new S3Fault('MalformedACLError')
  if (owner !== OWNER_ID) throw new S3Fault('AccessDenied')
  return children(list, 'Grant').map(readGrant)
}

function readGrant(node: XmlNode): Grant {
  const permission = PERMISSIONS.find((known) => known === childText(node, 'Permission'))
  const grantee = children(node, 'Grantee')[0]
  if (permission === undefined || grantee === undefined) throw new S3Fault('MalformedACLError')
  return { permission, grantee: readGrantee(grantee) }
}

function readGrantee(node: XmlNode): Grantee {
  const id = childText(node, 'ID')
  const uri = childText(node, 'URI')
  if (childText(node, 'EmailAddress') !== undefined) return refuseEmailGrantee()
  if (id !== undefined) return parseAccount(id, 'CanonicalUser/ID')
  if (uri !== undefined) return parseGroup(uri, 'Group/URI')
  throw new S3Fault('MalformedACLError')
}

function grantElement({ grantee, permission }: Grant): XmlElement {
  return ['Grant', [granteeElement(grantee), ['Permission', permission]]]
}

function granteeElement(grantee: Grantee): XmlElement {
  const type = grantee.kind === 'account' ? 'CanonicalUser' : 'Group'
  const attributes = ` xmlns:xsi="${XSI}" xsi:type="${type}"`
  if (grantee.kind === 'group') return ['Grantee', [['URI', grantee.uri]], attributes]
  const isOwner = grantee.id === OWNER_ID
  return ['Grantee', isOwner ? ownerElements() : [['ID', grantee.id]], attributes]
}

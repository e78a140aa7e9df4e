import type { XmlElement } from './xml.ts'

/** The canonical user id of the one owner of everything. */
export const OWNER_ID = '5ea16a7e'.repeat(8)

/** The children of an `Owner` element, and of a grantee that is the owner. */
export function ownerElements(): readonly XmlElement[] {
  return [
    ['ID', OWNER_ID],
    ['DisplayName', 'sandbox'],
  ]
}
